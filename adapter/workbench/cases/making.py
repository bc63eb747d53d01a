"""A note -> a case: what it gives now is what it must give from then on."""

from collections.abc import Sequence
from dataclasses import replace

from starlette.responses import Response

from adapter.cases import Fault
from adapter.cases.folder import DOCUMENT, NOTE, normal, posted
from adapter.errors import EngineError, InputError
from adapter.model import Resource
from adapter.settings import VERSIONS
from adapter.workbench import dropped, trying
from adapter.workbench.acts import told
from adapter.workbench.bench import Bench
from adapter.workbench.cases.changing import read_head
from adapter.workbench.cases.listing import book
from adapter.workbench.cases.one import address
from adapter.workbench.page import Asked, render, sent_to
from adapter.workbench.trying import LANGUAGES, Trial


def show(asked: Asked) -> Response:
    """The form, empty."""
    return _page(asked, trying.read({}, asked.bench))


def propose(asked: Asked) -> Response:
    """The form, with the note that was just tried."""
    return _page(asked, trying.read(asked.form, asked.bench, asked.files))


def add(asked: Asked) -> Response:
    """Makes the case: the line is run, and what it gives is kept as what it must give."""
    trial = trying.read(asked.form, asked.bench, asked.files)
    said, faults = read_head(asked.form)
    if not trial.asked:
        faults.append(Fault(file=NOTE, key="", message="there is no note"))
    if said is None or faults:
        return _page(asked, trial, faults)
    try:
        document = _document(trial)
        gives = _gives(trial, document, asked.bench)
        kept = said if isinstance(document, str) else said.model_copy(update={"language": ""})
        case = book(asked.bench).shelf.add(asked.form.get("name", ""), kept, document, gives)
    except InputError as error:
        return _page(asked, trial, [Fault(file="", key=error.path or "", message=str(error))])
    told(asked, "$case-make", status=303, digest=trial.digest)
    return sent_to(address(case))


def _document(trial: Trial) -> str | Resource:
    """What is kept: a plain text as it is, anything else as the resource that carries it."""
    text = trial.text
    plain = trial.file is None and not (
        dropped.fhir_json(text) or dropped.fhir_xml(text) or dropped.cda(text)
    )
    return text if plain else trial.document()


def _gives(trial: Trial, document: str | Resource, bench: Bench) -> Resource:
    """The Bundle that it gives now, as a case of this version and language would."""
    if bench.pipeline is None:
        raise EngineError("This process has no model: other processes do the work.")
    carried = posted(document, trial.language) if isinstance(document, str) else document
    with bench.turn():
        line = replace(bench.pipeline, fhir=trial.fhir)
        outcome = line.run(carried)
    if outcome.errors and not outcome.counts.get("emission"):
        raise InputError(outcome.errors[0].message, path=outcome.errors[0].path or DOCUMENT)
    return normal(outcome.bundle)


def _page(asked: Asked, trial: Trial, faults: Sequence[Fault] = ()) -> Response:
    return render(
        asked,
        "case-new.html",
        status=400 if faults else 200,
        trial=trial,
        wrong=faults,
        form=asked.form,
        languages=LANGUAGES,
        versions=VERSIONS,
    )
