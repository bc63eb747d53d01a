"""An evaluation -> one HTML file that needs nothing else: no script, no font, no picture from elsewhere."""

import math
from collections.abc import Iterator, Mapping, Sequence

from adapter.evaluation.calibration import Point, Reliability
from adapter.evaluation.comparison import Compared
from adapter.evaluation.findings import Evaluation
from adapter.evaluation.mistakes import WHATS, Mistake
from adapter.evaluation.report import charts, style
from adapter.evaluation.report.html import Html, element, joined, table
from adapter.evaluation.scores import Prf, Score

MOST = 300  # mistakes of a sort that are shown
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
TITLES = {
    "left": "Left to read",
    "harm": "Denied or a relative's, said as the patient's",
    "missed": "Missed",
    "invented": "Invented",
    "kind": "Taken for another kind",
    "bounds": "Begins or ends elsewhere",
    "assertion": "Said otherwise",
    "code": "Coded otherwise",
}
SAYS = {
    "full": "the code",
    "category": "its ICD-10 category",
    "hierarchy": "half for a code above or below",
    "full_5": "the code among the first five",
    "category_5": "its category among the first five",
    "whole": "the code, missed mentions included",
}


def written(
    found: Evaluation, mistakes: Sequence[Mistake], compared: Sequence[Compared] = (), *, title: str
) -> str:
    """The page."""
    sections = [
        _mentions(found),
        _kinds(found),
        _confusion(found),
        _named("Assertions of matched mentions", "axis", found.assertions),
        _named("Details on the mention they belong to", "kind", found.details),
        _codes(found),
        _curves(found),
        _compared(compared),
        _mistakes(mistakes),
    ]
    head = [
        Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'),
        Html('<meta name="referrer" content="no-referrer">'),
        element("title", title),
        element("style", Html(style.SHEET)),
    ]
    body = element("main", element("h1", title), _summary(found), *sections)
    page = element("html", element("head", *head), element("body", body), lang="en")
    return f"<!DOCTYPE html>\n{page}\n"


def _summary(found: Evaluation) -> Html:
    told = f"{found.documents} documents."
    if found.missing:
        told += f" For {found.missing} of them the run gave nothing: all their mentions count as missed."
    if found.discontinuous:
        told += f" {found.discontinuous} mentions of gold have words that do not stand together."
    if found.not_measured:
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(found.not_measured.items()))
        told += f" Mentions of the run that are not measured, for their kind: {kinds}."
    told += " In brackets: what 95 of 100 sets of such documents would give."
    return element("p", told)


def _mentions(found: Evaluation) -> Html:
    rows: list[list[str | int]] = []
    for level in found.spans:
        rows.append([f"{level.level}, all mentions", *_figures(level.micro)])
        mean = (level.macro[name] for name in ("precision", "recall", "f1"))
        rows.append([f"{level.level}, mean of kinds", *map(_figure, mean), "", ""])
    return _section("Mentions", table(HEAD, rows, caption="How well mentions are found, on three levels"))


def _kinds(found: Evaluation) -> Html:
    parts = []
    for level in found.spans:
        rows: list[list[str | int]] = [
            [kind, *_figures(prf), charts.meter(prf.f1)] for kind, prf in level.kinds.items()
        ]
        parts.append(table([*HEAD, ""], rows, caption=f"By kind, {level.level}"))
    return _section("Kinds", *parts)


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
    inside = f"<thead><tr><th>gold</th>{head}</tr></thead><tbody>{rows}</tbody>"
    caption = "What mentions of each kind (rows) were taken for (columns)"
    shown = element("table", element("caption", caption), Html(inside))
    return _section(
        "Confusion", element("div", shown, class_="wide", tabindex="0", role="region", aria_label=caption)
    )


def _last(kind: str | None) -> tuple[bool, str]:
    return kind is None, kind or ""


def _cell(count: int, highest: int) -> Html:
    shade = f"background: rgba(var(--shade), {0.45 * math.sqrt(count / highest):.2f})" if count else None
    return element("td", count or "", style=shade)


def _named(title: str, what: str, found: Mapping[str, Prf]) -> Html:
    rows: list[list[str | int]] = [
        [name, *_figures(one), charts.meter(one.f1)] for name, one in found.items()
    ]
    return _section(title, table([what, *HEAD[1:], ""], rows, caption=title)) if rows else Html("")


