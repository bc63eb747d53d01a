"""CDA R2 (C-CDA and others) -> text: the narrative of every section under its heading.

Coded entries are not read; the narrative is what its author signed. The parser takes no DTD, no entity and
no file or network address; libxml2 bounds depth (256) and the length of one text.
https://www.hl7.org/implement/standards/product_brief.cfm?product_id=7
"""

import base64
import binascii
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from lxml import etree

from adapter.notes.formats.reading import Embedded, Limits, Reading, Refused, broken, no_text, too_long
from adapter.notes.formats.text import clean, readable

HEADINGS = Path(__file__).with_name("cda-sections.toml")
LOINC = "2.16.840.1.113883.6.1"
DTD = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.I)
SPACE = re.compile(r"[ \t\r\n\f\v]+")
CAPITALS = re.compile(r"[A-Z][A-Z0-9 /&,'().\-]*")
LINES = frozenset({"item", "tr", "caption", "col", "colgroup", "footnote"})
BLOCKS = frozenset({"paragraph", "list", "table", "text", "thead", "tbody", "tfoot"})
CELLS = frozenset({"td", "th"})
NAMELESS = "SECTION:"
MEASURED = ("RESULTS", "VITAL SIGNS")  # sections in which a column may be named by what was measured
LONGEST = 70  # characters a heading may have


def read(content: bytes, limits: Limits) -> Reading:
    """The narrative text of a CDA document, or the document that is its whole body.

    Raises Refused: broken, with a DTD, another XML, without text, or past a limit.
    """
    root = _root(content)
    if _name(root) != "ClinicalDocument":
        raise Refused("not-supported", "unsupported-xml", "the XML is not a CDA document")
    body = _child(_child(root, "component"), "nonXMLBody")
    if body is not None:
        return Reading(embedded=_embedded(_child(body, "text")))
    sections = _sections(_child(_child(root, "component"), "structuredBody"))
    text = "\n\n".join(filter(None, sections))
    if len(text) > limits.characters:
        raise too_long(limits)
    if not readable(text):
        raise no_text("CDA document")
    return Reading(text=clean(text))


def _root(content: bytes) -> etree._Element:
    if DTD.search(content) or DTD.search(content.replace(b"\x00", b"")):
        raise Refused("invalid", "xml-with-dtd", "the XML has a document type or entities")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        raise broken("XML") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise Refused("invalid", "xml-with-dtd", "the XML has a document type or entities")
    return root


def _sections(parent: etree._Element | None) -> Iterator[str]:
    """The sections below an element, each followed by those within it."""
    for component in _children(parent, "component"):
        for section in _children(component, "section"):
            narrative = _child(section, "text")
            heading = _heading(section)
            text = "" if narrative is None else _narrative(narrative, heads=heading.startswith(MEASURED))
            if text or (heading != NAMELESS and _child(section, "component") is not None):
                yield f"{heading}\n{text}".rstrip("\n")
            yield from _sections(section)


def _heading(section: etree._Element) -> str:
    """The heading of a section: what its code says it is, with its own title; in capitals without a code."""
    element = _child(section, "title")
    title = _line("".join(map(str, element.itertext())) if element is not None else "").rstrip(":. ")
    code = _child(section, "code")
    known = _known(code)
    shown = title or (_line(code.get("displayName", "")) if code is not None else "")
    if known:
        same = shown.casefold() == known.casefold()
        full = known if same or not shown else f"{known} ({shown.replace('(', '').replace(')', '')})"
        return f"{full if len(full) < LONGEST else known}:"
    capitals = shown.upper()
    if not shown or (CAPITALS.fullmatch(capitals) and len(capitals) < LONGEST):
        return f"{capitals}:" if shown else NAMELESS
    return f"{NAMELESS}\n{shown}"


def _known(code: etree._Element | None) -> str:
    if code is None or code.get("codeSystem", LOINC) != LOINC:
        return ""
    return _headings().get(code.get("code", ""), "")


