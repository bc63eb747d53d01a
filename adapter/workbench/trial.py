"""The page Try: a note, and side by side what was found, decided, coded, emitted and left out."""

from starlette.responses import Response

from adapter.settings import VERSIONS
from adapter.workbench import drawing, trying
from adapter.workbench.examples import examples
from adapter.workbench.page import Action, Asked, Page, render


def answer(asked: Asked) -> Response:
    """The page, with what became of the note that was sent."""
    trial = trying.read(asked.form, asked.bench.fhir)
    return render(
        asked,
        "try.html",
        trial=trial,
        page=drawing.page(trying.run(trial, asked.bench)) if trial else None,
        examples=examples(),
        languages=trying.LANGUAGES,
        versions=VERSIONS,
        system=drawing.system,
    )


PAGE = Page(path="try", name="Try", actions=(Action(answer=answer), Action(answer=answer, method="POST")))
