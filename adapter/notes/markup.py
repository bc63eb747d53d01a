"""HTML or XHTML -> the text a reader sees, one line per block; never the tags, scripts or styles.

Built on the tolerant `html.parser` of the standard library: broken markup gives the text that can be had.
"""

import re
from html import escape
from html.parser import HTMLParser

BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "br",
        "caption",
        "center",
        "dd",
        "details",
        "dialog",
        "dir",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hgroup",
        "hr",
        "html",
        "legend",
        "li",
        "main",
        "menu",
        "nav",
        "ol",
        "optgroup",
        "option",
        "p",
        "pre",
        "section",
        "select",
        "summary",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "title",
        "tr",
        "ul",
    ]
)
PARAGRAPHS = frozenset(
    ["blockquote", "dl", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "p", "pre", "section", "table", "ul"]
)
CELLS = frozenset({"td", "th"})
UNSEEN = frozenset(["script", "style", "template", "noscript", "head", "svg", "math", "object"])
VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    ]
)
HIDDEN = re.compile(r"<!--|<!\[CDATA\[")
LOOSE = re.compile(r"<(?=[^<>]*(?:<|\Z))")
SPACE = re.compile(r"[ \t\r\n\f\v]+")


def text_of(html: str) -> str:
    """The visible text of an HTML document; list items start with "- ", cells are parted by tabs."""
    reader = _Reader()
    reader.feed(_tamed(html))
    reader.close()
    lines = [line.rstrip() for line in "".join(reader.parts).split("\n")]
    kept = [line for line, before in zip(lines, ["", *lines], strict=False) if line or before]
    return "\n".join(kept).strip("\n ")


def _tamed(html: str) -> str:
    """HTML without comments, CDATA as text, and no "<" that opens no tag, which the parser reads slowly."""
    parts, position, unclosed = [], 0, set()
    for opened in HIDDEN.finditer(html):
        closing = "]]>" if opened.group() == "<![CDATA[" else "-->"
        end = -1 if opened.start() < position or closing in unclosed else html.find(closing, opened.end())
        if end < 0:
            unclosed |= {closing} if opened.start() >= position else set()
            continue
        parts.append(html[position : opened.start()])
        parts.append(escape(html[opened.end() : end]) if closing == "]]>" else "")
        position = end + len(closing)
    return LOOSE.sub("&lt;", "".join([*parts, html[position:]]))


class _Reader(HTMLParser):
    """Collects text as it comes; `unseen` counts the open elements whose text nobody sees."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.unseen = 0
        self.preformatted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in UNSEEN:
            self.unseen += 1
        elif tag == "body":
            self.unseen = 0  # an unclosed <head> must not swallow the document
        self._mark(tag)
        if tag == "li":
            self.parts.append("- ")
        self.preformatted += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        if tag in UNSEEN:
            self.unseen = max(0, self.unseen - 1)
        self.preformatted = max(0, self.preformatted - (tag == "pre"))
        if tag in CELLS:
            self.parts.append("\t")
        elif tag not in VOID:
            self._mark(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        if self.unseen:
            return
        text = data if self.preformatted else SPACE.sub(" ", data)
        if not self.preformatted and (not self.parts or self.parts[-1][-1] in " \n\t"):
            text = text.lstrip(" ")
        if text:
            self.parts.append(text)

    def _mark(self, tag: str) -> None:
        if tag in BLOCKS and not self.unseen:
            end = "".join(self.parts[-2:])[-2:]
            if tag in PARAGRAPHS and end and end != "\n\n":
                self.parts.append("\n\n" if not end.endswith("\n") else "\n")
            elif end and (not end.endswith("\n") or tag == "br"):
                self.parts.append("\n")
