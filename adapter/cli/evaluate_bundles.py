"""`notewright evaluate bundles`: how good FHIR Bundles are against those expected."""

from collections.abc import Sequence
from pathlib import Path

from adapter.cli import evaluate_gate, streams
from adapter.evaluation import bundle_differences, comparison, scores
from adapter.evaluation import bundles as measuring
from adapter.evaluation import report as reports
from adapter.evaluation.readers import fhir
from adapter.settings import Settings


def bundles(
    _settings: Settings,
    *,
    expected: Path,
    emitted: Path,
    compare: Path | None,
    diff: str | None,
    report: Path | None,
    no_text: bool,
    least: Sequence[str] | None,
    most: Sequence[str] | None,
    seed: int,
    output: str,
) -> int:
    """How good Bundles are; exit code 5 when a figure is under what was asked, or worse."""
    bounds = evaluate_gate.gate(least, most, measuring.DEFAULT)
    runs = [fhir.paired(expected, path) for path in (emitted, compare) if path is not None]
    found = [measuring.evaluate(cases, seed=seed) for cases in runs]
    compared = comparison.compare(*found, seed=seed) if compare is not None else None
    cases, figures = runs[0], measuring.figures(found[0])
    told = {
        "documents": len(cases),
        "missing": sum(case.emitted is None for case in cases),
        "figures": {name: scores.told(one) for name, one in sorted(figures.items())},
    }
    code = evaluate_gate.tell(told, figures, bounds, compared, output)
    if diff is not None:
        with streams.target(diff) as out:
            out.writelines(f"{line}\n" for case in cases for line in measuring.diff(case))
    if report is not None:
        differing = bundle_differences.cases(cases, text=not no_text)
        title = f"Evaluation of {emitted.name}"
        page = reports.bundles(found[0], cases, differing, compared or (), title=title)
        report.write_text(page, "utf-8", "replace")  # lone surrogates, which UTF-8 cannot hold
    return code
