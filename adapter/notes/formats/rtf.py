"""RTF -> text. Pictures, embedded objects, headers, footers, notes and deleted revisions are not read.

Uses striprtf, on a text from which what it cannot skip has been taken out.
https://interoperability.blob.core.windows.net/files/Archive_References/%5bMSFT-RTF%5d.pdf
"""

import codecs
import re
from collections.abc import Iterator

from striprtf.striprtf import rtf_to_text

from adapter.notes.formats.reading import Limits, Reading, Remark, broken, no_text, too_long
from adapter.notes.formats.text import clean, readable

START = re.compile(rb"\s*(?:\xef\xbb\xbf)?\s*(?=\{\\rtf)")
CODE_PAGE = re.compile(rb"\\ansicpg(\d{1,5})")
TOKEN = re.compile(
    rb"\\(?:bin(?![a-z])(\d{0,9}) ?"  # binary data follows
    rb"|(nestcell|cell)(?![a-z])"
    rb"|(deleted)(?![a-z0-9])"
    rb"|(\*\\fldinst)(?![a-z])"
    rb"|.)|[{}]",
    re.S,
)
DEFAULT = "cp1252"


def read(content: bytes, limits: Limits) -> Reading:
    """The text of an RTF document; cells are parted by tabs.

    Raises Refused: broken, without text, or past a limit.
    """
    start = START.match(content)
    if start is None:
        raise broken("RTF")
    tokens = _Tokens(content[start.end() :])
    codec = _codec(content)
    try:
        tamed = b"".join(tokens.parts()).decode(codec, "replace")
        text: str = rtf_to_text(tamed, codec, "replace")  # type: ignore[no-untyped-call]
    except Exception as error:  # striprtf does not check what it converts
        raise broken("RTF") from error
    text = text.strip("\n ")
    if len(text) > limits.characters:
        raise too_long(limits)
    if not readable(text):
        raise no_text("RTF")
    return Reading(text=clean(text), remarks=_remarks(tokens.depth))


class _Tokens:
    """RTF without binary data, its parts told in one pass; `depth` counts the groups left open."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.depth = 0

    def parts(self) -> Iterator[bytes]:
        position = 0
        while token := TOKEN.search(self.content, position):
            yield self.content[position : token.start()]
            position = token.end()
            length, cell, deleted, field = token.groups()
            self.depth += {b"{": 1, b"}": -1}.get(token.group(), 0)
            if length is not None:
                position += int(length or b"0")
            elif cell:
                yield b"\\tab"
            elif deleted:
                yield b"\\*\\nodeleted"  # the rest of the group becomes a destination nobody knows
            else:
                yield token.group() + (b" " if field else b"")
        yield self.content[position:]


def _codec(content: bytes) -> str:
    """The code page of the document, where Python has it."""
    declared = CODE_PAGE.search(content[:4096])
    try:
        return codecs.lookup(f"cp{int(declared.group(1))}").name if declared else DEFAULT
    except LookupError:
        return DEFAULT


def _remarks(depth: int) -> tuple[Remark, ...]:
    if depth <= 0:
        return ()
    message = "the RTF ends before its groups do; text may be missing"
    return (Remark(code="incomplete", reason="attachment-truncated", message=message),)
