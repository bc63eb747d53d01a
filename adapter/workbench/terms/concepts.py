"""A code -> all that its page shows: names, place in the hierarchy, maps, map rules."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import groupby

from adapter.errors import InputError
from adapter.workbench.terms import ruling
from adapter.workbench.terms.naming import RELATIONS, language, uri
from adapter.workbench.terms.ruling import Group, Known
from terminology import Association, Concept, Term
from terminology.fhir import Service
from terminology.paths import Paths, paths

CHILDREN = 50  # on one page
FIRST = 3  # paths shown before the others are unfolded

Named = tuple[str, str]  # code and display; "" where it is not held


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """What a concept is in another system."""

    system: str
    code: str
    display: str
    relation: str  # in words
    held: bool  # whether the store has the other concept
    map: str = ""  # the table that says so; "": the store
    depends: tuple[str, ...] = ()  # what must be so besides


@dataclass(frozen=True, slots=True, kw_only=True)
class Children:
    """The codes directly below, a page of them."""

    listed: tuple[tuple[Named, bool], ...]  # with whether there is more below
    count: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A concept's page."""

    system: str = ""
    code: str = ""
    concept: Concept | None = None
    names: tuple[tuple[str, tuple[Term, ...]], ...] = ()  # by language
    associations: tuple[tuple[Association, str], ...] = ()  # what became of an inactive one, with displays
    paths: tuple[tuple[Named, ...], ...] = ()
    ways: int | None = 0  # how many paths there are; None: more than are counted
    children: Children | None = None
    hierarchy: bool = False  # whether the store has one of this system at all
    maps: tuple[Map, ...] = ()
    groups: tuple[Group, ...] = ()


def view(service: Service, form: Mapping[str, str], known: Known) -> View:
    """The page a form asks for; without a concept where there is none, or none is asked for."""
    system, code = uri(form.get("system", "")), form.get("code", "").strip()
    store = service.store
    concept = store.lookup(system, code) if system and code else None
    if concept is None:
        return View(system=system, code=code)
    named = lru_cache(maxsize=None)(partial(_named, service, system))  # many paths share most of their codes
    found = _paths(service, system, code)
    rules = store.rules(system, code)
    return View(
        system=system,
        code=code,
        concept=concept,
        names=tuple(_names(concept)),
        associations=tuple((one, named(one.target)[1]) for one in store.replacements(system, code)),
        paths=tuple(tuple(map(named, path)) for path in found.listed),
        ways=found.count,
        children=_children(service, system, code, form.get("page", "1")),
        hierarchy=any(one.system == system and one.hierarchy for one in store.systems()),
        maps=tuple(_maps(service, system, code)),
        groups=ruling.groups(store, rules, known) if rules else (),
    )


def _paths(service: Service, system: str, code: str) -> Paths:
    return paths(code, lambda below: service.store.parents(system, below))


def _named(service: Service, system: str, code: str) -> Named:
    concept = service.store.lookup(system, code)
    return code, concept.display if concept else ""


def _children(service: Service, system: str, code: str, asked: str) -> Children | None:
    every = service.store.children(system, code)
    if not every:
        return None
    pages = -(-len(every) // CHILDREN)
    if not (asked.isascii() and asked.isdigit() and len(asked) < 7 and 1 <= int(asked) <= pages):
        raise InputError(f"there are pages 1 to {pages} of what is below this", path="page")
    shown = every[(int(asked) - 1) * CHILDREN : int(asked) * CHILDREN]
    listed = [(_named(service, system, one), bool(service.store.children(system, one))) for one in shown]
    return Children(listed=tuple(listed), count=len(every), page=int(asked), pages=pages)


def _names(concept: Concept) -> Iterator[tuple[str, tuple[Term, ...]]]:
    """The names by language, English first, the preferred one first."""
    ordered = sorted(concept.terms, key=lambda one: (one.language != "en", one.language, not one.preferred))
    for tag, terms in groupby(ordered, key=lambda one: one.language):
        yield language(tag), tuple(terms)


def _maps(service: Service, system: str, code: str) -> Iterator[Map]:
    for one in service.store.mappings(system, code):
        held = service.store.lookup(one.system, one.code)
        yield Map(
            system=one.system,
            code=one.code,
            display=one.display,
            relation=RELATIONS.get(one.relation, one.relation),
            held=held is not None,
        )
    for table in service.concept_maps:
        for target in table.targets.get((system, code), ()):
            yield Map(
                system=target.system,
                code=target.code,
                display=target.display,
                relation=target.relation,
                held=service.store.lookup(target.system, target.code) is not None,
                map=str(table.resource.get("title", table.id)),
                depends=_depends(target.depends),
            )


def _depends(depends: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(f"{name.rpartition('/')[2]} is {value}" for name, value in depends)
