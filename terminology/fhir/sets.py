"""Sets of codes of one system: asked for a code without listing them, and listed only as far as needed."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from terminology.errors import TerminologyError
from terminology.fhir.outcome import Refusal, shown, unknown, unsupported
from terminology.fhir.service import Service, active
from terminology.model import Concept
from terminology.systems import SNOMED

PAGE = 500  # codes asked for at once
WALKED = 50_000  # codes of one set walked for one answer
LIMIT = 1000  # concepts in one answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """A set of codes of one system."""

    each: Callable[[], Iterator[str]]
    has: Callable[[str], bool]
    wide: bool = False  # lists a whole system: never the first to be listed where there is another


def too_costly() -> Refusal:
    """The refusal of an answer that is too long, or too long to find."""
    text = f"more than {LIMIT} concepts, or too many to walk: page with count and offset, or filter"
    return Refusal(text, status=422, code="too-costly")


def everything(service: Service, system: str) -> Codes:
    """Every code of a system."""

    def each() -> Iterator[str]:
        start = 0
        while page := service.store.codes(system, start, PAGE):
            yield from page
            start += len(page)

    return Codes(
        each=lambda: _bounded(each()),
        has=lambda code: service.store.lookup(system, code) is not None,
        wide=True,
    )


def listed(codes: Iterable[str]) -> Codes:
    """These codes."""
    known = dict.fromkeys(codes)
    return Codes(each=lambda: _bounded(iter(known)), has=lambda code: code in known)


def below(service: Service, system: str, code: str, *, itself: bool, at: str) -> Codes:
    """Every code that is a kind of this one, itself among them or not; the nearest first."""
    root = known(service, system, code, at=at)
    if not service.hierarchical(root):
        raise unsupported("the store holds no hierarchy for this code", at=at)

    def each() -> Iterator[str]:
        seen, waiting = {code}, deque([code])
        while waiting:
            kind = waiting.popleft()
            if itself or kind != code:
                yield kind
            children = [child for child in service.store.children(system, kind) if child not in seen]
            seen.update(children)
            waiting.extend(children)

    return Codes(
        each=lambda: _bounded(each()),
        has=lambda kind: itself if kind == code else service.store.subsumes(system, code, kind),
    )


def nearest(service: Service, system: str, code: str, *, up: bool, at: str) -> Codes:
    """The parents or the children of a code."""
    root = known(service, system, code, at=at)
    if not service.hierarchical(root):
        raise unsupported("the store holds no hierarchy for this code", at=at)
    return listed((service.store.parents if up else service.store.children)(system, code))


def members(service: Service, system: str, set_id: str, *, at: str) -> Codes:
    """The codes in a reference set."""
    codes = service.store.members(system, set_id)
    if not codes:
        raise unknown(f"reference set {shown(set_id)} is not held", at=at)
    return listed(codes)


def constrained(service: Service, text: str, *, at: str) -> Codes:
    """The codes an ECL expression means."""

    if not service.has_hierarchy(SNOMED):
        raise unsupported("the store holds no hierarchy, which expression constraints need", at=at)
    try:
        found = service.ecl(text, service.store)
    except TerminologyError as error:  # names the place in the expression and what is wrong there
        raise Refusal(str(error), code="value", at=at) from None
    return Codes(each=lambda: _bounded(iter(found)), has=lambda code: code in found)


def inactive(service: Service, system: str, *, wanted: bool) -> Codes:
    """The codes that are inactive, or those that are not."""

    def has(code: str) -> bool:
        concept = service.store.lookup(system, code)
        return concept is not None and active(concept) is not wanted

    every = everything(service, system)
    return Codes(each=lambda: filter(has, every.each()), has=has, wide=True)


def both(sets: Sequence[Codes]) -> Codes:
    """The codes in all of the sets."""
    first, *others = sorted(sets, key=lambda codes: codes.wide)

    def has(code: str) -> bool:
        return all(codes.has(code) for codes in others)

    return Codes(
        each=lambda: filter(has, first.each()),
        has=lambda code: first.has(code) and has(code),
        wide=first.wide,
    )


def known(service: Service, system: str, code: str, *, at: str) -> Concept:
    """The concept of a code that must be held."""
    concept = service.store.lookup(system, code)
    if concept is None:
        raise unknown(f"code {shown(code)} is not held", at=at)
    return concept


def _bounded(codes: Iterator[str]) -> Iterator[str]:
    for number, code in enumerate(codes):
        if number >= WALKED:
            raise too_costly()
        yield code
