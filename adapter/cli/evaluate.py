"""`notewright evaluate COMMAND`."""

import json
import math
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import terminology
from adapter import assembly
from adapter.cli import evaluate_gate, streams, wire
from adapter.errors import InputError
from adapter.evaluation import comparison, mistakes, readers, record
from adapter.evaluation import dragon as scoring
from adapter.evaluation import findings as measuring
from adapter.evaluation import report as reports
from adapter.evaluation.codes import Subsumes
from adapter.evaluation.readers import summaries
from adapter.evaluation.record import Document
from adapter.settings import Settings
from adapter.tasks import library
from adapter.tasks.importing import benchmark


def dragon(
    _settings: Settings,
    *,
    task_configuration: Path,
    predictions: Sequence[str],
    ground_truth: Path,
    epsilon: str | None,
) -> int:
    """The DRAGON score of predictions, one file for each fold; exit code 1 when it is undefined."""
    asked = benchmark.configuration(task_configuration)
    if epsilon is not None:
        asked = replace(asked, epsilon=_positive(epsilon))
    folds = [benchmark.rows(Path(name)) for name in predictions]
    scored = scoring.scored(asked, folds, benchmark.rows(ground_truth))
    told = {
        "task": scored.task,
        "type": asked.prediction,
        "metric": scored.metric,
        "cases": scored.cases,
        "folds": [_number(one) for one in scored.folds],
        "mean": _number(scored.mean),
        "deviation": _number(scored.deviation),
    }
    print(json.dumps(told, indent=2))  # noqa: T201
    return int(math.isnan(scored.mean))


def findings(
    settings: Settings,
    *,
    gold: Path,
    gold_format: str | None,
    predicted: Path,
    predicted_format: str | None,
    compare: Path | None,
    output: str,
    report: Path | None,
    no_text: bool,
    kinds: Sequence[str] | None,
    rename: Sequence[str] | None,
    asked_task: str | None,
    least: Sequence[str] | None,
    most: Sequence[str] | None,
    seed: int,
) -> int:
    """How good findings are against gold; exit code 5 when a figure is under what was asked, or worse."""
    wanted, names, only = (
        evaluate_gate.gate(least, most, measuring.DEFAULT),
        evaluate_gate.names(rename),
        _kinds(settings, kinds, asked_task),
    )
    truth = readers.read(gold, gold_format)
    texts = {one.id: one.text for one in truth if one.text is not None}
    paths = [path for path in (predicted, compare) if path is not None]
    read = [readers.read(path, predicted_format, texts) for path in paths]
    evaluate_gate.there(names, [truth, *read], "--rename")
    truth, *read = (record.renamed(documents, names) for documents in (truth, *read))
    evaluate_gate.there(kinds or (), [truth, *read], "--kind")
    runs = [
        record.paired(truth, documents, only, name=path.name)
        for path, documents in zip(paths, read, strict=True)
    ]
    with ExitStack() as stack:
        subsumes = _subsumes(settings, truth, stack)
        found = [measuring.evaluate(cases, subsumes=subsumes, seed=seed) for cases in runs]
    compared = comparison.compare(*found, seed=seed) if compare is not None else ()
    code = evaluate_gate.tell(
        measuring.as_json(found[0]), measuring.figures(found[0]), wanted, compared, output
    )
    for system in found[0].not_given:
        streams.say(f"notewright: gold has codes of {system}, no mention found has one")
    if report is not None:
        listed = mistakes.listed(runs[0], text=not no_text)
        page = reports.written(found[0], listed, compared, title=f"Evaluation of {predicted.name}")
        report.write_text(page, "utf-8", "replace")  # lone surrogates, which UTF-8 cannot hold
    return code


def notes(_settings: Settings, *, gold: Path, gold_format: str | None, output: str) -> int:
    """The texts of gold as JSON lines that `extract` reads."""
    with streams.target(output) as out:
        for id, text in _texts(gold, gold_format):
            out.write(wire.dump({"id": id, "text": text}) + "\n")
    return 0


def _texts(gold: Path, gold_format: str | None) -> list[tuple[str, str]]:
    if gold_format == "elmtex":
        return summaries.reports(gold)
    found = [(one.id, one.text) for one in readers.read(gold, gold_format)]
    texts = [(id, text) for id, text in found if text is not None]
    if len(texts) < len(found):
        raise InputError(f"{gold.name}: a document without its text", path="--gold")
    return texts


def _subsumes(settings: Settings, truth: Sequence[Document], stack: ExitStack) -> Subsumes | None:
    """The hierarchy of the terminology store, where gold has codes."""
    if not any(each.codes for one in truth for each in one.annotations):
        return None
    return stack.enter_context(terminology.open_store(assembly.store_path(settings, streams.say))).subsumes


def _kinds(settings: Settings, kinds: Sequence[str] | None, task: str | None) -> tuple[str, ...]:
    """The kinds that are measured: those named, else those of the answers of a task; none: those of gold."""
    if kinds or task is None:
        return tuple(kinds or ())
    views = library.find(task, settings.tasks).views
    found = [kind for view in views for kind in (view.kind, *(one.kind for one in view.details))]
    if not found:
        raise InputError("the answers of this task give no mentions", path="--task")
    return tuple(dict.fromkeys(found))


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise InputError("--epsilon: not a number above 0", path="--epsilon")
    return value
