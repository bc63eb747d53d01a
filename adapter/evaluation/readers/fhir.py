"""Files of Bundles -> Bundles by name: one of JSON, one to a line, or a folder of JSON files."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapter.errors import InputError
from adapter.evaluation.bundles import BundleCase
from adapter.model import Resource


def read(path: Path) -> dict[str, Resource | None]:
    """The Bundles by file or line; None where a line says that there is none.

    Raises InputError naming file and line.
    """
    if not path.exists():
        raise InputError(f"{path.name}: no such file or folder")
    found = {name: _bundle(data, f"{path.name}: {name}") for name, data in _pieces(path)}
    if not found:
        raise InputError(f"{path.name}: no Bundles in it")
    return found


def paired(expected: Path, emitted: Path) -> list[BundleCase]:
    """Every expected Bundle with the one emitted under the same name.

    Raises InputError as `read` does, and where more was emitted than is expected.
    """
    wanted, given = read(expected), read(emitted)
    if unknown := sorted(given.keys() - wanted.keys()):
        raise InputError(
            f"{emitted.name}: Bundles that nothing is expected of: {len(unknown)}, the first is {unknown[0]}",
            path="--emitted",
        )
    cases = []
    for name, one in wanted.items():
        if one is None:
            raise InputError(f"{expected.name}: {name}: not a Bundle", path="--expected")
        cases.append(BundleCase(name=name, expected=one, emitted=given.get(name)))
    return cases


def _pieces(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        yield from ((one.stem, one.read_bytes()) for one in sorted(path.glob("*.json")))
    elif path.suffix == ".json":
        yield "1", path.read_bytes()
    else:
        with path.open("rb") as file:
            yield from ((str(number), line) for number, line in enumerate(file, start=1) if line.strip())


def _bundle(data: bytes, where: str) -> Resource | None:
    try:
        value: Any = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise InputError(f"{where}: not JSON") from None
    kind = value.get("resourceType") if isinstance(value, dict) else None
    if kind == "OperationOutcome" or (isinstance(value, dict) and "outcome" in value):
        return None
    entries = value.get("entry", []) if kind == "Bundle" else None
    if not isinstance(entries, list) or not all(isinstance(_resource(one), dict) for one in entries):
        raise InputError(f"{where}: not a Bundle of resources")
    return dict(value)


def _resource(entry: Any) -> Any:
    return entry.get("resource", {}) if isinstance(entry, dict) else None
