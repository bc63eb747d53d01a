"""`notewright tasks answer-dragon`: a data set of the DRAGON benchmark, answered by a language model."""

import json
from pathlib import Path

from adapter import engines
from adapter.cli import streams
from adapter.engines import Answer
from adapter.evaluation import predictions
from adapter.evaluation.predictions import Answered
from adapter.settings import LANGUAGE_MODELS, Settings
from adapter.tasks.importing import benchmark


def answer(settings: Settings, *, task_configuration: Path, dataset: Path, output: str, quiet: bool) -> int:
    """Writes a prediction for every case; exit code 1 when cases could not be answered."""
    settings = settings if settings.engine in LANGUAGE_MODELS else engines.asking(settings)
    asked = benchmark.configuration(task_configuration)
    cases = benchmark.rows(dataset)
    progress = streams.Progress("answer", quiet=quiet)
    engine = engines.asked(settings)
    try:
        found = []
        for case in cases:
            text, id = benchmark.text(asked, case), str(case["uid"])
            told = engines.answered(engine, id, text, settings.language)
            progress.count(failed=told.value is None)
            found.append(_answered(id, told))
    finally:
        engine.close()
    progress.end()
    exported = predictions.exported(asked, cases, found)
    with streams.target(output) as out:
        out.write(json.dumps(list(exported.rows), ensure_ascii=False) + "\n")
    if exported.lost:
        streams.say(f"{exported.lost} quotes are no words of their case")
    return 1 if exported.failed else 0


def _answered(id: str, told: Answer) -> Answered:
    return Answered(
        id=id,
        answer=told.value,
        scores={fact.path: fact.confidence for fact in told.facts if fact.confidence is not None},
        spans={fact.path: [(span.start, span.end) for span in fact.spans] for fact in told.facts},
    )
