"""Verdicts -> what stands: of each reviewer the last word, together where they agree."""

from collections.abc import Iterable
from dataclasses import dataclass

from adapter.ledger.verdicts import Place, Verdict
from adapter.model import FLAGS, Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What reviewers say of one finding."""

    place: Place
    verdicts: tuple[Verdict, ...]  # the last of each reviewer who has not taken it back, oldest first

    @property
    def disputed(self) -> bool:
        """Whether they say different things; then nothing of it takes effect."""
        return len({essence(one.after) for one in self.verdicts}) > 1

    @property
    def latest(self) -> Verdict:
        """The last word."""
        return self.verdicts[-1]

    @property
    def added(self) -> bool:
        """Whether people alone say it: no model had found it."""
        return any(one.before is None for one in self.verdicts)


def standing(verdicts: Iterable[Verdict]) -> tuple[Standing, ...]:
    """What stands of verdicts given in order, in the order of the first word on each finding."""
    places: dict[Place, dict[str, Verdict]] = {}
    for one in verdicts:
        said = places.setdefault(one.place, {})
        said.pop(one.who.id, None)
        if one.action != "withdraw":
            said[one.who.id] = one
    return tuple(
        Standing(place=place, verdicts=tuple(said.values())) for place, said in places.items() if said
    )


def essence(form: Resource | None) -> tuple[object, ...] | None:
    """What two verdicts have in common when they say the same: kind, assertion, codes, details."""
    if form is None:
        return None
    said = form.get("assertion", {})
    return (
        form["kind"],
        *(bool(said.get(flag)) for flag in FLAGS),
        said.get("experiencer", "patient"),
        tuple((one["system"], one["code"]) for one in form.get("codings", ())),
    )
