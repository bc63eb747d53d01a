"""What every report is made of: one HTML file that needs nothing else, no script, no font, no picture."""

import math
from collections.abc import Iterator, Mapping, Sequence

from adapter.evaluation.comparison import Compared
from adapter.evaluation.mistakes import WHATS, Mistake
from adapter.evaluation.report import charts, style
from adapter.evaluation.report.html import Cell, Html, element, joined, table
from adapter.evaluation.scores import Prf, Score

MOST = 300  # mistakes of a sort that are shown
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
HEAD = ["", "precision", "recall", "F1", "gold", "run"]
BRACKETS = "In brackets: what 95 of 100 sets of such documents would give."
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


def page(title: str, told: str, sections: Sequence[Html]) -> str:
    """The whole file."""
    head = [
        Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'),
        Html('<meta name="referrer" content="no-referrer">'),
        element("title", title),
        element("style", Html(style.SHEET)),
    ]
    body = element("main", element("h1", title), element("p", told), *sections)
    whole = element("html", element("head", *head), element("body", body), lang="en")
    return f"<!DOCTYPE html>\n{whole}\n"


def counted(count: int, name: str) -> str:
    """So many of something."""
    return f"{count} {name}" if count == 1 else f"{count} {name}s"


def section(title: str, *inside: str) -> Html:
    """A part under a heading; nothing where there is nothing in it."""
    return element("section", element("h2", title), *inside) if any(inside) else Html("")


def folded(summary: str, *inside: str) -> Html:
    """A part that a reader opens."""
    return element("details", element("summary", summary), *inside)


def figure(one: Score) -> Html:
    """A figure with its interval."""
    if math.isnan(one.value):
        return Html('<span class="soft">&ndash;</span>')
    between = f" [{one.interval.low:.2f}, {one.interval.high:.2f}]"
    return joined(f"{one.value:.3f}", element("span", between, class_="interval"))


def figures(one: Prf) -> list[Cell]:
    """Precision, recall, F1 and what they are made of, as cells."""
    return [figure(one.precision), figure(one.recall), figure(one.f1), one.wanted, one.given]


def prf_table(what: str, found: Mapping[str, Prf], *, caption: str) -> Html:
    """A row each with precision, recall and F1, which is drawn too; nothing without rows."""
    rows: list[list[Cell]] = [[name, *figures(one), charts.meter(one.f1)] for name, one in found.items()]
    return table([what, *HEAD[1:], ""], rows, caption=caption) if rows else Html("")


def compared(found: Sequence[Compared]) -> Html:
    """How the run differs from another."""
    rows: list[list[Cell]] = []
    for one in found:
        apart = one.difference
        between = f" [{apart.interval.low:+.3f}, {apart.interval.high:+.3f}]"
        change = joined(f"{apart.value:+.3f}", element("span", between, class_="interval"))
        verdict = element("span", "worse", class_="worse") if one.worse else ""
        rows.append(
            [one.name, f"{apart.first:.3f}", f"{apart.second:.3f}", change, f"{one.adjusted:.4f}", verdict]
        )
    caption = "p: of approximate randomisation over documents, corrected for the number of figures (Holm)"
    head = ["figure", "run", "other", "difference", "p", ""]
    return section("Compared", table(head, rows, caption=caption)) if rows else Html("")


def mistakes(found: Sequence[Mistake], *, title: str = "Mistakes") -> Html:
    """Mistakes by their sort, each with its sentence where it is told."""
    parts = []
    for what in WHATS:
        some = [one for one in found if one.what == what]
        if some:
            rest = f", the first {MOST}" if len(some) > MOST else ""
            items = element("ol", *map(_item, some[:MOST]), class_="mistakes")
            parts.append(folded(f"{TITLES[what]} ({len(some)}{rest})", items))
    legend = [_legend()] if any(one.passage for one in found) else []
    return section(title, *legend, *(parts or [element("p", "None.")]))


def _legend() -> Html:
    marks = (("gold alone", "gold"), ("the run alone", "found"), ("both", "both"))
    return element("p", *(joined(element("mark", text, class_=name), " ") for text, name in marks))


def _item(one: Mistake) -> Html:
    where = element("div", f"{one.document}, {one.start}\u2013{one.end}", class_="soft")
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
