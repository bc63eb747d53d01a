"""What somebody changes of a case: what it says, what it expects, and whether it is there at all."""

from collections.abc import Mapping

from starlette.responses import Response

from adapter.cases import Fault, folder, shelf
from adapter.cases.folder import EXPECTED, Head
from adapter.errors import InputError
from adapter.fhir.wire.json_reader import read_json
from adapter.workbench.acts import told
from adapter.workbench.cases.listing import HERE, book, worker
from adapter.workbench.cases.one import Typed, address, case_of, drawn
from adapter.workbench.page import Asked, sent_to


def read_head(form: Mapping[str, str]) -> tuple[Head | None, list[Fault]]:
    """What a form says of a case, or all that is wrong with it."""
    return folder.head(
        {
            "why": form.get("why", "").replace("\r\n", "\n"),
            "tags": form.get("tags", "").replace(",", " ").split(),
            "fhir": form.get("fhir", ""),
            "language": form.get("language", ""),
        }
    )


def head(asked: Asked) -> Response:
    """Says something else of the case."""
    case = case_of(asked)
    said, faults = read_head(asked.form)
    if said is None:
        return drawn(asked, case, Typed(fields=dict(asked.form), faults=faults))
    book(asked.bench).shelf.change(case, said)
    return _back(asked, "$case-change")


def expectation(asked: Asked) -> Response:
    """Expects the Bundle that was typed, when it is one."""
    case = case_of(asked)
    try:
        bundle = read_json(asked.form.get("expected", "").encode("utf-8", "replace"))
        faults = shelf.faults(bundle, case.head or Head(why="-"))
    except InputError as error:
        faults = [Fault(file=EXPECTED, key=error.path or "", message=str(error))]
    if faults:
        return drawn(asked, case, Typed(fields=dict(asked.form), faults=faults))
    book(asked.bench).shelf.expect(case, bundle)
    return _back(asked, "$case-expect")


def accept(asked: Asked) -> Response:
    """Expects what the case gives now."""
    case = case_of(asked)
    work, _ = worker(asked.bench)
    result = work(case)
    if result.emitted is None:
        raise InputError("The case gives nothing that could be expected.")
    book(asked.bench).shelf.expect(case, result.emitted)
    return _back(asked, "$case-expect")


def remove(asked: Asked) -> Response:
    """Takes the case away, when somebody says so once more."""
    case = case_of(asked)
    if asked.form.get("sure") != "yes":
        raise InputError("Nothing was deleted: tick the box to say that you mean it.")
    book(asked.bench).shelf.remove(case)
    book(asked.bench).forget(case.name)
    told(asked, "$case-delete", status=303)
    return sent_to(f"{HERE}?said=removed")


def _back(asked: Asked, what: str) -> Response:
    told(asked, what, status=303)
    return sent_to(address(case_of(asked)))
