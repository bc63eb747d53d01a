"""PubTator (https://www.ncbi.nlm.nih.gov/research/pubtator/) -> documents.

`ID|t|title`, `ID|a|abstract`, then a line each `ID start end words kind [code]`, parted by tabs; the text is
title and abstract with one line break between. A document ends at an empty line.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from adapter.errors import InputError
from adapter.evaluation.record import Annotation, Coded, Document, sorted_

PASSAGE = re.compile(r"([^|\t]+)\|([ta])\|(.*)")
NO_CODE = ("", "-", "-1")
Numbered = tuple[int, str]


def read(path: Path, _texts: Mapping[str, str]) -> list[Document]:
    """The documents of a file.

    Raises InputError naming line and document.
    """
    try:
        whole = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name}: not UTF-8 at byte {error.start}") from None
    return [_document(block, path.name) for block in _blocks(whole)]


def _blocks(whole: str) -> Iterator[list[Numbered]]:
    block: list[Numbered] = []
    for number, line in enumerate(whole.split("\n"), start=1):
        if line.strip():
            block.append((number, line.rstrip("\r")))
        elif block:
            yield block
            block = []
    if block:
        yield block


def _document(block: list[Numbered], name: str) -> Document:
    first = PASSAGE.fullmatch(block[0][1])
    if first is None:
        raise InputError(f"{name}: line {block[0][0]}: not a passage such as ID|t|title")
    id, passages = first[1], list[str]()
    found: list[Annotation] = []
    for number, line in block:
        where = f"{name}: line {number}, document {id}"
        passage = PASSAGE.fullmatch(line)
        if passage is not None and not found:
            passages.append(passage[3])
        else:
            found += _annotations(line, "\n".join(passages), where, id)
    return Document(id=id, text="\n".join(passages), annotations=sorted_(found))


def _annotations(line: str, text: str, where: str, id: str) -> Iterator[Annotation]:
    """The mention of a line; none of a line that is a relation."""
    parts = line.split("\t")
    if parts[0] != id:
        raise InputError(f"{where}: of another document than the lines above it")
    if len(parts) < 5 and not all(part.isdecimal() for part in parts[1:3]):
        return
    if len(parts) < 5:
        raise InputError(f"{where}: a mention without its kind")
    if not (parts[1].isdecimal() and parts[2].isdecimal()):
        raise InputError(f"{where}: offsets that are no numbers")
    start, end = int(parts[1]), int(parts[2])
    if not start < end <= len(text):
        raise InputError(f"{where}: its offsets are outside the text")
    if text[start:end] != parts[3]:
        raise InputError(f"{where}: its words do not stand at its offsets")
    codes = tuple(_codes(parts[5])) if len(parts) > 5 else ()
    yield Annotation(kind=parts[4].lower(), places=((start, end),), codes=codes)


def _codes(told: str) -> Iterator[Coded]:
    """`D003920`, `MESH:D003920|OMIM:222100`: codes, any of which is right."""
    for one in re.split(r"[|,;+]", told):
        system, _, code = one.strip().rpartition(":")
        if code not in NO_CODE:
            yield Coded(system=system.upper() or "MESH", code=code)
