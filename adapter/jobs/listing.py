"""A Bulk Data manifest as it came -> the files and the next page it names, and what is wrong with it.

https://hl7.org/fhir/uv/bulkdata (4.0.0-ballot), BulkDataManifest
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapter.errors import InputError
from adapter.model import Issue

KIND = "DocumentReference"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a manifest names."""

    files: tuple[tuple[int, str], ...]  # number from 1, URL
    skipped: Mapping[int, Issue]  # by number, why a file is left out
    following: str | None = None  # URL of the next page


def read(content: bytes, most: int) -> Listing:
    """The files of a manifest, `most` of them. Raises InputError when it is no manifest."""
    try:
        given = json.loads(content)
    except (ValueError, RecursionError):
        raise InputError("the manifest is not JSON") from None
    if not isinstance(given, dict) or not isinstance(given.get("output", []), list):
        raise InputError("this is no manifest", path="output")
    output = given.get("output", [])
    if "output" not in given and "transactionTime" not in given:
        raise InputError("this is no manifest", path="output")
    if len(output) > most:
        raise InputError(f"the manifest names more than {most} files", path="output")
    files, skipped = [], {}
    for number, one in enumerate(output, start=1):
        issue = _wrong(one, given.get("outputOrganizedBy"), number)
        if issue:
            skipped[number] = issue
        else:
            files.append((number, one["url"]))
    return Listing(files=tuple(files), skipped=skipped, following=_following(given.get("link")))


def _wrong(one: Any, organized: object, number: int) -> Issue | None:
    path = f"output[{number - 1}]"
    if not isinstance(one, dict) or not isinstance(one.get("url"), str):
        return _issue("invalid", "no-url", "The item of the manifest has no URL.", "error", path)
    kind = one.get("type")
    if kind == KIND or (kind is None and organized is not None):
        return None
    return _issue("not-supported", "type-not-taken", f"Only files of {KIND} are read.", "warning", path)


def _following(links: object) -> str | None:
    for one in links if isinstance(links, list) else []:
        if isinstance(one, dict) and one.get("relation") == "next" and isinstance(one.get("url"), str):
            return str(one["url"])
    return None


def _issue(code: str, reason: str, message: str, severity: Any, path: str) -> Issue:
    return Issue(code=code, reason=reason, message=message, severity=severity, path=path)
