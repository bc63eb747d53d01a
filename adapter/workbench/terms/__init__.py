"""The page Terminology: why words get their code, what a concept is, what the FHIR operations answer."""

from starlette.responses import Response

from adapter.errors import EngineError
from adapter.workbench.bench import Bench
from adapter.workbench.page import Action, Answer, Asked, Page, render
from adapter.workbench.terms import concepts, operating, ruling, searching
from adapter.workbench.terms.naming import LANGUAGES, link, system, uri
from adapter.workbench.terms.operating import OPERATIONS
from adapter.workbench.trying import LANGUAGES as OFFERED
from terminology import TerminologyError
from terminology.systems import SHORT


def search(asked: Asked) -> Response:
    """The page, with what coding does with the words that were sent."""
    service = operating.service(asked.bench)
    mention = searching.read(asked.form)
    found = searching.found(asked.bench, service, mention) if mention.text else None
    return _page(
        asked,
        "terminology.html",
        mention=mention,
        found=found,
        kinds=searching.kinds(asked.bench),
        signs=searching.SIGNS,
        languages={key: name for key, name in OFFERED.items() if key},
        manifest=service.store.manifest,
        held=service.store.systems(),
    )


def concept(asked: Asked) -> Response:
    """A concept with all that is known of it."""
    service = operating.service(asked.bench)
    known = ruling.read(asked.form)
    view = concepts.view(service, asked.form, known)
    return _page(
        asked,
        "terminology-concept.html",
        status=404 if view.code and view.concept is None else 200,
        view=view,
        known=known,
        units=ruling.UNITS,
        truths=ruling.TRUTHS,
        states=ruling.STATES,
    )


def ask(asked: Asked) -> Response:
    """One of the FHIR operations: its form, and what it answers."""
    kind = operating.operation(asked.path["operation"])
    told = operating.told(asked.bench, kind, asked.form)
    served = operating.service(asked.bench)
    held = [one.system for one in served.store.systems()]
    return _page(
        asked,
        "terminology-ask.html",
        kind=kind,
        told=told,
        units=ruling.UNITS,
        languages=LANGUAGES,
        known=ruling.read(asked.form),
        targets=list(dict.fromkeys([*held, *SHORT.values(), *operating.systems(served, "target")])),
        sources=list(dict.fromkeys([*held, *operating.systems(served, "source")])),
    )


def there(bench: Bench) -> bool:
    """Whether there is a store to ask."""
    return bool(bench.terminology)


def _page(asked: Asked, template: str, status: int = 200, **values: object) -> Response:
    held = operating.service(asked.bench).store.systems()
    return render(
        asked,
        template,
        status,
        operations=OPERATIONS,
        system=system,
        link=link,
        uri=uri,
        choices=[one.system for one in held],
        page=PAGE,
        **values,
    )


def _told(answer: Answer) -> Answer:
    """The same; a store that cannot be asked is a page that says so."""

    def safely(asked: Asked) -> Response:
        try:
            return answer(asked)
        except TerminologyError as error:
            raise EngineError(f"The terminology could not be asked: {error}") from None

    return safely


PAGE = Page(
    path="terminology",
    name="Terminology",
    actions=(
        Action(answer=_told(search)),
        Action(answer=_told(search), method="POST"),
        Action(answer=_told(concept), path="/concept"),
        Action(answer=_told(ask), path="/{operation}"),
    ),
    there=there,
)