@cache
def _headings() -> Mapping[str, str]:
    return tomllib.loads(HEADINGS.read_text("utf-8"))


def _narrative(text: etree._Element, *, heads: bool) -> str:
    """The lines of a narrative block: list items start with "- ", a row is a sentence.

    Column heads ("Substance", "Status") read like findings; they stay only where they may name a measurement.
    """
    parts: list[str] = []
    for event, element in etree.iterwalk(text, events=("start", "end")):
        name = _name(element)
        if event == "start":
            if element.get("revised") == "delete" or (name == "thead" and not heads):
                element.clear(keep_tail=True)
            _open(name, parts)
            _say(element.text, parts)
        else:
            _close(name, parts)
            if element is not text:
                _say(element.tail, parts)
    return "\n".join(_tidied("".join(parts).split("\n")))


def _open(name: str, parts: list[str]) -> None:
    if name in LINES | BLOCKS:
        _end_line(parts)
    if name == "item":
        parts.append("- ")


def _close(name: str, parts: list[str]) -> None:
    if name in CELLS:
        parts.append("\t")
    elif name == "br":
        parts.append("\n")
    elif name in LINES | BLOCKS:
        _end_line(parts)
        if name in ("paragraph", "list", "table"):
            parts.append("\n")


def _say(words: str | None, parts: list[str]) -> None:
    text = SPACE.sub(" ", words or "")
    if not parts or parts[-1][-1] in " \n\t":
        text = text.lstrip(" ")
    if text:
        parts.append(text)


def _end_line(parts: list[str]) -> None:
    if parts and parts[-1][-1] != "\n" and parts[-1] != "- ":
        parts.append("\n")


def _tidied(lines: list[str]) -> Iterator[str]:
    """Lines without white space at their ends, never two empty ones together, none at either end."""
    waiting, begun = False, False
    for line in lines:
        bare = _row(line) if "\t" in line else line.rstrip()
        if not bare:
            waiting = begun
            continue
        if waiting:
            yield ""
        waiting, begun = False, True
        yield bare


def _row(line: str) -> str:
    """A row of a table as a sentence ("Gout; Active."); only cells end with tabs."""
    cells = "; ".join(filter(None, map(str.strip, line.split("\t"))))
    ended = not cells or cells[-1] in ".!?:;" or not line.rstrip(" ").endswith("\t")
    return cells if ended else f"{cells}."


def _embedded(text: etree._Element | None) -> Embedded:
    """The document that a nonXMLBody carries."""
    if text is None:
        raise no_text("CDA document")
    if text.get("compression"):
        raise Refused("not-supported", "unsupported-encoding", "the nonXMLBody is compressed")
    data = "".join([text.text or "", *(child.tail or "" for child in text)])
    if not data.strip():
        if _child(text, "reference") is not None:
            message = "the nonXMLBody is only referenced; remote content is not fetched"
            raise Refused("not-supported", "attachment-remote", message)
        raise no_text("CDA document")
    media = text.get("mediaType", "text/plain")
    if text.get("representation", "TXT") != "B64":
        return Embedded(media=f"{media.partition(';')[0]}; charset=utf-8", content=data.encode())
    try:
        return Embedded(media=media, content=base64.b64decode("".join(data.split()), validate=True))
    except (binascii.Error, ValueError) as error:
        raise Refused("invalid", "invalid-base64", "the nonXMLBody is not valid base64") from error


def _line(text: str) -> str:
    return SPACE.sub(" ", text).strip()


def _child(parent: etree._Element | None, name: str) -> etree._Element | None:
    return next(_children(parent, name), None)


def _children(parent: etree._Element | None, name: str) -> Iterator[etree._Element]:
    """The children of a name, in whatever namespace."""
    return (child for child in (() if parent is None else parent) if _name(child) == name)


def _name(element: etree._Element) -> str:
    """The local name of an element; empty for what is no element."""
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""
