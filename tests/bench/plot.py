"""The plots: bars on a logarithmic scale, readable on light and on dark pages."""

import math
from html import escape

import world

IMAGES = world.ROOT / "docs/images"
# Grey that stands out from white and from black alike; the same for all text and lines.
INK, OURS, OTHERS = "#767676", "#5b6ee1", "#a0885a"
LINKSPAN = ("initiate", "callback", "finish")


def write(results):
    times = results["times"]
    for what, title, unit in (("cold", "Cold start, spawn to first response", "ms"),
                              ("cold_cpu", "Processor time of a cold start", "ms"),
                              ("memory", "Peak memory", "MB")):
        bars = [(name, of[what]["median"], of[what]["low"], of[what]["high"]) for name, of in times.items()]
        svg = _bars(title, unit, bars)
        (IMAGES / f"performance-{what.replace('_', '-')}.svg").write_text(svg)


def _bars(title, unit, bars):
    left, width, height, top = 170, 640, 26, 44
    floor = 10 ** math.floor(math.log10(min(low for *_, low, _ in bars)))
    ceiling = 10 ** math.ceil(math.log10(max(high for *_, high in bars)))

    def x(value):
        share = math.log(max(value, floor) / floor) / math.log(ceiling / floor)
        return left + share * (width - left - 70)

    values = "; ".join(f"{name} {value:.1f} {unit}" for name, value, *_ in bars)
    parts = [f'<text x="0" y="16" font-size="15" font-weight="600">{escape(title)}, {unit} '
             "(logarithmic; line: middle half)</text>"]
    bottom = top + height * len(bars)
    tick = floor
    while tick <= ceiling:
        parts.append(f'<path d="M{x(tick):.1f} {top - 6}V{bottom}" stroke="{INK}" stroke-opacity=".35"/>'
                     f'<text x="{x(tick):.1f}" y="{bottom + 16}" text-anchor="middle">{tick:g}</text>')
        tick *= 10
    for row, (name, value, low, high) in enumerate(bars):
        y = top + row * height
        colour = OURS if name in LINKSPAN else OTHERS
        parts.append(
            f'<text x="{left - 8}" y="{y + 14}" text-anchor="end">{escape(name)}</text>'
            f'<rect x="{left}" y="{y + 2}" width="{x(value) - left:.1f}" height="16" rx="2" fill="{colour}"/>'
            f'<path d="M{x(low):.1f} {y + 10}H{x(high):.1f}" stroke="{INK}" stroke-width="2"/>'
            f'<text x="{max(x(value), x(high)) + 6:.1f}" y="{y + 14}">{value:.1f}</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {bottom + 24}" role="img" '
            f'aria-labelledby="title description" font-family="system-ui, sans-serif" font-size="12" fill="{INK}">'
            f'<title id="title">{escape(title)}</title><desc id="description">{escape(values)}</desc>'
            + "".join(parts) + "</svg>\n")


def over_memory(name, title, unit, memories, series):
    """A line for each contender over the memory sizes: `series` has its values by name."""
    left, width, top, bottom = 60, 640, 44, 320
    right = 150
    values = [value for line in series.values() for value in line]
    floor, ceiling = 10 ** math.floor(math.log10(min(values))), 10 ** math.ceil(math.log10(max(values)))

    def x(column):
        return left + column * (width - left - right) / max(1, len(memories) - 1)

    def y(value):
        return bottom - math.log(value / floor) / math.log(ceiling / floor) * (bottom - top)

    parts = [f'<text x="0" y="16" font-size="15" font-weight="600">{escape(title)}, {unit} (logarithmic)</text>']
    tick = floor
    while tick <= ceiling:
        parts.append(f'<path d="M{left} {y(tick):.1f}H{width - right}" stroke="{INK}" stroke-opacity=".35"/>'
                     f'<text x="{left - 8}" y="{y(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
        tick *= 10
    parts += [f'<text x="{x(column):.1f}" y="{bottom + 18}" text-anchor="middle">{memory} MB</text>'
              for column, memory in enumerate(memories)]
    # Names stand at the ends of their lines, each below the one before.
    below = top - 14
    for who, line in sorted(series.items(), key=lambda one: y(one[1][-1])):
        colour = OURS if who.split(",")[0] in LINKSPAN else OTHERS
        points = " ".join(f"{x(column):.1f},{y(value):.1f}" for column, value in enumerate(line))
        below = max(y(line[-1]) + 4, below + 14)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
                     f'<text x="{width - right + 8}" y="{below:.1f}">{escape(who)}</text>')
    described = "; ".join(f"{who} " + ", ".join(f"{value:.1f}" for value in line) for who, line in series.items())
    (IMAGES / f"{name}.svg").write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {bottom + 28}" role="img" '
        f'aria-labelledby="title description" font-family="system-ui, sans-serif" font-size="12" fill="{INK}">'
        f'<title id="title">{escape(title)}</title><desc id="description">{escape(described)}</desc>'
        + "".join(parts) + "</svg>\n")
