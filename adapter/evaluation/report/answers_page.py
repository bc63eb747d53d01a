"""An evaluation of ELMTEX summaries -> its report."""

from collections.abc import Mapping, Sequence

from adapter.evaluation.answer_mistakes import AnswerMistake, Item, Mistaken
from adapter.evaluation.answers import AnswerEvaluation
from adapter.evaluation.comparison import Compared
from adapter.evaluation.report import frame
from adapter.evaluation.report.frame import figure, folded, section
from adapter.evaluation.report.html import Cell, Html, element, facts, joined, table
from adapter.tasks.elmtex import KEYS

WHOLE = {"micro": "all fields", "macro": "mean of fields"}
ITEMS = {
    "strict.items.{}.precision": "precision",
    "strict.items.{}.recall": "recall",
    "strict.items.{}.f1": "F1",
    "strict.concepts.{}.f1": "concepts F1",
    "invented.{}": "invented",
    "omitted.{}": "omitted",
}
STRICT = {
    "strict.rouge1.{}": "ROUGE-1",
    "strict.rouge2.{}": "ROUGE-2",
    "strict.rougeL.{}": "ROUGE-L",
    "strict.bertscore.{}.f1": "BERTScore",
    "strict.bertscore.{}.rescaled": "rescaled",
}
LENIENT = {name.replace("strict.", "elmtex."): said for name, said in STRICT.items()} | {
    "elmtex.entities.{}.f1": "entities F1",
    "elmtex.concepts.{}.f1": "concepts F1",
}
FORGIVEN = "Answers that are no objects cost nothing; BERTScore counts fields that both leave empty"


def written(
    found: AnswerEvaluation, mistakes: Sequence[Mistaken], compared: Sequence[Compared] = (), *, title: str
) -> str:
    """The page."""
    told = f"{frame.counted(found.reports, 'report')}."
    if found.invalid:
        told += f" Answers that are not valid, and count as saying nothing: {found.invalid}."
    sections = [
        section(
            "Facts", _table(found, ITEMS, "Items between semicolons; case, space and marks at the ends aside")
        ),
        section("Texts, strictly", _table(found, STRICT, "Over every field in which either says something")),
        section("Texts, as ELMTEX scores them", _table(found, LENIENT, FORGIVEN)),
        frame.compared(compared),
        _mistakes(mistakes),
    ]
    return frame.page(title, f"{told} {frame.BRACKETS}", sections)


def _table(found: AnswerEvaluation, columns: Mapping[str, str], caption: str) -> Html:
    """A row for each field of which something is measured, and those over all fields first."""
    there = {
        pattern: said
        for pattern, said in columns.items()
        if any(pattern.format(key) in found.figures for key in (*WHOLE, *KEYS))
    }
    rows: list[list[Cell]] = []
    for key in (*WHOLE, *KEYS):
        scores = [found.figures.get(pattern.format(key)) for pattern in there]
        if any(scores):
            rows.append([_name(key), *(figure(one) if one else "" for one in scores)])
    return table(["field", *there.values()], rows, caption=caption) if there else Html("")


def _name(key: str) -> str:
    return WHOLE.get(key, key.replace("_", " "))


def _mistakes(found: Sequence[Mistaken]) -> Html:
    shown = [_report(one) for one in found[: frame.MOST]]
    rest = len(found) - len(shown)
    more = [element("p", f"{rest} more reports differ.")] if rest else []
    legend = element(
        "p",
        element("mark", "gold alone", class_="gold"),
        " ",
        element("mark", "the answer alone", class_="found"),
    )
    told = any(field.gold or field.given for one in found for field in one.fields)
    parts = [*([legend] if told else []), *(shown or [element("p", "None.")]), *more]
    return section("Mistakes", *parts)


def _report(one: Mistaken) -> Html:
    missed, invented = (sum(getattr(field, name) for field in one.fields) for name in ("missed", "invented"))
    invalid = "" if one.valid else "not valid; "
    rows = [_row(field) for field in one.fields]
    head = ["field", "gold", "answer"]
    return folded(f"{one.report}: {invalid}{missed} missed, {invented} invented", facts(head, rows))


def _row(one: AnswerMistake) -> list[str]:
    if not (one.gold or one.given):
        return [_name(one.field), f"{one.missed} missed", f"{one.invented} invented"]
    return [_name(one.field), _items(one.gold, "gold"), _items(one.given, "found")]


def _items(items: Sequence[Item], name: str) -> Html:
    shown = [one.text if one.shared else element("mark", one.text, class_=name) for one in items]
    return joined(*(part for at, one in enumerate(shown) for part in (["; ", one] if at else [one])))
