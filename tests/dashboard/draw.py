"""Draws docs/images/dashboard.svg: the dashboard of infra/dashboard.yaml, on the metrics of a local run.

Customers connect, and things go wrong on purpose, for two minutes. What the local run logs is what the functions log, so
its lines carry the metrics. A period of five minutes is five seconds here. Standard library only.
"""

import base64
import json
import re
import sys
import time
from collections import defaultdict
from html import escape
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/lambda"), str(ROOT / "tests/bench")]

import client  # noqa: E402
import services  # noqa: E402
import serving  # noqa: E402
import test_flow  # noqa: E402
import world  # noqa: E402

STACK, PERIOD, PERIODS = "local", 5, 24
# Grey that stands out from white and from black alike, and lines that differ in both.
INK, LINES = "#767676", ("#5b6ee1", "#d9534f", "#3a9d5d", "#c98a1b", "#8f5bbd", "#2a9db0")


def body():
    """The dashboard's definition, with the values of this run."""
    text = (ROOT / "infra/dashboard.yaml").read_text().split("DashboardBody: !Sub |\n")[1]
    lines = []
    for line in text.splitlines():
        if line.strip() and not line.startswith(" " * 8):
            break
        lines.append(line)
    return json.loads(re.sub(r"\$\{(\w+|AWS::\w+)\}", lambda name: STACK if name[1] == "Stack" else name[1], "\n".join(lines)))


# --- What happens ----------------------------------------------------------------------------------------------------


def flow(customer, fault=None, integration="demo-oauth2"):
    """A customer connects; the demo provider fails as it is asked to. Returns the connection's id, if there is one."""
    browser = client.Browser()
    # Nothing is there, and nobody goes there.
    target = "http://localhost:9/connected"
    started = test_flow.connect(browser, customer, integrationKey=integration, redirectUri=target)
    asked = f"{started.location}&demo_fail={fault}" if fault else started.location
    last = test_flow.outcome(browser, test_flow.consent(browser, SimpleNamespace(location=asked)))[-1]
    return client.query(last.location).get("connectionId")


def call(method, path, token, content=None):
    browser = client.Browser()
    headers = {"Accept": "application/json", "Authorization": f"Bearer {token}"}
    return browser.visit(services.LOCAL + path, method, content, headers)


def forged():
    """A management token of the root workspace that it has not signed."""
    head, claims, _ = client.token(isAdmin=True).split(".")
    return f"{head}.{claims}.{base64.urlsafe_b64encode(bytes(32)).rstrip(b'=').decode()}"


def happen():
    """What each period brings: an everyday minute, a provider that fails, a client that is refused, an
    endpoint that fails, a forger."""
    connected = []
    answers = {"takes": 204, "fails": 204}
    for name in answers:
        address = serving.start(lambda *_, name=name: (answers[name], b""))
        status, made = world.send("POST", "/webhook-endpoints", {"url": address})
        assert status == 201, made
    for period in range(PERIODS):
        ends = time.monotonic() + PERIOD
        answers["fails"] = 503 if 10 <= period < 15 else 204
        failing = 7 <= period < 12
        for at in range(3):
            fault = "token.http_500" if failing and at else None
            connected.append(flow(f"customer-{period}-{at}", fault))
        connected.append(flow(f"photos-{period}", integration="demo-oauth1") if period % 3 == 0 else None)
        if period % 4 == 1:
            flow(f"says-no-{period}", "authorize.access_denied")
        if 13 <= period < 16:
            flow(f"refused-{period}", "token.invalid_client")
        if period == 17:
            flow("slow", "token.slow")
        if 19 <= period < 22:
            for _ in range(4):
                call("PUT", "/workspaces/mine", forged())
        call("GET", "/self", client.token("somebody").rsplit(".", 1)[0] + "." + "A" * 43)
        for connection in list(filter(None, connected))[-4:-1]:
            call("POST", f"/connections/{connection}/refresh-credentials", client.token(isAdmin=True))
        time.sleep(max(0, ends - time.monotonic()))


# --- What the lines say ----------------------------------------------------------------------------------------------


class Metrics:
    """The values by metric name and dimensions, each with its period."""

    def __init__(self, lines, first):
        self.values = defaultdict(lambda: defaultdict(list))
        for line in lines:
            for directive in line["_aws"]["CloudWatchMetrics"]:
                at = (line["_aws"]["Timestamp"] / 1000 - first) // PERIOD
                for names in directive["Dimensions"]:
                    dimensions = tuple((name, line[name]) for name in names)
                    for metric in directive["Metrics"]:
                        self.values[metric["Name"], dimensions][at].append(line[metric["Name"]])

    def series(self, name, dimensions, statistic):
        found = self.values.get((name, dimensions), {})
        return {at: stat(statistic, values) for at, values in found.items() if 0 <= at < PERIODS}


