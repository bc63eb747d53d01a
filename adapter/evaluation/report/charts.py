"""Figures -> inline SVG, drawn here: nothing is fetched and nothing runs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from adapter.evaluation.report.html import Html, element
from adapter.evaluation.scores import Score

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 340, 300, 56, 44, 12, 14
TICKS = 5
BEGINS = (0.9, 0.8, 0.6, 0.4, 0.2)  # of an axis that ends at 1: its ticks are short numbers
MANY = 30  # points, from which on they are not marked one by one
Place = tuple[float, float]  # both from 0 to 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """What a plot shows: from `across_low` and `up_low` to 1."""

    across: str
    up: str
    across_low: float = 0.0
    up_low: float = 0.0

    def at(self, place: Place) -> Place:
        """Where a place is drawn."""
        x, y = (
            (value - low) / (1 - low)
            for value, low in zip(place, (self.across_low, self.up_low), strict=True)
        )
        return (
            round(LEFT + x * (WIDTH - LEFT - RIGHT), 1),
            round(TOP + (1 - y) * (HEIGHT - TOP - BOTTOM), 1),
        )


def meter(one: Score) -> Html:
    """A bar of a figure from 0 to 1, with its interval as a line beneath it."""
    if math.isnan(one.value):
        return Html("")
    inside = [
        element("rect", class_="back", x=0, y=1, width=100, height=7),
        element("rect", class_="bar", x=0, y=1, width=round(100 * min(max(one.value, 0), 1), 2), height=7),
    ]
    if not math.isnan(one.interval.low):
        low, high = (round(100 * end, 2) for end in (one.interval.low, one.interval.high))
        inside.append(element("line", class_="whisker", x1=low, x2=high, y1=11, y2=11))
    return element(
        "svg", *inside, class_="meter", viewBox="0 0 100 14", preserveAspectRatio="none", aria_hidden="true"
    )


def low(values: Sequence[float]) -> float:
    """Where an axis begins so that the values fill it: one of BEGINS, not over the least of them."""
    least = min(values, default=0.0)
    return next((begin for begin in BEGINS if begin <= least + 1e-9), 0.0)


def diagram(places: Sequence[Place], *, title: str, across: str, up: str) -> Html:
    """How right (up) beside how sure (across): the dashed line is what should be, strokes are how far off."""
    begin = low([value for place in places for value in place])
    axes = Axes(across=across, up=up, across_low=begin, up_low=begin)
    gaps = [_line(axes, (x, y), (x, x), "gap") for x, y in places]
    inside = [_line(axes, (begin, begin), (1, 1), "diagonal"), *gaps, *_drawn(axes, places)]
    return _plot(axes, title, inside)


def curve(places: Sequence[Place], *, title: str, across: str, up: str) -> Html:
    """A plot of a line, over as much of the unit square as it needs."""
    axes = Axes(
        across=across,
        up=up,
        across_low=low([x for x, _ in places]),
        up_low=low([y for _, y in places]),
    )
    return _plot(axes, title, _drawn(axes, places))


def _plot(axes: Axes, title: str, inside: Sequence[Html]) -> Html:
    """`title` is what a reader without eyes is told."""
    parts = [element("title", title), *_grid(axes), *inside]
    return element("svg", *parts, class_="plot", viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img")


def _drawn(axes: Axes, places: Sequence[Place]) -> list[Html]:
    told = " ".join(f"{x},{y}" for x, y in map(axes.at, places))
    line = element("polyline", class_="curve", points=told)
    dots = [element("circle", class_="dot", cx=x, cy=y, r=4) for x, y in map(axes.at, places)]
    return [line, *(dots if len(places) < MANY else ())]


def _grid(axes: Axes) -> list[Html]:
    parts = []
    for step in range(TICKS):
        share = step / (TICKS - 1)
        x = axes.across_low + share * (1 - axes.across_low)
        y = axes.up_low + share * (1 - axes.up_low)
        across, up = axes.at((x, y))
        parts += [
            _line(axes, (axes.across_low, y), (1, y), "axis"),
            element("text", _short(y), x=LEFT - 8, y=up + 4, text_anchor="end"),
            element("text", _short(x), x=across, y=HEIGHT - BOTTOM + 18, text_anchor="middle"),
        ]
    middle = (TOP + HEIGHT - BOTTOM) / 2
    name = element("text", axes.across, x=(LEFT + WIDTH - RIGHT) / 2, y=HEIGHT - 6, text_anchor="middle")
    turned = {"text_anchor": "middle", "transform": f"rotate(-90 12 {middle})"}
    return [*parts, name, element("text", axes.up, x=12, y=middle, **turned)]


def _short(tick: float) -> str:
    return f"{round(tick, 3):g}"


def _line(axes: Axes, start: Place, end: Place, name: str) -> Html:
    (x1, y1), (x2, y2) = axes.at(start), axes.at(end)
    return element("line", class_=name, x1=x1, y1=y1, x2=x2, y2=y2)
