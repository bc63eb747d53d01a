"""FHIR terminology resources as JSON, R4 and R5: CodeSystem, ValueSet, ConceptMap, or a Bundle of them.

Of a CodeSystem come concepts, names, hierarchy and which concepts are inactive; of a ValueSet the codes it
lists, by include or expansion (filters are not evaluated); of a ConceptMap what its source codes map to.
Mappings that hold under conditions (`dependsOn`) or only overlap (`inexact`) are left out.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terminology import systems
from terminology.errors import TerminologyError
from terminology.model import Entry, Mapping, Term
from terminology.sources.reading import Reading, contents

PROPERTIES = "http://hl7.org/fhir/concept-properties#"
INACTIVE = frozenset({"retired", "inactive", "deprecated", "withdrawn"})
HIERARCHY = frozenset({"", "is-a", "classified-with"})  # meanings under which a nested concept is a kind of
PARENT = frozenset({"parent", "subsumedby"})
PREFERRED_USE = frozenset({"display", "preferred", "preferredforlanguage", "900000000000548007"})
NO_NAME = frozenset({"definition", "description", "comment", "900000000000550004"})
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
RELATIONS = {  # of the target to the source
    "equal": "equivalent",
    "equivalent": "equivalent",
    "wider": "broader",
    "subsumes": "broader",
    "source-is-narrower-than-target": "broader",
    "narrower": "narrower",
    "specializes": "narrower",
    "source-is-broader-than-target": "narrower",
    "relatedto": "mapped",
    "related-to": "mapped",
    "inexact": "",
    "unmatched": "",
    "disjoint": "",
    "not-related-to": "",
}


@dataclass(frozen=True, slots=True)
class Node:
    """An object within a resource, and where it stands."""

    where: str
    data: dict[str, Any]

    def text(self, key: str) -> str:
        """A string, spaces put in order; empty where there is none."""
        value = self.data.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise TerminologyError(f"{self.where}.{key}: must be a string")
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise TerminologyError(f"{self.where}.{key}: half a surrogate pair") from error
        return " ".join(value.split())

    def need(self, key: str) -> str:
        """A string that must be there."""
        value = self.text(key)
        if not value:
            raise TerminologyError(f"{self.where}.{key}: missing")
        return value

    def flag(self, key: str) -> bool:
        """A boolean; false where there is none."""
        value = self.data.get(key, False)
        if not isinstance(value, bool):
            raise TerminologyError(f"{self.where}.{key}: must be true or false")
        return value

    def node(self, key: str) -> "Node":
        """An object; an empty one where there is none."""
        value = self.data.get(key, {})
        if not isinstance(value, dict):
            raise TerminologyError(f"{self.where}.{key}: must be an object")
        return Node(f"{self.where}.{key}", value)

    def nodes(self, key: str) -> list["Node"]:
        """A list of objects; an empty one where there is none."""
        value = self.data.get(key, [])
        if not isinstance(value, list):
            raise TerminologyError(f"{self.where}.{key}: must be a list")
        found = []
        for place, item in enumerate(value):
            if not isinstance(item, dict):
                raise TerminologyError(f"{self.where}.{key}[{place}]: must be an object")
            found.append(Node(f"{self.where}.{key}[{place}]", item))
        return found

    def language(self, default: str) -> str:
        """The `language`, in lower case."""
        value = self.text("language").replace("_", "-")
        if value and not LANGUAGE.fullmatch(value):
            raise TerminologyError(f"{self.where}.language: no language tag")
        return value.lower() or default


def read(path: Path | None) -> Reading:
    """The entries of one file, packed with gzip or not."""
    if path is None:
        raise TerminologyError("source fhir: needs a path")
    return reading(path, *resources(path))


def resources(path: Path) -> tuple[list[Node], str]:
    """The terminology resources in a file, and its SHA-256."""
    text, digest = contents(path)
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise TerminologyError(
            f"{path}: line {error.lineno}, column {error.colno}: no JSON: {error.msg}"
        ) from error
    except (RecursionError, ValueError) as error:
        raise TerminologyError(f"{path}: nested too deeply or holds a number too long") from error
    if not isinstance(data, dict):
        raise TerminologyError(f"{path}: must be an object")
    kind = str(data.get("resourceType"))
    if kind == "Bundle":
        inner = [entry.node("resource") for entry in Node(f"{path}: Bundle", data).nodes("entry")]
        return [node for node in inner if str(node.data.get("resourceType")) in KINDS], digest
    if kind not in KINDS:
        raise TerminologyError(f"{path}: resourceType must be Bundle, {', '.join(KINDS)}")
    return [Node(f"{path}: {kind}", data)], digest


def reading(path: Path, found: list[Node], digest: str) -> Reading:
    """What the resources of a file say."""
    entries, skipped = list[Entry](), 0
    for node in found:
        for entry in KINDS[node.data["resourceType"]](node):
            skipped += entry is None
            entries += [entry] if entry else []
    if not entries:
        raise TerminologyError(f"{path}: no codes there (a value set of filters must be expanded first)")
    alone = found[0] if len(found) == 1 else Node(str(path), {})
    return Reading(
        name=alone.text("title") or alone.text("name") or path.name,
        version=alone.text("version"),
        licence=alone.text("copyright")[:400],
        sha256=digest,
        entries=tuple(entries),
        skipped=skipped,
    )


def _code_system(system: Node) -> Iterator[Entry | None]:
    if system.text("content") == "supplement" or system.text("supplements"):
        raise TerminologyError(f"{system.where}.content: a supplement is not read, only whole code systems")
    url, version, language = system.need("url"), system.text("version") or None, system.language("en")
    names = {
        item.text("code"): item.text("uri").removeprefix(PROPERTIES)
        for item in system.nodes("property")
        if item.text("uri").startswith(PROPERTIES)
    }
    listed = [(node, above, _properties(node, names)) for node, above in _concepts(system)]
    parents = _parents(listed, nested=system.text("hierarchyMeaning") in HIERARCHY)
    for node, _, properties in listed:
        code = node.need("code")
        entry = Entry(
            system=url,
            code=code,
            kind=None,
            terms=_terms(node, language, code),
            version=version,
            parents=tuple(sorted(parents.get(code, ()))),
            active=not any(_retires(name, value) for name, value in properties),
        )
        yield _possible(entry)


def _parents(
    listed: list[tuple[Node, str, list[tuple[str, str]]]], *, nested: bool
) -> dict[str, dict[str, None]]:
    """What each code is a kind of, by nesting and by the properties of either side."""
    found: dict[str, dict[str, None]] = {}
    for node, above, properties in listed:
        code = node.need("code")
        pairs = [(code, above)] if above and nested else []
        pairs += [(code, value) for name, value in properties if name in PARENT]
        pairs += [(value, code) for name, value in properties if name == "child"]
        for below, over in pairs:
            if below != over:
                found.setdefault(below, {})[over] = None
    return found


def _concepts(system: Node) -> Iterator[tuple[Node, str]]:
    """Every concept, however deep, with the code it is nested in."""
    waiting = [(node, "") for node in reversed(system.nodes("concept"))]
    while waiting:
        node, above = waiting.pop()
        yield node, above
        waiting += [(inner, node.text("code")) for inner in reversed(node.nodes("concept"))]


def _properties(concept: Node, names: dict[str, str]) -> list[tuple[str, str]]:
    """A concept's properties by their standard names, in lower case."""
    found = []
    for item in concept.nodes("property"):
        code = item.need("code")
        value = item.text("valueCode") or item.text("valueString") or item.node("valueCoding").text("code")
        value = value or ("true" if item.flag("valueBoolean") else "")
        if value:
            found.append((names.get(code, code).lower(), value))
    return found


