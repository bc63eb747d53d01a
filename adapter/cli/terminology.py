"""`notewright terminology build|status|search|lookup|translate|expand` and `notewright models list`."""

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
from terminology import ecl, systems
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
) -> int:
    """Concepts a text may mean; exit code 1 when there is none."""
    with terminology.open_store(assembly.store_path(settings, streams.say)) as store:
        hits = store.search(
            " ".join(text),
            kinds=tuple(kind or ()),
            languages=tuple(names_in or ()),
            systems=[systems.SHORT.get(one, one) for one in system or ()],
            limit=limit,
        )
    for hit in hits:
        print(f"{hit.score:.3f}  {hit.match:<10} {hit.kind:<10} {hit.system} {hit.code}  {hit.display}")  # noqa: T201
    return 0 if hits else 1


def lookup(settings: Settings, *, system: str, code: str) -> int:
    """All the store knows of a code; exit code 1 when it does not know it."""
    uri = systems.SHORT.get(system, system)
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
) -> int:
    """What a code is in another system, by map rules; exit code 1 when nothing is decided."""
    patient = Patient(age=_age(age), sex=sex, conditions=frozenset(having) if having else None, others=True)
    source, target = (systems.SHORT.get(name, name) for name in (system, to))
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


def models(settings: Settings) -> int:
    """The models there are, one JSON line each."""
    folder = settings.model.parent if settings.model else assembly.model_folder()
    for path in sorted(folder.glob("*.gguf")):
        print(json.dumps(assembly.describe_model(path)))  # noqa: T201
    return 0


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
