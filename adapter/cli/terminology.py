"""`notewright terminology COMMAND` and `notewright models list`."""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import terminology
from adapter import assembly
from adapter.cli import streams
from adapter.errors import InputError
from adapter.settings import Settings
from mappings import concepts
from terminology import dense as by_meaning
from terminology import ecl, systems
from terminology.dense import GgufEmbedder
from terminology.fhir import ConceptMap, Service, codesystem, expansion, held, parameters
from terminology.maprules import Age, Patient, Sex, Unit

AGE = re.compile(r"(\d{1,4}) ?(years?|months?|weeks?|days?|hours?)?")


def build(*, source: Sequence[str], output: Path, quiet: bool) -> int:
    """Builds a store."""
    sources = [terminology.parse_source(text) for text in source]
    manifest = terminology.build(sources, output, None if quiet else streams.say)
    _write({"store": str(output), **asdict(manifest)})
    return 0


def status(settings: Settings) -> int:
    """What the store in use was built from."""
    path = assembly.store_path(settings, streams.say)
    with terminology.open_store(path) as store:
        _write({"store": str(path), **asdict(store.manifest)})
    return 0


def search(
    settings: Settings,
    *,
    text: Sequence[str],
    kind: Sequence[str] | None,
    names_in: Sequence[str] | None,
    system: Sequence[str] | None,
    limit: int,
    dense: Path | None,
    embedder: Path | None,
) -> int:
    """Concepts a text may mean; exit code 1 when there is none."""
    if (dense is None) != (embedder is None):
        raise InputError("needs the other: both, or neither", path="--dense, --model")
    path, asked = assembly.store_path(settings, streams.say), " ".join(text)
    wanted: dict[str, Any] = {
        "kinds": tuple(kind or ()),
        "languages": tuple(names_in or ()),
        "systems": [_uri(one) for one in system or ()],
        "limit": limit,
    }
    with terminology.open_store(path) as store:
        hits = store.search(asked, **wanted)
    if dense and embedder:
        with GgufEmbedder(embedder) as model, by_meaning.open_dense(path, dense, model) as near:
            hits = by_meaning.union(hits, near.search(asked, **wanted))[:limit]
    for hit in hits:
        print(f"{hit.score:.3f}  {hit.match:<10} {hit.kind:<10} {hit.system} {hit.code}  {hit.display}")  # noqa: T201
    return 0 if hits else 1


def lookup(settings: Settings, *, system: str, code: str) -> int:
    """All the store knows of a code; exit code 1 when it does not know it."""
    uri = _uri(system)
    with terminology.open_store(assembly.store_path(settings, streams.say)) as store:
        concept = store.lookup(uri, code)
        maps = store.mappings(uri, code)
        around = {
            "parents": store.parents(uri, code),
            "children": store.children(uri, code),
            "replacements": [asdict(one) for one in store.replacements(uri, code)],
            "rules": [asdict(one) for one in store.rules(uri, code)],
        }
    if concept is None:
        streams.say("no such code in this store")
        return 1
    _write({**asdict(concept), "mappings": [asdict(one) for one in maps], **around})
    return 0


def translate(
    settings: Settings,
    *,
    system: str,
    code: str,
    to: str,
    age: str | None,
    sex: Sex | None,
    having: Sequence[str] | None,
    map: str | None,
    given: Sequence[str] | None,
) -> int:
    """What a code is in another system; exit code 1 when nothing is decided."""
    if map is not None:
        return _by_table(_table(settings, map), _uri(system), code, given or ())
    patient = Patient(age=_age(age), sex=sex, conditions=frozenset(having) if having else None, others=True)
    source, target = _uri(system), _uri(to)
    with terminology.open_store(assembly.store_path(settings, streams.say)) as store:
        found = terminology.translate(store, source, code, target, patient)
    _write(asdict(found))
    return 0 if found.targets else 1


def expand(settings: Settings, *, expression: str, limit: int) -> int:
    """The SNOMED CT concepts an ECL expression means, one line each; exit code 1 when there is none."""
    parsed = ecl.parse(expression)
    with terminology.open_store(assembly.store_path(settings, streams.say)) as store:
        codes = sorted(ecl.members(parsed, store.hierarchy(systems.SNOMED)))
        for code in codes[:limit]:
            concept = store.lookup(systems.SNOMED, code)
            print(f"{code}  {concept.display if concept else ''}")  # noqa: T201
    if len(codes) > limit:
        streams.say(f"{len(codes)} concepts; the first {limit} are shown (--limit)")
    return 0 if codes else 1