def stat(name, values):
    match name:
        case "Sum":
            return sum(values)
        case "Average":
            return sum(values) / len(values)
        case "Maximum":
            return max(values)
        case _:
            return sorted(values)[int(len(values) * int(name.removeprefix("p")) / 100)]


def shown(metrics, properties):
    """The lines of a widget, by label; nothing if its metrics are AWS's own."""
    lines = {}
    for entry in properties["metrics"]:
        if isinstance(entry[0], dict):
            found = re.fullmatch(
                r"SEARCH\('\{Linkspan,stack,(\w+)\} MetricName=\"(\w+)\" stack=\"\w+\"', '(\w+)', 300\)",
                entry[0]["expression"],
            )
            group, name, statistic = found.groups()
            for known, dimensions in list(metrics.values):
                if known == name and [each for each, _ in dimensions] == ["stack", group]:
                    lines[dict(dimensions)[group]] = metrics.series(name, dimensions, statistic)
        elif entry[0] == "Linkspan":
            _, name, *dimensions = entry
            pairs = tuple(zip(dimensions[::2], dimensions[1::2]))
            lines[name] = metrics.series(name, pairs, properties["stat"])
        else:
            return None
    return lines


# --- The picture -----------------------------------------------------------------------------------------------------

CELL, ROW = 52, 36


def widget(at, lines):
    x, y = at["x"] * CELL, at["y"] * ROW
    width, height = at["width"] * CELL - 12, at["height"] * ROW - 12
    title = at["properties"]["title"]
    parts = [f'<g transform="translate({x + 6} {y + 6})">'
             f'<rect width="{width}" height="{height}" rx="4" fill="none" stroke="{INK}" stroke-opacity=".5"/>'
             f'<text x="10" y="20" font-size="13" font-weight="600">{escape(title)}</text>']
    if lines is None:
        parts.append(f'<text x="10" y="{height / 2}">AWS\'s own metrics: a local run has none.</text>')
    else:
        parts += chart(width, height, lines)
    return "".join(parts) + "</g>"


def chart(width, height, lines):
    left, right, top = 46, width - 12, 36
    # The legend has a row for two names.
    bottom = height - 30 - 15 * ((len(lines) + 1) // 2)
    most = max((value for line in lines.values() for value in line.values()), default=0) or 1

    def place(at, value):
        return left + (at + .5) * (right - left) / PERIODS, bottom - value / most * (bottom - top)

    for value in (0, most / 2, most):
        y = place(0, value)[1]
        yield f'<path d="M{left} {y:.1f}H{right}" stroke="{INK}" stroke-opacity=".3"/>'
        label = f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
        yield f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end" font-size="11">{label}</text>'
    for number, (name, line) in enumerate(lines.items()):
        colour = LINES[number % len(LINES)]
        points = [place(at, value) for at, value in sorted(line.items())]
        if len(points) > 1:
            yield (f'<polyline points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}" fill="none" '
                   f'stroke="{colour}" stroke-width="1.5"/>')
        yield "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2" fill="{colour}"/>' for x, y in points)
        x, y = left + number % 2 * (right - left) / 2, bottom + 24 + 15 * (number // 2)
        none = "" if line else " (none)"
        yield (f'<rect x="{x:.1f}" y="{y - 8:.1f}" width="9" height="9" rx="2" fill="{colour}"/>'
               f'<text x="{x + 14:.1f}" y="{y:.1f}" font-size="11">{escape(name)}{none}</text>')


def draw(metrics):
    widgets = [each for each in body()["widgets"] if each["type"] == "metric"]
    drawn = [widget(each, shown(metrics, each["properties"])) for each in widgets]
    width = max(each["x"] + each["width"] for each in widgets) * CELL
    height = max(each["y"] + each["height"] for each in widgets) * ROW + 30
    said = (f"The dashboard of infra/dashboard.yaml, drawn from the metrics of a local run of {PERIOD * PERIODS} seconds, "
            f"in periods of {PERIOD} seconds.")
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
            f'aria-labelledby="title" font-family="system-ui, sans-serif" font-size="12" fill="{INK}">'
            f'<title id="title">{escape(said)}</title>' + "".join(drawn)
            + f'<text x="12" y="{height - 10}">{escape(said)}</text></svg>\n')


def main():
    local = services.start_local("--json-log")
    # The local run has all routes itself.
    services.WATCH = services.LOCAL
    # Its first run of the schedule looks a week back.
    while not any('"overdue_ms":0' in line for line in local.log):
        time.sleep(1)
    first = time.time()
    happen()
    lines = [json.loads(line) for line in local.log if line.startswith("{") and '"_aws"' in line]
    (ROOT / "docs/images/dashboard.svg").write_text(draw(Metrics(lines, first)))
    print(f"Drew {len(lines)} lines.")


if __name__ == "__main__":
    main()
