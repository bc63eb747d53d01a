"""A code -> what the terminology store's maps say of it: the rule, its advice, what it depends on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from adapter.model import Coding
from terminology import Concept, Target, Translation, translate
from terminology.fhir.store import TerminologyStore as Store
from terminology.maprules import Advised

STATES = {
    "mapped": "the rule holds whoever the patient is",
    "unmappable": "the map says that there is no code",
    "undecided": "it depends on what the note alone does not decide",
    "inapplicable": "no rule of the map holds",
}
HOWS = {"rule": "map rule", "map": "plain map", "broader": "from what it is a kind of"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """One thing a map says."""

    system: str  # URI of the code system mapped to
    code: str  # "" where there is none
    display: str
    how: str  # in words
    rule: str = ""  # as the map writes it
    advice: str = ""
    group: int = 0  # of the map; 0: the map has no groups
    source: str = ""  # the code whose map it is, where that is another


class Maps:
    """What maps say of codes; each code is looked up once."""

    def __init__(self, store: Store | None) -> None:
        self._store = store
        self._told: dict[tuple[str, str], tuple[Mapped, ...]] = {}

    def of(self, codings: Sequence[Coding]) -> tuple[Mapped, ...]:
        """What is told of the concept that was found, from which the mapped codes come."""
        found = next((one for one in codings if one.match != "mapped"), None)
        if self._store is None or found is None:
            return ()
        key = (found.system, found.code)
        if key not in self._told:
            self._told[key] = tuple(_told(self._store, *key))
        return self._told[key]


def _told(store: Store, system: str, code: str) -> Iterator[Mapped]:
    current = store.replacement(system, code) or code
    ruled = {rule.to_system for rule in store.rules(system, current)}
    plain = {mapping.system for mapping in store.mappings(system, current)}
    for target in sorted(ruled | plain):
        said = translate(store, system, code, target)
        if said.advised:
            for group in said.advised:
                yield from _advised(store, group)
        else:
            yield from _plain(store, target, said, code)


def _advised(store: Store, group: Advised) -> Iterator[Mapped]:
    """What a group of rules says; every rule that may be the one, where that is open."""
    if group.candidates:
        for rule in group.candidates:
            yield Mapped(
                system=group.to_system,
                code=rule.target,
                display=_display(store.lookup(group.to_system, rule.target)),
                how=STATES[group.state],
                rule=rule.rule,
                advice=rule.advice,
                group=group.group,
            )
        return
    yield Mapped(
        system=group.to_system,
        code=group.target or "",
        display=_display(store.lookup(group.to_system, group.target)) if group.target else "",
        how=STATES[group.state],
        rule=group.rule.rule if group.rule else "",
        advice=group.advice,
        group=group.group,
    )


def _plain(store: Store, system: str, said: Translation, code: str) -> Iterator[Mapped]:
    def mapped(one: Target, how: str) -> Mapped:
        return Mapped(
            system=system,
            code=one.code,
            display=_display(store.lookup(system, one.code)),
            how=how,
            advice=one.advice,
            source=one.source if one.source != code else "",
        )

    yield from (mapped(one, HOWS[one.how]) for one in said.targets)
    yield from (mapped(one, f"{HOWS[one.how]}, one of several") for one in said.candidates)


def _display(concept: Concept | None) -> str:
    return concept.display if concept else ""
