"""Figures -> inline SVG, drawn here: nothing is fetched and nothing runs."""

import math
from collections.abc import Sequence

from adapter.evaluation.report.html import Html, element
from adapter.evaluation.scores import Score

WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 340, 260, 44, 36, 10
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
Place = tuple[float, float]  # both from 0 to 1


def meter(one: Score) -> Html:
    """A bar of a figure from 0 to 1, with its interval as a line."""
    if math.isnan(one.value):
        return Html("")
    inside = [
        element("rect", class_="back", x=0, y=3, width=100, height=8),
        element("rect", class_="bar", x=0, y=3, width=round(100 * one.value, 2), height=8),
    ]
    if not math.isnan(one.interval.low):
        low, high = (round(100 * end, 2) for end in (one.interval.low, one.interval.high))
        inside.append(element("line", class_="whisker", x1=low, x2=high, y1=7, y2=7))
    return element(
        "svg", *inside, class_="meter", viewBox="0 0 100 14", preserveAspectRatio="none", aria_hidden="true"
    )


def curve(places: Sequence[Place], *, title: str, across: str, up: str, diagonal: bool, dots: bool) -> Html:
    """A plot of a line over the unit square; `title` is what a reader without eyes is told."""
    inside = [element("title", title), *_axes(across, up)]
    if diagonal:
        inside.append(_line((0, 0), (1, 1), "diagonal"))
    told = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(_at, places))
    inside.append(element("polyline", class_="curve", points=told))
    if dots:
        inside += [
            element("circle", class_="dot", cx=round(x, 1), cy=round(y, 1), r=3.5)
            for x, y in map(_at, places)
        ]
    return element("svg", *inside, class_="plot", viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img")


def _axes(across: str, up: str) -> list[Html]:
    parts = []
    for tick in TICKS:
        x, y = _at((tick, tick))
        parts += [
            _line((0, tick), (1, tick), "axis"),
            element("text", f"{tick:g}", x=LEFT - 6, y=round(y + 4, 1), text_anchor="end"),
            element("text", f"{tick:g}", x=round(x, 1), y=HEIGHT - BOTTOM + 14, text_anchor="middle"),
        ]
    middle = (TOP + HEIGHT - BOTTOM) / 2
    return [
        *parts,
        element("text", across, x=(LEFT + WIDTH) / 2, y=HEIGHT - 4, text_anchor="middle"),
        element("text", up, x=10, y=middle, text_anchor="middle", transform=f"rotate(-90 10 {middle})"),
    ]


def _line(start: Place, end: Place, name: str) -> Html:
    (x1, y1), (x2, y2) = _at(start), _at(end)
    return element("line", class_=name, x1=round(x1, 1), y1=round(y1, 1), x2=round(x2, 1), y2=round(y2, 1))


def _at(place: Place) -> Place:
    """Where a place of the unit square is drawn."""
    across, up = place
    return LEFT + across * (WIDTH - LEFT - 12), TOP + (1 - up) * (HEIGHT - TOP - BOTTOM)
