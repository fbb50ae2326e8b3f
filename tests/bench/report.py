"""The results as text, as the generated parts of docs/performance.md, and as plots."""

import re

import cost
import plot
import world
from limits import FUNCTIONS
from measure import FLOOR, MANY

PAGE = world.ROOT / "docs/performance.md"
NAMES = {"cold": "cold start, ms", "cold_cpu": "its CPU, ms", "warm": "warm request, ms", "warm_cpu": "its CPU, ms",
         "memory": "peak memory, MB"}
MEGABYTE = 1_000_000
# How much of the floor a cold start may take.
COLD = {"initiate": 1.3, "callback": 1.8, "finish": 1.3}


def budgets(results):
    """What was promised, what was measured, and whether it holds: (promise, measured, limit, smaller is better)."""
    times, sizes, flow = results["times"], results["sizes"], results["flow"]["linkspan"]["warm"]
    for name, limit in COLD.items():
        yield f"{name}: cold start against the floor", times[name]["cold"]["ratio"][FLOOR]["median"], limit, True
        yield f"{name}: its CPU against the floor", times[name]["cold_cpu"]["ratio"][FLOOR]["median"], limit, True
    for name in ("initiate", "callback"):
        keyed = results["kms"][f"{name}, KMS"]["cold_cpu"]
        yield f"{name}, key in KMS: its CPU against the floor", keyed["ratio"][FLOOR]["median"], COLD[name], True
    grant = {what: of["ratio"]["initiate"]["median"] for what, of in times["grant: connect"].items()}
    yield "grant's cold start against initiate's", grant["cold"], 30, False
    yield "grant's CPU of a warm initiation against initiate's", grant["warm_cpu"], 5, False
    many = results["many"]
    yield f"the same after {MANY:,} requests", many["grant"]["cpu"] / many["initiate"]["cpu"], 5, False
    yield "grant's peak memory against initiate's", grant["memory"], 4, False
    for name in ("initiate", "callback", "finish"):
        yield f"{name}: peak memory, MB", times[name]["memory"]["median"], 20, True
    for name in FUNCTIONS:
        yield f"{name}: zip, MB", sizes[name]["zip"] / MEGABYTE, 2.5, True
    yield "a connection: DynamoDB requests", flow["requests"], 5, True
    yield "a connection: write units", flow["write_units"], 10, True
    yield "a connection: read units", flow["read_units"], 3, True
    keyed = results["flow"]["linkspan, key in KMS"]
    yield "a connection, key in KMS: write units", keyed["warm"]["write_units"], 10, True
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
    times = results["times"] | {name: of for name, of in results["kms"].items() if not name.startswith("floor")}

    def cell(name, what):
        value = times[name][what]
        return f"{number(value['median'])} ({number(value['low'])}–{number(value['high'])}){against_floor(value, spread=True)}"

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
    rows = results["growth"]
    grown = table(
        ["connections", "requests, write units, read units", *(f"{name}: warm ms, CPU ms" for name in rows[0]["times"])],
        [[f"{row['connections']:,}",
          ", ".join(number(row["flow"][what]) for what in ("requests", "write_units", "read_units")),
          *(", ".join(f"{number(of[what]['median'])}{against_floor(of[what])}" for what in ("warm", "warm_cpu"))
            for of in row["times"].values())]
         for row in rows],
    )
    later = table(
        ["connections", *(f"{what}: requests, units, ms, CPU ms" for what in rows[0]["rest"])],
        [[f"{row['connections']:,}",
          *(", ".join(map(number, (
              of["requests"], of["write_units"] + of["read_units"], of["warm"], of["warm_cpu"],
          ))) for of in row["rest"].values())]
         for row in rows],
    )
    made = (f"{results['date']}, {machine['cores']} cores ({machine['architecture']}), Linux {machine['kernel']}, "
            f"Node {machine['node']}: {results['rounds']} rounds, {results['warm']} warm requests in each.")
    return {"made": made, "budgets": promises, "times": measured, "sizes": packed,
            "flow": f"{counted}\n\n{operations}", "growth": grown, "later": later, "cost": cost.markdown(results),
            "refresh": cost.refreshes(results)}


def against_floor(value, spread=False):
    if FLOOR not in value["ratio"]:
        return ""
    ratio = value["ratio"][FLOOR]
    return f" ×{number(ratio['median'])}" + (f" ({number(ratio['low'])}–{number(ratio['high'])})" if spread else "")


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
