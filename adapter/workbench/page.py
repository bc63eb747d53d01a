"""A page of the workbench: its actions, and what every action is asked with and answers by."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from adapter.workbench.bench import Bench, Person, Role
from adapter.workbench.forms import Upload

BASE: Final = "/workbench"
TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request of somebody who was let in."""

    bench: Bench
    person: Person
    request: Request
    fields: Sequence[tuple[str, str]] = ()  # of the form, or of the address, in their order
    form: Mapping[str, str] = field(default_factory=dict)  # the same; of a name given twice the last
    files: Mapping[str, Upload] = field(default_factory=dict)  # those chosen in the form, by field

    @property
    def path(self) -> Mapping[str, str]:
        """What stands in the address for the names in braces of the action's path."""
        return self.request.path_params


Answer = Callable[[Asked], Response]
"""What answers: runs in a thread of its own, may wait, and raises NotewrightError for a page that says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What a page answers to."""

    answer: Answer
    path: str = ""  # after the page's own, as Starlette writes it: "", "/{name}", "/{name:path}"
    method: Literal["GET", "POST"] = "GET"
    role: Role = "viewer"  # who may


def always(bench: Bench) -> bool:
    """A page that is there in every workbench."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page in the navigation, with what belongs to it."""

    path: str  # after BASE, without a slash
    name: str  # as the navigation has it
    actions: tuple[Action, ...]
    there: Callable[[Bench], bool] = always  # whether this workbench has what the page works on

    @property
    def address(self) -> str:
        """Where it is."""
        return f"{BASE}/{self.path}"


def render(asked: Asked, template: str, status: int = 200, **values: object) -> Response:
    """A template of `templates/` as an answer. It has `bench`, `person`, `base`, `here`, `navigation` too."""
    return drawn(
        asked.bench,
        template,
        status,
        person=asked.person,
        here=asked.request.url.path,
        navigation=asked.request.state.navigation,
        **values,
    )


def drawn(bench: Bench, template: str, status: int, **values: object) -> Response:
    """A template for whoever asks."""
    text = templates().get_template(template).render(bench=bench, base=BASE, status=status, **values)
    return Response(text, status_code=status, media_type="text/html")


def sent_to(path: str) -> Response:
    """The browser goes on to another of our pages, by GET: what answers a form that changed something."""
    return RedirectResponse(path, status_code=303)


@cache
def templates() -> Environment:
    """The templates; what is put into them is escaped."""
    return Environment(
        loader=PackageLoader("adapter.workbench"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def assets() -> Mapping[str, tuple[str, bytes]]:
    """Type and bytes of the files of the pages, by name: nothing else can be asked for."""
    found = [one for one in files(__package__).joinpath("static").iterdir() if one.is_file()]
    types = {one.name: TYPES.get(one.name.rpartition(".")[2]) for one in found}
    return {one.name: (kind, one.read_bytes()) for one in found if (kind := types[one.name])}
