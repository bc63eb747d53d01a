"""A file that was dropped or chosen -> the text of a note, or a file to be read as an attachment."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from adapter.errors import InputError
from adapter.model import Resource
from adapter.workbench.forms import Upload

TYPES: Final[Mapping[str, str]] = {
    ".txt": "text/plain",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".rtf": "application/rtf",
    ".html": "text/html",
    ".htm": "text/html",
    ".xml": "application/xml",
}
"""What a name says; browsers guess by what is installed, and some say nothing of RTF."""

FHIR: Final = "http://hl7.org/fhir"
CDA: Final = "urn:hl7-org:v3"
HEAD: Final = 4_000  # characters in which a document says what it is


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that is read as an attachment is."""

    name: str
    type: str  # media type; "": it is told from the bytes
    content: bytes

    @property
    def data(self) -> str:
        """Its bytes in base64."""
        return base64.b64encode(self.content).decode()

    def attachment(self) -> Resource:
        """It as an Attachment."""
        return {**({"contentType": self.type} if self.type else {}), "data": self.data}


def opened(upload: Upload) -> str | File:
    """The text of a file that is plain text or a FHIR resource; any other file as it is."""
    name = upload.name.replace("\\", "/").rpartition("/")[2]
    type = TYPES.get(PurePosixPath(name).suffix.lower(), upload.type)
    file = File(name=name, type="" if type == "application/octet-stream" else type, content=upload.content)
    try:
        text = upload.content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return file
    plain = type in ("text/plain", "application/json", "application/fhir+json", "application/fhir+xml")
    return text if plain or fhir_xml(text) else file


def carried(name: str, type: str, data: str) -> File:
    """A file that the page itself sends again. InputError where it is none."""
    try:
        return File(name=name, type=type, content=base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError):
        raise InputError("the file cannot be read", path="file") from None


def fhir_json(text: str) -> bool:
    """Whether a text is a FHIR resource in JSON rather than a note."""
    if not text.lstrip().startswith("{"):
        return False
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return '"resourceType"' in text  # broken: it is to be said where
    return isinstance(found, dict) and "resourceType" in found


def fhir_xml(text: str) -> bool:
    """Whether a text is a FHIR resource in XML rather than a note."""
    return _xml(text, FHIR)


def cda(text: str) -> bool:
    """Whether a text is a C-CDA document rather than a note."""
    return _xml(text, CDA)


def _xml(text: str, namespace: str) -> bool:
    start = text[:HEAD].lstrip("\ufeff \t\r\n")
    return start.startswith("<") and any(f"xmlns={quote}{namespace}{quote}" in start for quote in "\"'")
