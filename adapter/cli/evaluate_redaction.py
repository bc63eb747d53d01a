"""`notewright evaluate redaction`: how well identifiers are found, and what of them is left to read."""

from collections.abc import Sequence
from pathlib import Path

from adapter.cli import evaluate_gate
from adapter.errors import InputError
from adapter.evaluation import comparison, mistakes, readers, record
from adapter.evaluation import redaction as measuring
from adapter.evaluation import report as reports
from adapter.evaluation.record import Document
from adapter.settings import Settings


def redaction(
    _settings: Settings,
    *,
    gold: Path,
    gold_format: str | None,
    predicted: Path,
    predicted_format: str | None,
    compare: Path | None,
    rename: Sequence[str] | None,
    report: Path | None,
    no_text: bool,
    output: str,
    least: Sequence[str] | None,
    most: Sequence[str] | None,
    seed: int,
) -> int:
    """How well identifiers are found; exit code 5 when a figure is under what was asked, or worse."""
    wanted, names = evaluate_gate.gate(least, most, measuring.DEFAULT), evaluate_gate.names(rename)
    truth = readers.read(gold, gold_format, identifiers=True)
    if any(one.text is None for one in truth):
        raise InputError(f"{gold.name}: a document without its text", path="--gold")
    texts = {one.id: one.text for one in truth if one.text is not None}
    paths = [path for path in (predicted, compare) if path is not None]
    read = [readers.read(path, predicted_format, texts, identifiers=True) for path in paths]
    evaluate_gate.there(names, [truth, *read], "--rename")
    truth, *read = (record.renamed(documents, names) for documents in (truth, *read))
    runs = [
        record.paired(truth, given, _kinds([*truth, *given]), name=path.name)
        for path, given in zip(paths, read, strict=True)
    ]
    found = [measuring.evaluate(cases, seed=seed) for cases in runs]
    compared = comparison.compare(*found, seed=seed) if compare is not None else None
    if report is not None:
        left, listed = (told(runs[0], text=not no_text) for told in (mistakes.left, mistakes.listed))
        title = f"Evaluation of {predicted.name}"
        page = reports.redaction(found[0], left, listed, compared or (), title=title)
        report.write_text(page, "utf-8", "replace")  # lone surrogates, which UTF-8 cannot hold
    return evaluate_gate.tell(
        measuring.as_json(found[0]), measuring.figures(found[0]), wanted, compared, output
    )


def _kinds(documents: Sequence[Document]) -> list[str]:
    """Every kind there is: what was taken for another kind is blacked out all the same."""
    return sorted({each.kind for one in documents for each in one.annotations})
