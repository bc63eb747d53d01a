"""An evaluation of identifiers -> its report."""

from collections.abc import Mapping, Sequence

from adapter.evaluation.comparison import Compared
from adapter.evaluation.mistakes import Mistake
from adapter.evaluation.redaction import ALL, RedactionEvaluation
from adapter.evaluation.report import charts, frame
from adapter.evaluation.report.frame import HEAD, figure, folded, prf_table, section
from adapter.evaluation.report.html import Cell, Html, table
from adapter.evaluation.scores import Prf

HEADS = ["gone", "of", "left", "recall", ""]
COUNTED = ("tokens", "characters", "identifiers", "documents")


def written(
    found: RedactionEvaluation,
    left: Sequence[Mistake],
    mistakes: Sequence[Mistake],
    compared: Sequence[Compared] = (),
    *,
    title: str,
) -> str:
    """The page."""
    sections = [
        section("Blacked out", _redacted(found)),
        section("By kind", *_kinds(found)),
        section("Found for what they are", *_spans(found)),
        frame.compared(compared),
        frame.mistakes(left, title="What can still be read"),
        frame.mistakes(mistakes, title="Found otherwise"),
    ]
    return frame.page(title, _summary(found), sections)


def _summary(found: RedactionEvaluation) -> str:
    told = f"{frame.counted(found.documents, 'document')}, {found.bare} without identifiers."
    if found.missing:
        told += f" For {found.missing} of them the run gave nothing: nothing of them is blacked out."
    return f"{told} {frame.BRACKETS}"


def _redacted(found: RedactionEvaluation) -> Html:
    """All kinds together: what is gone, of what should be."""
    rows: list[list[Cell]] = []
    for measure in COUNTED:
        one = found.redacted[measure][ALL]
        precise = figure(one.precision) if measure in ("tokens", "characters") else ""
        rows.append([measure, *_gone(one), precise])
    head = ["", *HEADS, "precision"]
    return table(head, rows, caption="What is gone when all that was found is blacked out, whatever its kind")


def _kinds(found: RedactionEvaluation) -> list[Html]:
    tables = []
    for measure in COUNTED:
        kinds: Mapping[str, Prf] = {
            kind: one for kind, one in found.redacted[measure].items() if kind != ALL and one.wanted
        }
        rows: list[list[Cell]] = [[kind, *_gone(one)] for kind, one in kinds.items()]
        if rows:
            tables.append(table(["kind", *HEADS], rows, caption=f"{measure.capitalize()} that are gone"))
    return [one if at == 0 else folded(COUNTED[at].capitalize(), one) for at, one in enumerate(tables)]


def _gone(one: Prf) -> list[Cell]:
    hits = int(one.hits)
    return [hits, one.wanted, one.wanted - hits, figure(one.recall), charts.meter(one.recall)]


def _spans(found: RedactionEvaluation) -> list[Html]:
    rows: list[list[Cell]] = [[level.level, *frame.figures(level.micro)] for level in found.spans]
    tables = [
        folded(f"By kind, {level.level}", prf_table("kind", level.kinds, caption=f"By kind, {level.level}"))
        for level in found.spans
        if level.kinds
    ]
    return [
        table(HEAD, rows, caption="Identifiers, found and taken for their kind, on three levels"),
        *tables,
    ]
