"""A Subscription as it is understood, and what a site takes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from adapter.delivery.retry import Policy as Patience
from adapter.delivery.subscriptions.filters import Filters
from adapter.egress import Policy
from adapter.errors import RestError
from adapter.fhir.systems import Version

Form = Literal["classic", "backport", "r5"]
KIND = "Subscription"
CONTENTS = ("empty", "id-only", "full-resource")
FORMATS: Mapping[str, str] = {
    "application/fhir+json": "json",
    "application/json": "json",
    "application/fhir+xml": "xml",
    "application/xml": "xml",
}


class NotTaken(RestError):
    """This Subscription cannot be taken."""

    issue_code = "not-supported"
    status = 422


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Who wants to be told of what, where and how."""

    form: Form
    filters: Filters
    endpoint: str
    mime: str | None = None  # of what is sent; None: nothing is
    content: str = "empty"  # one of CONTENTS
    heartbeat: int = 0  # seconds; 0: none
    timeout: int = 0  # seconds; 0: ours
    most: int = 0  # events of one notification; 0: ours
    end: str | None = None  # instant after which it is off

    @property
    def fhir(self) -> Version:
        """The FHIR version of what is sent."""
        return "r5" if self.form == "r5" else "r4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a site takes, and how patient it is with subscribers."""

    egress: Policy = field(default_factory=Policy)  # no host is called that it does not allow
    versions: tuple[Version, ...] = ("r4", "r5")  # of FHIR, that findings are derived in
    most: int = 100  # subscriptions of one owner
    heartbeat: int = 10  # seconds; a shorter period is refused
    timeout: int = 10  # seconds, where none is asked for
    longest: int = 60  # seconds; a longer timeout is refused
    events: int = 20  # of one notification, where no number is asked for
    body: int = 4 * 1024 * 1024  # bytes of a notification after which no event is added
    retention: timedelta = timedelta(days=7)  # how long events are kept
    patience: Patience = field(default_factory=lambda: Patience(attempts=10, first=1.0, longest=600.0))
    handshake: Patience = field(default_factory=lambda: Patience(attempts=3, first=1.0, longest=10.0))
    grace: float = 30.0  # seconds after which somebody else looks at what nobody did