def validate(
    settings: Settings, *, system: str, code: str, display: str | None, value_set: str | None
) -> int:
    """Whether a code exists, is called so and is in a set; exit code 1 when not."""
    uri, release = _uri(system), settings.fhir.upper()
    told = {"code": code, "display": display}
    told |= {"url": value_set, "system": uri} if value_set else {"url": uri}
    query = [(name, text) for name, text in told.items() if text is not None]
    with terminology.open_store(assembly.store_path(settings, streams.say)) as store:
        service = Service(store=store, fhir_version=release)
        if value_set:
            answer = expansion.validate_code(service, parameters.given(expansion.VALIDATE, query))
        else:
            answer = codesystem.validate_code(service, parameters.given(codesystem.VALIDATE, query))
    _write(answer)
    return 0 if _first(answer, "valueBoolean") else 1


def subsumes(settings: Settings, *, system: str, code: str, other: str) -> int:
    """How two codes stand to each other; exit code 1 when neither is a kind of the other."""
    query = [("system", _uri(system)), ("codeA", code), ("codeB", other)]
    with terminology.open_store(assembly.store_path(settings, streams.say)) as store:
        answer = codesystem.subsumes(Service(store=store), parameters.given(codesystem.SUBSUMES, query))
    outcome = _first(answer, "valueCode")
    print(outcome)  # noqa: T201
    return 1 if outcome == "not-subsumed" else 0


def dense(
    settings: Settings,
    *,
    index: Path,
    embedder: Path | None,
    kind: Sequence[str] | None,
    names_in: Sequence[str] | None,
    system: Sequence[str] | None,
    quiet: bool,
) -> int:
    """Builds an index for search by meaning."""
    if embedder is None:
        raise InputError("is needed: the GGUF file of a sentence encoder", path="--model")
    with GgufEmbedder(embedder, workers=settings.cores) as model:
        manifest = by_meaning.build_index(
            assembly.store_path(settings, streams.say),
            model,
            index,
            kinds=tuple(kind or ()),
            languages=tuple(names_in or ()),
            systems=[_uri(one) for one in system or ()],
            progress=None if quiet else streams.say,
        )
    _write({"index": str(index), **asdict(manifest)})
    return 0


def maps(settings: Settings, *, table: str | None) -> int:
    """The concept tables as ConceptMaps: one, or all, one JSON line each."""
    if table is not None:
        _write(_table(settings, table).resource)
        return 0
    for one in concepts.resources("R5" if settings.fhir == "r5" else "R4", settings.files):
        print(json.dumps(one, ensure_ascii=False))  # noqa: T201
    return 0


def _table(settings: Settings, table: str) -> ConceptMap:
    release: concepts.FhirVersion = "R5" if settings.fhir == "r5" else "R4"
    found = {one.id: one for one in held(concepts.resources(release, settings.files), release)}
    if table not in found:
        raise InputError(f"no such concept table; there are {', '.join(found)}", path="--map")
    return found[table]


def _by_table(table: ConceptMap, system: str, code: str, given: Sequence[str]) -> int:
    known: dict[str, set[str]] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError("must be like NAME=VALUE", path="--given")
        known.setdefault(concepts.attribute(name), set()).add(value)
    told = {name: frozenset(values) for name, values in known.items()}
    found, asked = table.matches(system, code, told)
    _write({"targets": [asdict(one) for one in found], "depends_on": asked})
    return 0 if found and not asked else 1


def _uri(system: str) -> str:
    return systems.SHORT.get(system, system)


def _first(answer: dict[str, Any], key: str) -> Any:
    return answer["parameter"][0][key]


def _age(text: str | None) -> Age | None:
    """ "12 years", "3 months", or a number of years."""
    if text is None:
        return None
    match = AGE.fullmatch(text.strip())
    if match is None:
        raise InputError("must be like 12, 12 years or 3 months", path="--age")
    unit = (match[2] or "years").rstrip("s") + "s"
    return Age(value=int(match[1]), unit=cast(Unit, unit))


def _write(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))  # noqa: T201
