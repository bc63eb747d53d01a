"""`notewright evaluate answers`: ELMTEX summaries, as ELMTEX scores them and strictly."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any

from adapter import assembly, engines
from adapter.cli import evaluate_gate, streams
from adapter.evaluation import answer_mistakes, comparison, texts
from adapter.evaluation import answers as measuring
from adapter.evaluation import report as reports
from adapter.evaluation.answers import AnswerEvaluation, Concepts
from adapter.evaluation.readers import summaries
from adapter.models.vectors import TokenVectors
from adapter.settings import Settings

NO_ROUGE = "needs the package rouge-score: the extra evaluation"


def answers(
    settings: Settings,
    *,
    gold: Path,
    predicted: Path,
    compare: Path | None,
    no_bertscore: bool,
    concepts: bool,
    report: Path | None,
    no_text: bool,
    output: str,
    least: Sequence[str] | None,
    most: Sequence[str] | None,
    seed: int,
) -> int:
    """How good ELMTEX summaries are; exit code 5 when a figure is under what was asked, or worse."""
    wanted = evaluate_gate.gate(least, most, measuring.DEFAULT)
    runs = [summaries.paired(gold, path) for path in (predicted, compare) if path is not None]
    rouge = texts.rouge()
    if rouge is None:
        streams.say(f"notewright: ROUGE is left out: {NO_ROUGE}")
    with ExitStack() as stack:
        model = None if no_bertscore else stack.enter_context(_model(settings))
        coded = stack.enter_context(_concepts(settings)) if concepts else None
        evaluate = partial(measuring.evaluate, rouge=rouge, embed=model, concepts=coded, seed=seed)
        found = [evaluate(cases) for cases in runs]
    compared = comparison.compare(*found, seed=seed) if compare is not None else None
    told = measuring.as_json(found[0]) | {
        "rouge": NO_ROUGE if rouge is None else "rouge-score, with stemming"
    }
    told["bertscore"] = None if model is None else _about(model, found[0])
    if report is not None:
        listed = answer_mistakes.listed(runs[0], text=not no_text)
        page = reports.answers(found[0], listed, compared or (), title=f"Evaluation of {predicted.name}")
        report.write_text(page, "utf-8", "replace")  # lone surrogates, which UTF-8 cannot hold
    return evaluate_gate.tell(told, found[0].figures, wanted, compared, output)


def _model(settings: Settings) -> TokenVectors:
    path = engines.model_path(replace(settings, engine="encoder"))
    return TokenVectors(path, threads=settings.cores)


@contextmanager
def _concepts(settings: Settings) -> Iterator[Concepts]:
    """The concepts of a text: the first coding of everything that is found in it.

    A field such as "asthma" is in no language by itself: it is read in that of its report.
    """
    shipped = replace(settings, engine="encoder", model=None)
    with assembly.opened(shipped, streams.say) as pipeline:
        language = cache(pipeline.language)

        def found(text: str, told: str) -> Counter[str]:
            findings = () if texts.is_nothing(text) else pipeline.text("field", text, language(told))[0]
            return Counter(
                {f"{one.codings[0].system}|{one.codings[0].code}" for one in findings if one.codings}
            )

        yield found


def _about(model: TokenVectors, found: AnswerEvaluation) -> dict[str, Any]:
    """What BERTScore rests on: its figures can only be compared with those of the same model."""
    baseline = {key: round(value, 6) for key, value in found.baseline.items()}
    return {"model": model.name, "sha256": model.digest, "layer": model.layer, "baseline": baseline}
