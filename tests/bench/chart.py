# SPDX-License-Identifier: Apache-2.0
"""The rows as one picture: each ratio with its interval beside what a difference of nothing looks
like, and each cost beside its goal.
"""

from html import escape

LEFT, WIDTH, LINE, TOP = 470, 420, 26, 34
STYLE = """text { font: 12px sans-serif; fill: #222 } .head { font-weight: bold }
.aa { stroke: #bbb; stroke-width: 10 } .ci { stroke: #1f5fa8; stroke-width: 3 }
.dot { fill: #1f5fa8 } .goal { stroke: #c03; stroke-width: 2 } .axis { stroke: #ddd }"""


class Scale:
    """Values to places on the line."""

    def __init__(self, low, high):
        self.low, self.high = low, high

    def at(self, value):
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return LEFT + WIDTH * share


def line(kind, scale, low, high, y):
    x1, x2 = scale.at(low), max(scale.at(high), scale.at(low) + 1)
    return f'<line class="{kind}" x1="{x1:.1f}" x2="{x2:.1f}" y1="{y}" y2="{y}"/>'


def mark(kind, x, y, half):
    return f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{y - half}" y2="{y + half}"/>'


def row_lines(row, scale, y):
    yield f'<text x="8" y="{y + 4}">{escape(row.number + "  " + row.what)}</text>'
    if row.same:
        yield line("aa", scale, row.same.low, row.same.high, y)
    if row.goal:
        yield mark("goal", scale.at(row.goal[1]), y, 9)
    yield line("ci", scale, row.value.low, row.value.high, y)
    yield f'<circle class="dot" cx="{scale.at(row.value.median):.1f}" cy="{y}" r="4"/>'
    text = f"{row.value} {row.unit}"
    yield f'<text x="{LEFT + WIDTH + 12}" y="{y + 4}">{escape(text)}</text>'


def scale_of(row):
    if row.is_ratio:
        return Scale(0.5, 1.5)
    top = max(row.value.high, row.goal[1] if row.goal else 0) * 1.15
    return Scale(0, top or 1)


def svg(rows):
    parts = [f'<text class="head" x="8" y="20">{title}</text>' for title in (
        "blue: median and 95 % interval; grey: untraced against untraced; red: the goal",)]
    y = TOP
    for group in (True, False):
        for row in rows:
            if row.is_ratio is group:
                y += LINE
                parts += row_lines(row, scale_of(row), y)
        if group:
            parts.append(mark("axis", Scale(0.5, 1.5).at(1), (TOP + y) / 2 + 8, (y - TOP) / 2))
            y += LINE / 2
    size = f'width="{LEFT + WIDTH + 260}" height="{y + LINE}"'
    body = "\n".join(parts)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n<style>{STYLE}</style>\n'
            f'<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n')
