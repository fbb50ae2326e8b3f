"""What a million connections cost on AWS, from the counts of one and the public prices."""

import math
import re

import world

# us-east-1, on demand, without the free tier, in US dollars; looked up in November 2026.
PRICES = {
    "gb_second": 0.0000133334,  # Lambda on arm64, https://aws.amazon.com/lambda/pricing/
    "invocation": 0.20 / 1e6,
    "http_request": 1.00 / 1e6,  # HTTP API, first 300 million, https://aws.amazon.com/api-gateway/pricing/
    "write_unit": 0.625 / 1e6,  # https://aws.amazon.com/dynamodb/pricing/on-demand/
    "read_unit": 0.125 / 1e6,
    "kms": 0.03 / 1e4,  # https://aws.amazon.com/kms/pricing/
}

# A function has a share of a core: 1,769 MB make a whole one.
CORE_MB = 1769
TEMPLATE = (world.ROOT / "infra/template.yaml").read_text(encoding="utf-8")
# Assumed, as nothing here is far away: a DynamoDB request, and a provider's token endpoint, in milliseconds.
DATABASE_MS, PROVIDER_MS = 5, 300
# Node needs more than Linkspan to start in the time that Lambda gives; a usual setting.
NODE_MEMORY_MB = 512


def memory(function):
    """Its megabytes, as the template deploys it: its own, or what all have."""
    block = re.search(rf"^  {function.capitalize()}Function:\n((?:    .*\n|\n)+)", TEMPLATE, re.MULTILINE)[1]
    own = re.search(r"^      MemorySize: (\d+)$", block, re.MULTILINE)
    return int((own or re.search(r"^    MemorySize: (\d+)$", TEMPLATE, re.MULTILINE))[1])


def lines(results):
    """Of Linkspan and of grant: what is paid for, and dollars for a million connections."""
    times = results["times"]
    # As it is deployed: with its key in KMS.
    keyed = {name: results["kms"][f"{name}, KMS"] for name in ("initiate", "callback")}
    yield "Linkspan", _million(results["flow"]["linkspan, key in KMS"]["warm"], {
        name: (of["warm_cpu"]["median"], memory(name)) for name, of in (keyed | {"finish": times["finish"]}).items()
    })
    yield "grant", _million(results["flow"]["grant"]["warm"], {
        step: (times[f"grant: {step}"]["warm_cpu"]["median"], NODE_MEMORY_MB) for step in ("connect", "callback")
    })


def _million(flow, steps):
    """Dollars for a million flows of these steps, each with its processor time in milliseconds and its megabytes."""
    billed = gigabyte_seconds = 0
    for step, (milliseconds, megabytes) in steps.items():
        waiting = DATABASE_MS * len(flow["operations"][step]) + (PROVIDER_MS if step == "callback" else 0)
        took = math.ceil(milliseconds * CORE_MB / megabytes + waiting)
        billed += took
        gigabyte_seconds += took / 1000 * megabytes / 1024
    of = {
        "HTTP API requests": len(steps) * PRICES["http_request"],
        "Lambda requests": len(steps) * PRICES["invocation"],
        f"Lambda time ({billed} ms)": gigabyte_seconds * PRICES["gb_second"],
        "DynamoDB writes": flow["write_units"] * PRICES["write_unit"],
        "DynamoDB reads": flow["read_units"] * PRICES["read_unit"],
        "KMS": flow["kms"] * PRICES["kms"],
    }
    return {what: dollars * 1e6 for what, dollars in of.items()}


def markdown(results):
    rows = []
    for who, of in lines(results):
        rows += [f"| {who}: {what} | {dollars:.2f} |" for what, dollars in of.items()]
        rows.append(f"| **{who}: together** | **{sum(of.values()):.2f}** |")
    read = results["growth"][-1]["rest"]["read"]
    of = _million(read, {"read": (read["warm_cpu"], memory("api"))})
    rows.append(f"| Linkspan: the backend reads each once more | {sum(of.values()):.2f} |")
    return "\n".join(["| a million connections, warm | US dollars |", "| --- | ---: |", *rows])


# The scheduled refresh: how many it has in hand at once, and how often it runs (infra/template.yaml).
AT_ONCE, SWEEPS = 64, 365.25 / 12 * 24 * 12
MONTH_DAYS = 365.25 / 12
# An idle connection is renewed once a week; one in use, with tokens of one hour, 15 minutes before they end.
KINDS = {"idle": MONTH_DAYS / 7, "in use, tokens of one hour": MONTH_DAYS * 24 * 60 / 45}


def refreshes(results):
    """What a million connections cost a month after they were made."""
    rest, megabytes = results["growth"][-1]["rest"], memory("refresh")
    refresh, sweep = rest["refresh"], rest["sweep"]
    waiting = (DATABASE_MS * refresh["requests"] + PROVIDER_MS) / AT_ONCE
    milliseconds = refresh["warm_cpu"] * CORE_MB / megabytes + waiting
    each = _units(refresh) + milliseconds / 1000 * megabytes / 1024 * PRICES["gb_second"]
    empty = sweep["warm_cpu"] * CORE_MB / megabytes + DATABASE_MS * sweep["requests"]
    alone = SWEEPS * (
        _units(sweep) + PRICES["invocation"] + empty / 1000 * megabytes / 1024 * PRICES["gb_second"]
    )
    rows = [
        f"| {kind} | {times:,.1f} | {each * 1e6:.2f} | {each * times * 1e6:,.0f} |" for kind, times in KINDS.items()
    ]
    return "\n".join([
        "| a million connections | refreshes of each a month | US dollars a million refreshes | US dollars a month |",
        "| --- | ---: | ---: | ---: |", *rows, "",
        f"A refresh: {refresh['requests']} DynamoDB requests (write units: {refresh['write_units']:g}, read units: "
        f"{refresh['read_units']:g}), provider calls: {refresh['provider']}.",
        f"The schedule itself, with nothing due, makes {sweep['requests']} requests every five minutes: "
        f"{alone:.2f} dollars a month.",
    ])


def _units(flow):
    return flow["write_units"] * PRICES["write_unit"] + flow["read_units"] * PRICES["read_unit"]
