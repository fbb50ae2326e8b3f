"""The figures of shares.py as tables and plots."""

import math
import re
import statistics

import cost
import plot
import world
from report import holds

# The lean floor as it is usually written, and with what our functions do before their first event.
FLOOR, WARMED = "floor: clients at the first event", "floor: connected in init"
# What a million flows pay Lambda, us-east-1, on demand; looked up in November 2026: https://aws.amazon.com/lambda/pricing/
GB_SECOND = {"arm64": 0.0000133334, "x86": 0.0000166667}
REQUESTS = 0.20
# A provider's token endpoint is far away; the one of the measurement is on this machine.
PROVIDER_MS = 300
FLOWS = {
    "Linkspan": ("initiate", "callback", "finish"),
    "Linkspan, no KMS": ("initiate, no KMS", "callback, no KMS", "finish"),
    "grant": ("grant: connect", "grant: callback"),
}
WHAT = {
    "cold": "From its first event to the answer, ms",
    "warm": "From a later event to the answer, ms",
    "init": "Init: from the spawn to the request for the first event, at a whole core, ms",
    "cold_cpu": "Processor time of the first event, ms",
    "warm_cpu": "Processor time of a later event, ms",
    "init_cpu": "Processor time of init, ms",
}


def budgets(at):
    """What was promised of first answers, at the memory that the template gives each function: (promise, measured, limit,
    smaller is better). Each measured ratio is the median of those within a round."""
    at = {int(memory): of for memory, of in at.items()}

    def ratio(one, other, *parts):
        def values(of):
            return [sum(each) for each in zip(*(of[part] for part in parts))]
        return statistics.median(a / b for a, b in zip(values(one), values(other), strict=True))

    def own(function):
        return at[cost.memory(function)]

    initiate, smallest = own("initiate"), at[min(at)]
    yield f"initiate, against the lean floor at {min(at)} MB", ratio(initiate["initiate"], smallest[FLOOR], "cold"), 0.5, True
    for function, limit in (("initiate", 1.15), ("callback", 1.5), ("finish", 1.1)):
        measured = ratio(own(function)[function], own(function)[WARMED], "cold")
        yield f"{function}, against the floor that is connected in init, at the same memory", measured, limit, True
    yield "grant's against initiate's, at the same memory", ratio(initiate["grant: connect"], initiate["initiate"], "cold"), 40, False
    yield "the same, init included", ratio(initiate["grant: connect"], initiate["initiate"], "init", "cold"), 30, False


def tables(results):
    at = results["at"]
    names = list(next(iter(at.values())))
    if {"initiate", "callback", "finish", "grant: connect", FLOOR, WARMED} <= set(names):
        yield "First answers, at the memory that each function has", [
            ["budget", "measured", "limit", ""],
            *([what, _number(value), f"{'≤' if smaller else '≥'} {limit}", holds(value, limit, smaller)]
              for what, value, limit, smaller in budgets(at)),
        ]
    for what, title in WHAT.items():
        rows = [[name, *(_cell(of[name], what, of) for of in at.values())] for name in names if what in at_first(at)[name]]
        yield title, [["", *(f"{memory} MB" for memory in at)], *rows]
    flows = {who: steps for who, steps in FLOWS.items() if set(steps) <= set(names) and "answers" in at_first(at)[steps[0]]}
    rows = []
    for who, steps in flows.items():
        for state, billed in (("warm", _warm), ("cold", _cold)):
            rows.append([f"{who}, {state}: ms that are billed", *(f"{sum(billed(of[step], step) for step in steps):.0f}"
                                                                  for of in at.values())])
            for processor in GB_SECOND:
                rows.append([f"{who}, {state}: dollars, {processor}", *(
                    f"{sum(_dollars(billed(of[step], step), int(memory), processor) for step in steps):.2f}"
                    for memory, of in at.items())])
    yield (f"A million whole flows, Lambda alone, the provider's token endpoint after {PROVIDER_MS} ms",
           [["", *(f"{memory} MB" for memory in at)], *rows])


def at_first(at):
    return next(iter(at.values()))


def _cell(of, what, others):
    """The median, and the median of its ratios to the floor within a round."""
    values = of[what]
    ratio = ""
    if FLOOR in others and of is not others[FLOOR]:
        ratio = f" ×{statistics.median(a / b for a, b in zip(values, others[FLOOR][what], strict=True)):.2f}"
    return f"{_number(statistics.median(values))}{ratio}"


def _number(value):
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def _warm(of, step):
    """Milliseconds that an event is billed, in the mean: each is rounded up."""
    return statistics.mean(math.ceil(each + _waits(step)) for turn in of["answers"] for each in turn)


def _cold(of, step):
    """The same of a first event, with the init before it."""
    return statistics.mean(
        math.ceil(init + cold + _waits(step)) for init, cold in zip(of["init"], of["cold"], strict=True)
    )


def _waits(step):
    return PROVIDER_MS if "callback" in step else 0


def _dollars(billed, memory, processor):
    return REQUESTS + billed / 1000 * memory / 1024 * GB_SECOND[processor] * 1e6


def text(results):
    return "\n\n".join(f"**{title}**\n\n{_markdown(rows)}" for title, rows in tables(results))


def _markdown(rows):
    head, *rest = rows
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rest]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


# What is drawn: the customer's wait for a first event, with the init before it and without.
DRAWN = {
    "performance-shares-answer": ("From the first event to the answer", lambda of: of["cold"]),
    "performance-shares-start": ("Init and the first answer", lambda of: [a + b for a, b in zip(of["init"], of["cold"])]),
}


def write(results):
    """Replaces the part `shares` of docs/performance.md, and the plots."""
    page = world.ROOT / "docs/performance.md"
    part, at = text(results), results["at"]
    pattern = re.compile(r"(<!-- shares: generated -->\n).*?(<!-- end -->)", re.DOTALL)
    new, found = pattern.subn(lambda match: f"{match[1]}{part}\n{match[2]}", page.read_text())
    if found != 1:
        raise AssertionError(f"{page.name} has no place for shares")
    page.write_text(new)
    for name, (title, values) in DRAWN.items():
        series = {who: [statistics.median(values(of[who])) for of in at.values()] for who in at_first(at)}
        plot.over_memory(name, title, "ms", list(at), series)
