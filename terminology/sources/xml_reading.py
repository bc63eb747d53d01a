"""How files of code lists are opened: plain, gzip or zip -> bytes; XML -> elements, one subtree at a time.

A document type line is accepted, since ClaML files have one; nothing outside the file is ever fetched, and a
document that declares entities is refused.
"""

import gzip
import hashlib
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, cast
from xml.etree.ElementTree import Element, ParseError, iterparse
from xml.parsers import expat

from terminology.errors import TerminologyError

CHUNK = 1 << 16
MOST_BYTES = 1 << 29  # of unpacked text; the largest list we know has 10 MB
MOST_DEPTH = 60  # elements within elements
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
BREAKS = frozenset({"Fragment", "Para", "ListItem", "Reference", "Cell", "Row", "Caption", "Table", "List"})
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, struct.error, LookupError)
# RuntimeError: a password, or a way of packing that is not known; ValueError, LookupError: encodings


def digest(path: Path) -> str:
    """The SHA-256 of a file as it lies."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise TerminologyError(f"{path}: {error.strerror or error}") from error


@contextmanager
def opened(path: Path, ending: str, hint: str) -> Iterator[IO[bytes]]:
    """A file's bytes, unpacked: of a zip the one file with this ending, or the one with the hint."""
    with ExitStack() as stack:
        with _faults(path):
            stream: IO[bytes] = stack.enter_context(path.open("rb"))
            start = stream.read(4)
            stream.seek(0)
            if start[:2] == b"\x1f\x8b":
                stream = cast(IO[bytes], stack.enter_context(gzip.GzipFile(fileobj=stream)))
            elif start == b"PK\x03\x04":
                archive = stack.enter_context(zipfile.ZipFile(stream))
                stream = stack.enter_context(archive.open(_member(path, archive, ending, hint)))
        yield stream


@contextmanager
def _faults(path: Path) -> Iterator[None]:
    """What goes wrong while a file is read, as a TerminologyError."""
    try:
        yield
    except OSError as error:
        raise TerminologyError(f"{path}: {error.strerror or error}") from error
    except BROKEN as error:
        raise TerminologyError(f"{path}: broken file ({type(error).__name__})") from error


def _member(path: Path, archive: zipfile.ZipFile, ending: str, hint: str) -> zipfile.ZipInfo:
    fitting = [
        member
        for member in archive.infolist()
        if member.filename.lower().endswith(ending) and not member.filename.startswith("__MACOSX/")
    ]
    if len(fitting) > 1:
        fitting = [member for member in fitting if hint in Path(member.filename).name.lower()]
    if len(fitting) != 1:
        raise TerminologyError(
            f"{path}: the archive must hold one {ending} file, or one with {hint!r} in its name"
        )
    return fitting[0]


def chunks(path: Path, stream: IO[bytes]) -> Iterator[bytes]:
    """The bytes of an opened file, piece by piece; a packed file that unpacks without end is refused."""
    total = 0
    while True:
        with _faults(path):
            piece = stream.read(CHUNK)
        if not piece:
            return
        total += len(piece)
        if total > MOST_BYTES:
            raise TerminologyError(f"{path}: unpacks to more than {MOST_BYTES >> 20} MiB")
        yield piece


class _Checked:
    """A stream for the XML parser: counts bytes, and watches the prolog for entity declarations."""

    def __init__(self, path: Path, stream: IO[bytes]) -> None:
        self._path = path
        self._pieces = chunks(path, stream)
        self._watch: expat.XMLParserType | None = expat.ParserCreate()
        self._watch.EntityDeclHandler = self._declared
        self._watch.StartElementHandler = self._started

    def read(self, _size: int = -1) -> bytes:
        """The next piece, looked at before the parser gets it."""
        piece = next(self._pieces, b"")
        if self._watch is not None:
            try:
                self._watch.Parse(piece, not piece)
            except expat.ExpatError:
                self._watch = None  # the parser finds the same fault and says where
        return piece

    def _declared(self, *_about: object) -> None:
        line = self._watch.CurrentLineNumber if self._watch else 1
        raise TerminologyError(f"{self._path}: line {line}: declares entities, which is not accepted")

    def _started(self, *_about: object) -> None:
        self._watch = None  # no declaration can follow the first element


def elements(
    path: Path, stream: IO[bytes], root: str, wanted: frozenset[str]
) -> Iterator[tuple[str, Element]]:
    """The outermost elements of the wanted names, whole, each with its bare name; then they are emptied.

    The root comes first, as it begins, with nothing but its attributes.
    """
    open_: list[Element] = []
    inside = 0  # how many wanted elements are open
    for event, element in _events(path, stream):
        if event == "start":
            open_.append(element)
            element.tag = element.tag.rpartition("}")[2]
            inside += element.tag in wanted
            if len(open_) == 1:
                if element.tag != root:
                    raise TerminologyError(f"{path}: line 1: the document is no {root}")
                yield root, element
            if len(open_) > MOST_DEPTH:
                raise TerminologyError(f"{path}: more than {MOST_DEPTH} elements within each other")
            continue
        open_.pop()
        inside -= element.tag in wanted
        if not inside:
            if element.tag in wanted:
                yield element.tag, element
            element.clear()
            if open_:
                open_[-1].remove(element)


def _events(path: Path, stream: IO[bytes]) -> Iterator[tuple[str, Element]]:
    try:
        with _faults(path):
            yield from iterparse(_Checked(path, stream), events=("start", "end"))
    except ParseError as error:
        line, column = error.position
        raise TerminologyError(f"{path}: line {line}, column {column + 1}: {_fault(error)}") from error


def _fault(error: ParseError) -> str:
    """What the parser says, without the place and without words of the document."""
    return re.split(r"[:&]", str(error))[0].strip() or "not well-formed"


def flat(element: Element) -> str:
    """An element's text with that of everything in it, white space in order, codes referred to left out."""
    return re.sub(r"\(\s*\)|\[\s*\]", "", " ".join("".join(_pieces(element)).split())).strip()


CODE_ONLY = re.compile(r"[\s(\[]*[A-Z]\d[\dA-Z][\dA-Z.†*!+#–\- ,]*[)\]\s]*")


def _pieces(element: Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        space = " " if child.tag in BREAKS else ""
        yield space
        if child.tag != "Reference" or not CODE_ONLY.fullmatch("".join(child.itertext())):
            yield from _pieces(child)
        yield space
        yield child.tail or ""
