"""XML -> a tree, with nothing in it that could reach out or blow up: no DTD, no entities, no network."""

import re
from typing import Any, Final

from lxml import etree

from adapter.errors import InputError

FHIR: Final = "http://hl7.org/fhir"
XHTML: Final = "http://www.w3.org/1999/xhtml"
DIV: Final = f"{{{XHTML}}}div"

_PROLOG = re.compile(r"(?:\s|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)
_ENCODING = re.compile(r"<\?xml\s[^>]*?\bencoding\s*=\s*[\"']([^\"'>]*)[\"']")
_READ = {"utf-8", "utf8", "us-ascii", "ascii"}


def parse(data: bytes) -> etree._Element:
    """The root of an XML document, without comments and processing instructions.

    Raises InputError that says where it breaks. A document type is refused before anything is parsed, so no
    entity is ever defined; libxml2 refuses more than 256 levels and values over 10 MB.
    """
    _refuse_document_type(_text(data))
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )
    try:
        tree = etree.fromstring(data, parser)
    except etree.XMLSyntaxError as error:
        line, column = error.position
        raise InputError(f"not well-formed XML, or too large, at line {line}, column {column}") from None
    if tree.getroottree().docinfo.internalDTD is not None:
        raise InputError("a document type is not allowed")
    return tree


def root(space: str, name: str) -> etree._Element:
    """A new element whose namespace is the one without a prefix."""
    prefixes: Any = {None: space}  # the stubs know no default namespace
    return etree.Element(f"{{{space}}}{name}", nsmap=prefixes)


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 at byte {error.start}") from None
    if "\0" in text:
        raise InputError("not XML: it holds a NUL")
    return text


def _refuse_document_type(text: str) -> None:
    declared = _ENCODING.match(text)
    if declared is not None and declared[1].lower() not in _READ:
        raise InputError("the XML declaration names an encoding other than UTF-8")
    prolog = _PROLOG.match(text)
    if prolog is not None and text.startswith("<!", prolog.end()):
        raise InputError("a document type is not allowed")
