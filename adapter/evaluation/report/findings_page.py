"""An evaluation of findings -> its report."""

import math
from collections.abc import Mapping, Sequence

from adapter.evaluation.calibration import Point, Reliability
from adapter.evaluation.comparison import Compared
from adapter.evaluation.findings import Evaluation
from adapter.evaluation.mistakes import Mistake
from adapter.evaluation.report import charts, frame
from adapter.evaluation.report.frame import HEAD, figure, folded, prf_table, section
from adapter.evaluation.report.html import Cell, Html, element, scrolled, table
from adapter.evaluation.scores import Prf, Score

SAYS = {
    "full": "the code",
    "category": "its ICD-10 category",
    "hierarchy": "half for a code above or below",
    "full_5": "the code among the first five",
    "category_5": "its category among the first five",
    "whole": "the code, missed mentions included",
}
POINTS = 40  # of a curve that are told as a table


def written(
    found: Evaluation, mistakes: Sequence[Mistake], compared: Sequence[Compared] = (), *, title: str
) -> str:
    """The page."""
    sections = [
        _mentions(found),
        _harm(found.harm),
        _kinds(found),
        _confusion(found),
        _assertions(found),
        section(
            "Details",
            prf_table("kind", found.details, caption="Those that hang on the mention they belong to"),
        ),
        _codes(found),
        _curves(found),
        frame.compared(compared),
        frame.mistakes(mistakes),
    ]
    return frame.page(title, _summary(found), sections)


def _summary(found: Evaluation) -> str:
    told = f"{frame.counted(found.documents, 'document')}."
    if found.missing:
        told += f" For {found.missing} of them the run gave nothing: all their mentions count as missed."
    if found.discontinuous:
        told += f" {found.discontinuous} mentions of gold have words that do not stand together."
    if found.not_measured:
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(found.not_measured.items()))
        told += f" Mentions of the run that are not measured, for their kind: {kinds}."
    return f"{told} {frame.BRACKETS}"


def _mentions(found: Evaluation) -> Html:
    rows: list[list[Cell]] = []
    for level in found.spans:
        rows.append([f"{level.level}, all mentions", *frame.figures(level.micro)])
        rows.append([f"{level.level}, mean of kinds", *_mean(level.macro), "", ""])
    return section("Mentions", table(HEAD, rows, caption="How well mentions are found, on three levels"))


def _mean(macro: Mapping[str, Score]) -> list[Cell]:
    return [figure(macro[name]) for name in ("precision", "recall", "f1")]


def _harm(found: Mapping[str, Prf]) -> Html:
    rows: list[list[Cell]] = [
        [name, f"{one.hits:g}", one.wanted, figure(one.recall)] for name, one in found.items()
    ]
    caption = "Denied, or of a relative, yet said as a present condition of the patient"
    head = ["kind in gold", "said so", "of", "share"]
    return section("Harm", table(head, rows, caption=caption)) if rows else Html("")


def _kinds(found: Evaluation) -> Html:
    """The strict level in sight, the others to be opened."""
    tables = [
        (level.level, prf_table("kind", level.kinds, caption=f"By kind, {level.level}"))
        for level in found.spans
        if level.kinds
    ]
    return section(
        "Kinds",
        *(one if at == 0 else folded(f"By kind, {name}", one) for at, (name, one) in enumerate(tables)),
    )


def _confusion(found: Evaluation) -> Html:
    gold = sorted({one for one, _ in found.confusion}, key=_last)
    given = sorted({other for _, other in found.confusion}, key=_last)
    highest = max(found.confusion.values(), default=1)
    head = "".join(element("th", one or "missed", scope="col") for one in given)
    rows = "".join(
        element(
            "tr",
            element("th", one or "invented", scope="row"),
            *(_cell(found.confusion.get((one, other), 0), highest) for other in given),
        )
        for one in gold
    )
    inside = f'<thead><tr><th scope="col">gold</th>{head}</tr></thead><tbody>{rows}</tbody>'
    caption = "What mentions of each kind (rows) were taken for (columns)"
    return section("Confusion", scrolled(Html(inside), caption=caption, class_="grid")) if gold else Html("")


def _last(kind: str | None) -> tuple[bool, str]:
    return kind is None, kind or ""


def _cell(count: int, highest: int) -> Html:
    shade = f"background: rgba(var(--shade), {0.45 * math.sqrt(count / highest):.2f})" if count else None
    return element("td", count or "", style=shade)


def _assertions(found: Evaluation) -> Html:
    if not found.assertions:
        return Html("")
    rows: list[list[Cell]] = [
        [name, *frame.figures(one), charts.meter(one.f1)] for name, one in found.assertions.items()
    ]
    rows.append(["mean of axes", *_mean(found.assertion_mean), "", "", ""])
    caption = "What is said of matched mentions; exact: all axes right"
    return section("Assertions", table(["axis", *HEAD[1:], ""], rows, caption=caption))


def _codes(found: Evaluation) -> Html:
    """All code systems together in sight, each to be opened."""
    parts = []
    for system, measures in found.codes.items():
        rows: list[list[Cell]] = [
            [SAYS[name], figure(one.recall), figure(one.precision), f"{one.given} of {one.wanted}"]
            for name, one in measures.items()
        ]
        name = "All code systems" if system == "all" else system
        shown = table(["right is", "of all", "of those given", "given"], rows, caption=name)
        parts.append(shown if system == "all" else folded(name, shown))
    if found.not_given:
        parts.append(element("p", f"No mention found has a code of {', '.join(found.not_given)}."))
    return section("Codes of matched mentions", *parts)


def _curves(found: Evaluation) -> Html:
    parts = [
        _reliability("Confidence of mentions", found.confidence),
        _reliability("Scores of codes", found.code_confidence),
        _abstention(found.abstention),
    ]
    shown = [one for one in parts if one]
    return section("How sure, how right", element("div", *shown, class_="charts")) if shown else Html("")


def _reliability(name: str, found: Reliability | None) -> Html:
    if found is None:
        return Html("")
    told = f"{name}: calibration error {found.error:.3f} over {found.count}, in {len(found.bins)} bins"
    places = [(one.sure, one.right) for one in found.bins]
    plot = charts.diagram(places, title=told, across="how sure", up="how often right")
    rows: list[list[Cell]] = [[f"{one.sure:.3f}", f"{one.right:.3f}", one.count] for one in found.bins]
    numbers = folded("as a table", table(["sure", "right", "answers"], rows, caption=name))
    return element("figure", plot, element("figcaption", told), numbers)


def _abstention(points: Sequence[Point]) -> Html:
    if not points:
        return Html("")
    told = "Codes under a score withheld: the share that is left, and how much of it is right"
    places = [(one.coverage, one.accuracy) for one in points]
    plot = charts.curve(places, title=told, across="share given", up="how often right")
    step = max(1, math.ceil(len(points) / POINTS))
    some = points[(len(points) - 1) % step :: step]  # the last of them always
    rows: list[list[Cell]] = [
        [f"{one.threshold:.3f}", f"{one.coverage:.3f}", f"{one.accuracy:.3f}"] for one in some
    ]
    head = ["score", "given", "right"]
    numbers = folded("as a table", table(head, rows, caption="Codes with at least this score"))
    return element("figure", plot, element("figcaption", told), numbers)
