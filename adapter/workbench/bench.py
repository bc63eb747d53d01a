"""What the pages work with: opened once by who serves them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, get_args

from adapter.fhir.systems import Version
from adapter.jobs import Decisions
from adapter.ledger import Database
from adapter.model import Issue, ModelInfo, Note, Resource, Step
from adapter.pipeline import Pipeline
from adapter.reviews import Desk as Reviews
from adapter.tasks import Task
from adapter.tasks.sample import Asked, Sample
from adapter.workbench.casebook import CaseBook
from adapter.workbench.draftbook import DraftBook
from terminology.fhir import Service as Terminology


class Headers(Protocol):
    """The headers of a request."""

    def items(self) -> Iterable[tuple[str, str]]:
        """All headers, name and value."""


Role = Literal["viewer", "engineer", "reviewer", "administrator"]
"""viewer: looks and tries; engineer: cases, tasks, drafts; reviewer: verdicts; administrator: all of it."""

ROLES: frozenset[Role] = frozenset(get_args(Role))


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who is at the workbench."""

    name: str  # as the audit and Provenance name them
    roles: frozenset[Role]
    id: str = ""  # the same for the same person, whatever their name; a hash
    signed_in: bool = False  # through the browser: they can sign out

    def may(self, role: Role) -> bool:
        """Whether they may do what needs a role."""
        return role in self.roles or "administrator" in self.roles


Interaction = Literal["read", "vread", "update", "search-type", "operation"]

Admit = Callable[[Headers, str, str, str], Person]
"""Who sent a request (headers, method, path, address of the client). AccessError: they are not let in."""


class Sent(Protocol):
    """Where a browser goes next, and what it is to keep."""

    @property
    def address(self) -> str:
        """Where it goes; "" where there is no such place."""

    @property
    def cookies(self) -> Sequence[str]:
        """Set-Cookie headers."""


class SignIn(Protocol):
    """Signing in through a browser, at a provider."""

    @property
    def name(self) -> str:
        """The provider's, as people know it."""

    def begin(self, to: str) -> Sent:
        """To the provider, to come back to a path of ours. SignInFailed when it is away."""

    def finish(
        self, query: Sequence[tuple[str, str]], headers: Headers, client: str, request_id: str
    ) -> Sent:
        """Back from the provider, signed in. AccessError when its answer does not hold."""

    def end(self, headers: Headers, client: str, request_id: str) -> Sent:
        """Signed out; the address is where to sign out at the provider too."""


class Lines(Protocol):
    """The line with one or another engine in it."""

    @property
    def engines(self) -> Sequence[str]:
        """Those that can be asked for, the site's own first."""

    @property
    def task(self) -> str:
        """What a language model is asked when nobody says."""

    def tasks(self) -> Sequence[Task]:
        """What a language model may be asked."""

    def opened(self) -> Mapping[str, ModelInfo]:
        """The models that are open beside the site's own, by engine."""

    def line(self, engine: str, task: str) -> AbstractContextManager[Pipeline]:
        """The line for one note. InputError for what is not offered, EngineError when it cannot be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packs:
    """The profile packs of the site."""

    versions: Mapping[str, frozenset[Version]]  # by name: the FHIR versions each is for
    adapt: Callable[[Resource, Version, str], Step[Resource]]  # a Bundle made to a pack


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something that was done at the workbench, for the audit. Never a note's words."""

    what: str  # as an operation: "$try"
    person: Person
    request_id: str
    address: str | None  # of the client
    status: int  # HTTP status of the answer
    digest: str | None = None  # SHA-256 of the document it was done with
    document: str | None = None  # id of the DocumentReference it was done with, where it is ours
    patients: tuple[str, ...] = ()  # references to those the document is about
    interaction: Interaction = "operation"  # what it is as one of FHIR; `what` is then of no account
    version: str | None = None  # of the document
    query: str | None = None  # names of search parameters; values are not kept


class Sampler(Protocol):
    """Any task, asked of the language model of this process. Safe to use from several threads."""

    @property
    def small(self) -> bool:
        """Whether it is the small model that ships, trained for one task."""

    def asked(self, task: Task) -> Asked:
        """What a model is asked by a task; needs none. EngineError for what no grammar binds."""

    def run(self, task: Task, note: Note) -> Sample:
        """What it answers. InputError for a note that is too long, EngineError when it cannot be had."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """What came in and what became of it."""

    database: Database
    decisions: Decisions
    notes: Callable[[Resource], tuple[tuple[Note, ...], tuple[Issue, ...]]] | None  # the texts of a document


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A model file of this machine, and what it says of itself."""

    name: str
    file: str
    kind: str  # "encoder", "decoder", "LoRA"
    version: str
    architecture: str
    parameters: int
    quantization: str
    bytes: int
    licence: str
    sha256: str
    context: int  # tokens it was made for; 0: not said
    finds: tuple[str, ...] = ()  # kinds of mention; none: it says none
    default: bool = False  # used where no other is named
    added: bool = False  # by `notewright models add`
    missing: bool = False  # the file of a link is gone
    source: str = ""  # where an added one came from
    card: str = ""  # its card, Markdown


def _none() -> Sequence[Installed]:
    return ()


def _unheard(act: Act) -> None:
    return None


def _no_queue() -> AbstractContextManager[None]:
    return nullcontext()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The open parts of the workbench. Safe to use from several threads."""

    admit: Admit
    version: str  # of the software
    pipeline: Pipeline | None  # None: this process has no model, and nothing can be tried
    engine: str = "encoder"  # as the settings name it
    fhir: Version = "r4"  # what is chosen until somebody chooses
    turn: Callable[[], AbstractContextManager[None]] = _no_queue  # a place at the model, held while it works
    lines: Lines | None = None  # None: there is the engine of the pipeline alone
    models: Callable[[], Sequence[Installed]] = _none  # those installed. ModelError where one cannot be read
    reports: Path | None = None  # folder of evaluation reports; None: there is none
    packs: Packs | None = None  # None: Bundles are shown as they were made
    audit: Callable[[Act], None] = _unheard  # what it raises, the person at the page gets to see
    reviews: Reviews | None = None  # None: there is no ledger in which findings wait to be judged
    sign_in: SignIn | None = None  # None: who is let in is told by where they are, or by a key or token
    terminology: Mapping[Version, Terminology] = field(default_factory=dict)  # as the FHIR operations ask it
    sampler: Sampler | None = None  # None: there is no language model to try tasks with
    tasks: Path | None = None  # directory of the site's own tasks; None: nothing can be saved
    documents: Documents | None = None  # None: nothing is stored here
    cases: CaseBook | None = None  # None: there is no folder of cases
    drafts: DraftBook | None = None  # None: drafts of mappings are not kept here
