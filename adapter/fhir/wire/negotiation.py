"""Which format and FHIR version a body is in, and which the answer shall be in.

https://hl7.org/fhir/R4/http.html#mime-type and #parameters (`_format`); RFC 9110, 12.5.1 for Accept.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from adapter.errors import NotAcceptable, UnsupportedMediaType
from adapter.fhir.systems import Version

Format = Literal["json", "xml"]

_TYPES: Final[Mapping[str, Format]] = {
    "application/fhir+json": "json",
    "application/json": "json",
    "text/json": "json",
    "application/fhir+xml": "xml",
    "application/xml": "xml",
    "text/xml": "xml",
}
_SHORT: Final[Mapping[str, Format]] = {"json": "json", "xml": "xml"}
_VERSIONS: Final[Mapping[str, Version]] = {"4.0": "r4", "4.3": "r4", "5.0": "r5"}
_WRITTEN: Final[Mapping[Version, str]] = {"r4": "4.0", "r5": "5.0"}
_LONGEST = 2000  # characters of a header that is still looked into

_PART = r'(?:[^%s"]|"(?:[^"\\]|\\.)*")+'
_RANGES = re.compile(_PART % ",")
_PARAMETERS = re.compile(_PART % ";")
_WEIGHT = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Formats:
    """How a request is read and answered."""

    body: Format | None  # none when there is no body
    body_version: Version
    answer: Format
    answer_version: Version


@dataclass(frozen=True, slots=True, kw_only=True)
class _Media:
    """One media type or range, in lower case, with its parameters."""

    type: str
    parameters: Mapping[str, str]

    def weight(self) -> float:
        """The q value, 0 when it is none."""
        raw = self.parameters.get("q", "1")
        return float(raw) if _WEIGHT.fullmatch(raw) else 0.0


def formats(
    accept: str | None, _format: str | None, content_type: str | None, *, default: Version = "r4"
) -> Formats:
    """How a request with these headers and this `_format` is read and answered.

    `_format` outranks Accept. What is left open follows the body, and JSON and `default` without one.
    Raises UnsupportedMediaType for the body and NotAcceptable for the answer.
    """
    body, version = _body(content_type)
    preferred: Format = body or "json"
    answer, asked = _named(_format) if _format else _accepted(accept, preferred)
    return Formats(
        body=body,
        body_version=version or default,
        answer=answer,
        answer_version=asked or version or default,
    )


def content_type(written: Format, version: Version) -> str:
    """The Content-Type of an answer."""
    return f"application/fhir+{written}; charset=utf-8; fhirVersion={_WRITTEN[version]}"


def _body(header: str | None) -> tuple[Format | None, Version | None]:
    if header is None or not header.strip():
        return None, None
    media = _media(header) if len(header) <= _LONGEST else None
    if media is None or media.type not in _TYPES:
        raise UnsupportedMediaType("the body is neither FHIR JSON nor FHIR XML")
    if media.parameters.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise UnsupportedMediaType("a charset other than UTF-8")
    version = media.parameters.get("fhirversion")
    if version is not None and version not in _VERSIONS:
        raise UnsupportedMediaType("a fhirVersion other than 4.0, 4.3 and 5.0")
    return _TYPES[media.type], _VERSIONS[version] if version else None


def _named(value: str) -> tuple[Format, Version | None]:
    """What `_format` names; in a URL its "+" may have become a blank."""
    media = _media(value.replace("fhir ", "fhir+")) if len(value) <= _LONGEST else None
    found = (_TYPES.get(media.type) or _SHORT.get(media.type)) if media else None
    if media is None or found is None:
        raise NotAcceptable("_format is neither FHIR JSON nor FHIR XML")
    return found, _version(media)


def _accepted(header: str | None, preferred: Format) -> tuple[Format, Version | None]:
    if header is None or not header.strip():
        return preferred, None
    if len(header) > _LONGEST:
        raise NotAcceptable("the Accept header is too long")
    ranges = [media for media in map(_media, _RANGES.findall(header)) if media is not None]
    ranges = [media for media in ranges if media.parameters.get("fhirversion", "4.0") in _VERSIONS]
    other: Format = "xml" if preferred == "json" else "json"
    offers = [(media, one) for one in (preferred, other) for media in _offer(ranges, one)]
    media, found = max(offers, key=lambda offer: offer[0].weight(), default=(None, preferred))
    if media is None or media.weight() == 0:
        raise NotAcceptable
    return found, _version(media)


def _offer(ranges: list[_Media], found: Format) -> list[_Media]:
    """The most specific ranges that allow a format."""
    exact = [media for media in ranges if _TYPES.get(media.type) == found]
    within = [media for media in ranges if media.type in ("application/*", "text/*")]
    return exact or within or [media for media in ranges if media.type == "*/*"]


def _version(media: _Media) -> Version | None:
    raw = media.parameters.get("fhirversion")
    if raw is not None and raw not in _VERSIONS:
        raise NotAcceptable("a fhirVersion other than 4.0, 4.3 and 5.0")
    return _VERSIONS[raw] if raw else None


def _media(text: str) -> _Media | None:
    first, *rest = (part.strip() for part in _PARAMETERS.findall(text) or [""])
    parameters = {}
    for part in rest:
        name, _, value = part.partition("=")
        parameters[name.strip().lower()] = _unquoted(value.strip())
    return _Media(type=first.lower(), parameters=parameters) if first else None


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] == '"':
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value
