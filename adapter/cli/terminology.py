"""`notewright terminology build|status|search|lookup` and `notewright models list`."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import terminology
from adapter import assembly
from adapter.cli import streams
from adapter.settings import Settings
from terminology import systems

SHORT = {
    "snomed": systems.SNOMED,
    "icd10cm": systems.ICD10CM,
    "rxnorm": systems.RXNORM,
    "atc": systems.ATC,
    "loinc": systems.LOINC,
}


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


def search(settings: Settings, *, text: Sequence[str], kind: Sequence[str] | None, limit: int) -> int:
    """Concepts a text may mean; exit code 1 when there is none."""
    with terminology.open_store(assembly.store_path(settings, streams.say)) as store:
        hits = store.search(" ".join(text), kinds=tuple(kind or ()), limit=limit)
    for hit in hits:
        print(f"{hit.score:.3f}  {hit.match:<10} {hit.kind:<10} {hit.system} {hit.code}  {hit.display}")  # noqa: T201
    return 0 if hits else 1


def lookup(settings: Settings, *, system: str, code: str) -> int:
    """All the store knows of a code; exit code 1 when it does not know it."""
    uri = SHORT.get(system, system)
    with terminology.open_store(assembly.store_path(settings, streams.say)) as store:
        concept = store.lookup(uri, code)
        maps = store.mappings(uri, code)
    if concept is None:
        streams.say("no such code in this store")
        return 1
    _write({**asdict(concept), "mappings": [asdict(one) for one in maps]})
    return 0


def models(settings: Settings) -> int:
    """The models there are, one JSON line each."""
    folder = settings.model.parent if settings.model else assembly.model_folder()
    for path in sorted(folder.glob("*.gguf")):
        print(json.dumps(assembly.describe_model(path)))  # noqa: T201
    return 0


def _write(value: Any) -> None:
    print(json.dumps(value, indent=2, ensure_ascii=False))  # noqa: T201
