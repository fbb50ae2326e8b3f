"""The results as text, as the generated parts of docs/performance.md, and as plots."""

import re

import cost
import plot
import world

PAGE = world.ROOT / "docs/performance.md"
NAMES = {"cold": "cold start, ms", "cold_cpu": "its CPU, ms", "warm": "warm request, ms", "warm_cpu": "its CPU, ms",
         "memory": "peak memory, MB"}
MEGABYTE = 1_000_000


def budgets(results):
    """What was promised, what was measured, and whether it holds: (promise, measured, limit, smaller is better)."""
    times, sizes, flow = results["times"], results["sizes"], results["flow"]["linkspan"]["warm"]
    floor = "floor: echo and PutItem"
    for name, limit in (("initiate", 1.3), ("callback", 1.8), ("finish", 1.3)):
        yield f"{name}: cold start against the floor", times[name]["cold"]["ratio"][floor], limit, True
        yield f"{name}: its CPU against the floor", times[name]["cold_cpu"]["ratio"][floor], limit, True
    grant = times["grant: connect"]
    yield "grant's cold start against initiate's", grant["cold"]["ratio"]["initiate"], 30, False
    yield "grant's CPU of a warm initiation against initiate's", grant["warm_cpu"]["ratio"]["initiate"], 5, False
    yield "grant's peak memory against initiate's", grant["memory"]["ratio"]["initiate"], 4, False
    for name in ("initiate", "callback", "finish"):
        yield f"{name}: peak memory, MB", times[name]["memory"]["median"], 20, True
    for name in ("initiate", "callback", "finish"):
        yield f"{name}: zip, MB", sizes[name]["zip"] / MEGABYTE, 2.5, True
    yield "a connection: DynamoDB requests", flow["requests"], 5, True
    yield "a connection: write units", flow["write_units"], 10, True
    yield "a connection: read units", flow["read_units"], 3, True
    keyed = results["flow"]["linkspan, key in KMS"]
    yield "a connection: KMS calls, warm", keyed["warm"]["kms"], 0, True
    yield "a connection: KMS calls, cold", keyed["cold"]["kms"], 3, True
    yield "a connection: provider calls", flow["provider"], 1, True
    rows = results["growth"]
    counted = ("requests", "write_units", "read_units", "kms", "provider")
    counts = {tuple(flow[what] for flow in (row["flow"], *row["rest"].values()) for what in counted) for row in rows}
    yield f"different counts from {rows[0]['connections']:,} to {rows[-1]['connections']:,} connections", \
        len(counts), 1, True


def table(head, rows):
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def parts(results):
    """The generated parts of the page, by name."""
    machine = results["machine"]
    floor = "floor: echo and PutItem"
    times = results["times"] | {name: of for name, of in results["kms"].items() if not name.startswith("floor")}

    def cell(name, what):
        value = times[name][what]
        spread = f"{number(value['median'])} ({number(value['low'])}–{number(value['high'])})"
        return spread if name == floor else f"{spread} ×{number(value['ratio'][floor])}"

    measured = table(
        ["", *NAMES.values()], [[name, *(cell(name, what) for what in NAMES)] for name in times],
    )
    promises = table(
        ["budget", "measured", "limit", ""],
        [[what, number(value), f"{'≤' if smaller else '≥'} {limit}", holds(value, limit, smaller)]
         for what, value, limit, smaller in budgets(results)],
    )
    packed = table(
        ["", "file, MB", "zip, MB"],
        [[name, f"{size['file'] / MEGABYTE:.2f}", f"{size['zip'] / MEGABYTE:.2f}"]
         for name, size in results["sizes"].items()],
    )
    flows = results["flow"]
    counted = table(
        ["a connection", "DynamoDB requests", "write units", "read units", "KMS calls", "provider calls"],
        [[f"{who}, {state}", flow["requests"], number(flow["write_units"]), number(flow["read_units"]), flow["kms"],
          flow["provider"]]
         for who, states in flows.items() for state, flow in states.items()],
    )
    operations = "\n".join(
        f"- {who}, {state}: " + "; ".join(f"{step} {', '.join(made) or 'nothing'}"
                                          for step, made in flow["operations"].items())
        for who, states in flows.items() for state, flow in states.items()
    )
    grown = table(
        ["connections", "DynamoDB requests", "write units", "read units",
         *(f"{name}: warm, CPU ms" for name in ("initiate", "callback", "finish"))],
        [[f"{row['connections']:,}", row["flow"]["requests"], number(row["flow"]["write_units"]),
          number(row["flow"]["read_units"]),
          *(f"{number(row[name]['warm'])}, {number(row[name]['warm_cpu'])}"
            for name in ("initiate", "callback", "finish"))]
         for row in results["growth"]],
    )
    later = table(
        ["connections", *(f"{what}: requests, units, CPU ms" for what in results["growth"][0]["rest"])],
        [[f"{row['connections']:,}",
          *(f"{of['requests']}, {number(of['write_units'] + of['read_units'])}, {number(of['cpu'])}"
            for of in row["rest"].values())]
         for row in results["growth"]],
    )
    made = (f"{results['date']}, {machine['cores']} cores ({machine['architecture']}), Linux {machine['kernel']}, "
            f"Node {machine['node']}: {results['rounds']} rounds, {results['warm']} warm requests in each.")
    return {"made": made, "budgets": promises, "times": measured, "sizes": packed,
            "flow": f"{counted}\n\n{operations}", "growth": grown, "later": later, "cost": cost.markdown(results),
            "refresh": cost.refreshes(results)}


def number(value):
    if isinstance(value, int) or float(value).is_integer():
        return f"{int(value)}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def holds(value, limit, smaller):
    return "met" if (value <= limit if smaller else value >= limit) else "**not met**"


def text(results):
    return "\n\n".join(f"# {name}\n{part}" for name, part in parts(results).items())


def write(results):
    """Replaces the generated parts of the page, and the plots."""
    page = PAGE.read_text()
    for name, part in parts(results).items():
        pattern = re.compile(rf"(<!-- {name}: generated -->\n).*?(<!-- end -->)", re.DOTALL)
        page, found = pattern.subn(lambda match, part=part: f"{match[1]}{part}\n{match[2]}", page)
        if found != 1:
            raise AssertionError(f"{PAGE.name} has no place for {name}")
    PAGE.write_text(page)
    plot.write(results)