def _retires(name: str, value: str) -> bool:
    return (name == "inactive" and value.lower() == "true") or (
        name == "status" and value.lower() in INACTIVE
    )


def _terms(concept: Node, language: str, code: str) -> tuple[Term, ...]:
    """The display and every designation that is a name; the code where there is neither, if given."""
    display = concept.text("display")
    found = {(display, language): True} if display else {}
    for item in concept.nodes("designation"):
        use = item.node("use").text("code").lower()
        if use not in NO_NAME:
            name = (item.need("value"), item.language(language))
            found.setdefault(name, use in PREFERRED_USE)
    if not found and code:
        found = {(code, language): True}
    return tuple(Term(text=text, language=tag, preferred=best) for (text, tag), best in found.items())


def _value_set(values: Node) -> Iterator[Entry | None]:
    language = values.language("en")
    compose = values.node("compose")
    left_out = {
        (group.text("system"), node.text("code"))
        for group in compose.nodes("exclude")
        for node in group.nodes("concept")
    }
    for group in compose.nodes("include"):
        for node in group.nodes("concept"):
            entry = _listed(node, group.need("system"), group.text("version"), language)
            if entry is None or (entry.system, entry.code) not in left_out:
                yield entry
    waiting = values.node("expansion").nodes("contains")[::-1]
    while waiting:
        node = waiting.pop()
        waiting += node.nodes("contains")[::-1]
        if node.text("code"):
            yield _listed(node, node.need("system"), node.text("version"), language)


def _listed(node: Node, system: str, version: str, language: str) -> Entry | None:
    terms = _terms(node, language, "")
    if not terms:
        return None
    return _possible(
        Entry(
            system=system,
            code=node.need("code"),
            kind=None,
            terms=terms,
            version=version or None,
            active=not node.flag("inactive"),
        )
    )


def _concept_map(whole: Node) -> Iterator[Entry | None]:
    language = whole.language("en")
    for group in whole.nodes("group"):
        source = group.need("source").partition("|")[0]
        for element in group.nodes("element"):
            mappings = [mapping for target in element.nodes("target") for mapping in _target(group, target)]
            if mappings:
                yield _possible(
                    Entry(
                        system=source,
                        code=element.need("code"),
                        kind=None,
                        terms=_terms(element, language, ""),
                        mappings=tuple(mappings),
                    )
                )


def _target(group: Node, target: Node) -> Iterator[Mapping]:
    said = target.text("relationship") or target.need("equivalence")
    if said not in RELATIONS:
        raise TerminologyError(f"{target.where}: unknown relationship or equivalence")
    if RELATIONS[said] and target.text("code") and not target.nodes("dependsOn"):
        system = group.need("target").partition("|")[0]
        if systems.possible(system, target.need("code")):
            yield Mapping(system=system, code=target.need("code"), display="", relation=RELATIONS[said])


def _possible(entry: Entry) -> Entry | None:
    return entry if systems.possible(entry.system, entry.code) else None


KINDS: dict[str, Callable[[Node], Iterator[Entry | None]]] = {
    "CodeSystem": _code_system,
    "ValueSet": _value_set,
    "ConceptMap": _concept_map,
}