def _codes(found: Evaluation) -> Html:
    parts = []
    for system, measures in found.codes.items():
        rows: list[list[str | int]] = [
            [SAYS[name], _figure(one.recall), _figure(one.precision), f"{one.given} of {one.wanted}"]
            for name, one in measures.items()
        ]
        head = ["right is", "of all", "of those given", "given"]
        parts.append(table(head, rows, caption="All code systems" if system == "all" else system))
    return _section("Codes of matched mentions", *parts) if parts else Html("")


def _curves(found: Evaluation) -> Html:
    parts = [
        _reliability("Confidence of mentions", found.confidence),
        _reliability("Scores of codes", found.code_confidence),
        _abstention(found.abstention),
    ]
    shown = [one for one in parts if one]
    return _section("How sure, how right", element("div", *shown, class_="charts")) if shown else Html("")


def _reliability(name: str, found: Reliability | None) -> Html:
    if found is None:
        return Html("")
    told = f"{name}: calibration error {found.error:.3f} over {found.count}, in {len(found.bins)} bins"
    places = [(one.sure, one.right) for one in found.bins]
    plot = charts.curve(places, title=told, across="sure", up="right", diagonal=True, dots=True)
    return element("figure", plot, element("figcaption", told))


def _abstention(points: Sequence[Point]) -> Html:
    if not points:
        return Html("")
    told = "Codes under a score withheld: the share that is left, and how much of it is right"
    places = [(one.coverage, one.accuracy) for one in points]
    plot = charts.curve(places, title=told, across="given", up="right", diagonal=False, dots=len(points) < 30)
    return element("figure", plot, element("figcaption", told))


def _compared(compared: Sequence[Compared]) -> Html:
    if not compared:
        return Html("")
    rows: list[list[str | int]] = []
    for one in compared:
        found = one.difference
        between = f" [{found.interval.low:+.3f}, {found.interval.high:+.3f}]"
        change = joined(f"{found.value:+.3f}", element("span", between, class_="interval"))
        verdict = element("span", "worse", class_="worse") if one.worse else ""
        rows.append(
            [one.name, f"{found.first:.3f}", f"{found.second:.3f}", change, f"{one.adjusted:.4f}", verdict]
        )
    caption = "p: of approximate randomisation over documents, corrected for the number of figures (Holm)"
    return _section(
        "Compared", table(["figure", "run", "other", "difference", "p", ""], rows, caption=caption)
    )


def _mistakes(mistakes: Sequence[Mistake]) -> Html:
    lists = []
    for what in WHATS:
        some = [one for one in mistakes if one.what == what]
        if some:
            rest = f", the first {MOST}" if len(some) > MOST else ""
            summary = element("summary", f"{TITLES[what]} ({len(some)}{rest})")
            lists.append(
                element("details", summary, element("ol", *map(_item, some[:MOST]), class_="mistakes"))
            )
    legend = element(
        "p",
        *(
            element("mark", "gold alone", class_="gold"),
            " ",
            element("mark", "the run alone", class_="found"),
        ),
        *(" ", element("mark", "both", class_="both")),
    )
    return _section("Mistakes", *([legend] if any(one.passage for one in mistakes) else []), *lists)


def _item(one: Mistake) -> Html:
    where = element("div", f"{one.document}, {one.start}-{one.end}", class_="soft")
    parts = [f"gold: {one.gold}" if one.gold else "", f"run: {one.found}" if one.found else ""]
    told = element("div", "; ".join(part for part in parts if part))
    shown = element("blockquote", *_marked(one), dir="auto") if one.passage else ""
    return element("li", where, told, shown)


def _marked(one: Mistake) -> Iterator[str]:
    for part in one.passage:
        name = {(True, True): "both", (True, False): "gold", (False, True): "found"}.get(
            (part.gold, part.found)
        )
        yield element("mark", part.text, class_=name) if name else part.text


def _section(title: str, *inside: str) -> Html:
    return element("section", element("h2", title), *inside)


HEAD = ["", "precision", "recall", "F1", "gold", "run"]


def _figures(one: Prf) -> list[str | int]:
    return [_figure(one.precision), _figure(one.recall), _figure(one.f1), one.wanted, one.given]


def _figure(one: Score) -> Html:
    if math.isnan(one.value):
        return Html("&ndash;")
    between = f" [{one.interval.low:.2f}, {one.interval.high:.2f}]"
    return joined(f"{one.value:.3f}", element("span", between, class_="interval"))
