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
    rb"|(fonttbl)(?![a-z])"
    rb"|f(\d{1,5})(?!\d)"
    rb"|fcharset(\d{1,3})(?!\d)"
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
        tamed = tokens.tamed().decode(codec, "replace")
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
    """RTF as striprtf reads it well, told in one pass; `depth` counts the groups left open.

    Binary data is gone, cells are tabs, and the font table is written anew at the start: the patterns
    striprtf looks for fonts and links with take very long on what no word processor writes.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.depth = 0
        self.fonts: dict[bytes, bytes] = {}  # number -> character set
        self.table = 0  # depth of the font table now being read; 0 outside
        self.font = b""

    def tamed(self) -> bytes:
        body = b"".join(self._parts())
        fonts = b"".join(b"{\\f%b\\fcharset%b x;}" % font for font in self.fonts.items())
        return b"{{\\fonttbl" + fonts + b"}" + body[1:]

    def _parts(self) -> Iterator[bytes]:
        position = 0
        while token := TOKEN.search(self.content, position):
            yield self.content[position : token.start()]
            yield self._part(token)
            position = token.end() + int(token.group(1) or b"0")
        yield self.content[position:]

    def _part(self, token: re.Match[bytes]) -> bytes:
        length, cell, deleted, field, table, font, charset = token.groups()
        self.depth += {b"{": 1, b"}": -1}.get(token.group(), 0)
        self._note_font(table, font, charset)
        if cell:
            return b"\\tab"
        if deleted or table:
            return b"\\*\\nowhere"  # the rest of the group becomes a destination nobody knows
        return b"" if length is not None else token.group() + (b" " if field else b"")

    def _note_font(self, table: bytes | None, font: bytes | None, charset: bytes | None) -> None:
        if table:
            self.table = self.depth
        elif self.depth < self.table:
            self.table = 0
        elif self.table and font:
            self.font = font
        elif self.table and charset and self.font:
            self.fonts[self.font] = charset


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
