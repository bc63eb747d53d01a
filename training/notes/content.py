"""The data files of a language -> its content: templates by block, macros, words, headings, documents."""

import tomllib
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapter.model import KINDS
from training.notes.template import ContentError, Nodes, assertions, parse

DATA = Path(__file__).parent / "data"
MODES = ("prose", "telegram", "dictation", "list", "lines", "box")
TABLES = (
    "blocks", "macros", "mentions", "identifiers", "sticky", "adjectives", "relatives", "headings",
    "documents", "gender", "grammar", "dates", "abbreviations", "units", "speech",
)  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Line:
    """A template with its name."""

    id: str
    text: str
    nodes: Nodes
    denies: bool  # more than it states


@dataclass(slots=True, kw_only=True)
class Section:
    """A part of a document: a heading, and how much of which blocks stands under it."""

    heading: str | None
    blocks: list[tuple[str, int, int]]
    optional: bool


@dataclass(slots=True, kw_only=True)
class Document:
    """A kind of document."""

    name: str
    weight: float
    ages: tuple[int, int]
    sections: list[Section]


@dataclass(slots=True, kw_only=True)
class Content:
    """All that was written for a language."""

    language: str
    blocks: dict[str, dict[str, list[Line]]] = field(default_factory=dict)
    macros: dict[str, list[Nodes]] = field(default_factory=dict)
    mentions: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    identifiers: dict[str, tuple[str, list[Nodes]]] = field(default_factory=dict)
    sticky: dict[str, list[Nodes]] = field(default_factory=dict)
    adjectives: dict[str, list[str]] = field(default_factory=dict)
    relatives: list[tuple[str, str]] = field(default_factory=list)
    headings: dict[str, list[str]] = field(default_factory=dict)
    documents: list[Document] = field(default_factory=list)
    gender: dict[str, list[str]] = field(default_factory=dict)
    grammar: dict[str, list[str]] = field(default_factory=dict)
    dates: dict[str, list[str]] = field(default_factory=dict)
    abbreviations: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    speech: dict[str, str] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)  # blocks of the documents that nobody wrote
    untitled: set[str] = field(default_factory=set)  # headings without words


def load(language: str, *, folder: Path = DATA, held_out: bool | None = None) -> Content:
    """The content of a language; `held_out` keeps a tenth of a block's templates (True) or the rest (False).

    Raises ContentError naming file and key where something cannot be read.
    """
    content = Content(language=language)
    paths = sorted((folder / language).glob("*.toml"))
    if not paths:
        raise ContentError(f"no content for {language}")
    for path in paths:
        for table, rows in tomllib.loads(path.read_text("utf-8")).items():
            if table not in TABLES:
                raise ContentError(f"{language}/{path.name}: {table} is no table of content")
            try:
                _add(content, table, rows)
            except (ContentError, ValueError, AttributeError) as error:
                raise ContentError(f"{language}/{path.name}: [{table}]: {error}") from None
    _shared_documents(content, folder)
    if held_out is not None:
        for modes in content.blocks.values():
            modes.update({mode: part(lines, held_out) for mode, lines in modes.items()})
    return content


def _shared_documents(content: Content, folder: Path) -> None:
    """The documents of every language, without the sections that this one has no block for."""
    own = {document.name for document in content.documents}
    tables = tomllib.loads((folder / "shared" / "documents.toml").read_text("utf-8"))
    for name, row in tables["documents"].items():
        if name not in own:
            _documents(content, name, row)
    for document in content.documents:
        for section in document.sections:
            content.missing.update(one[0] for one in section.blocks if one[0] not in content.blocks)
            if section.heading and section.heading not in content.headings:
                content.untitled.add(section.heading)
                section.heading = None
            section.blocks = [one for one in section.blocks if one[0] in content.blocks]
        document.sections = [section for section in document.sections if section.blocks]
    content.documents = [one for one in content.documents if len(one.sections) > 1]


def _add(content: Content, table: str, rows: Mapping[str, Any]) -> None:
    for name, value in rows.items():
        _ADDING[table](content, name, value)


def _blocks(content: Content, name: str, modes: Mapping[str, str]) -> None:
    block = content.blocks.setdefault(name, {})
    for mode, text in modes.items():
        if mode not in MODES:
            raise ContentError(f"{name}: {mode} is no way to write")
        kept = block.setdefault(mode, [])
        known = {line.text for line in kept}
        for text_line in lines(text):
            if text_line in known:
                continue
            known.add(text_line)
            id = f"{name}.{mode}.{zlib.crc32(text_line.encode()):08x}"
            nodes = parse(text_line)
            denied = [bool(one.get("negated")) for one in assertions(nodes)]
            kept.append(Line(id=id, text=text_line, nodes=nodes, denies=sum(denied) * 2 > len(denied)))


def _macros(content: Content, name: str, text: str) -> None:
    content.macros.setdefault(name, []).extend(map(parse, lines(text) or [""]))


def _mentions(content: Content, kind: str, pools: Mapping[str, str]) -> None:
    if kind not in KINDS:
        raise ContentError(f"{kind} is no kind")
    for name, text in pools.items():
        known, kept = content.mentions.setdefault(name, (kind, []))
        if known != kind:
            raise ContentError(f"{name} is a list of {known} and of {kind}")
        kept.extend(lines(text))


def _identifiers(content: Content, kind: str, pools: Mapping[str, str]) -> None:
    for name, text in pools.items():
        content.identifiers.setdefault(name, (kind, []))[1].extend(map(parse, lines(text)))


def _sticky(content: Content, name: str, text: str) -> None:
    content.sticky.setdefault(name, []).extend(map(parse, parts(text)))


def _adjectives(content: Content, name: str, text: str) -> None:
    content.adjectives.setdefault(name, []).extend(parts(text))


def _relatives(content: Content, code: str, text: str) -> None:
    content.relatives.extend((code, word) for word in parts(text))


def _headings(content: Content, name: str, text: str) -> None:
    content.headings.setdefault(name, []).extend(one.strip() for one in text.split("|") if one.strip())


def _documents(content: Content, name: str, row: Mapping[str, Any]) -> None:
    low, high = row.get("ages", (18, 94))
    sections = [_section(line) for line in lines(row["sections"])]
    weight = float(row.get("weight", 1))
    content.documents.append(Document(name=name, weight=weight, ages=(low, high), sections=sections))


def _section(line: str) -> Section:
    """`?heading: block 1-3, block 2`; `-` is no heading."""
    head, _, body = line.lstrip("?").partition(":")
    blocks = []
    for one in body.split(","):
        name, amount = one.split()
        low, _, high = amount.partition("-")
        blocks.append((name, int(low), int(high or low)))
    heading = None if head.strip() == "-" else head.strip()
    return Section(heading=heading, blocks=blocks, optional=line.startswith("?"))


def _words(table: str) -> Any:
    def add(content: Content, name: str, text: str) -> None:
        getattr(content, table).setdefault(name, []).extend(parts(text))

    return add


def _pairs(table: str) -> Any:
    def add(content: Content, name: str, text: str) -> None:
        getattr(content, table)[name] = text

    return add


_ADDING: Mapping[str, Any] = {
    "blocks": _blocks, "macros": _macros, "mentions": _mentions, "identifiers": _identifiers,
    "sticky": _sticky, "adjectives": _adjectives, "relatives": _relatives, "headings": _headings,
    "documents": _documents, "gender": _words("gender"), "grammar": _words("grammar"),
    "dates": _words("dates"), "abbreviations": _pairs("abbreviations"), "units": _pairs("units"),
    "speech": _pairs("speech"),
}  # fmt: skip


def lines(text: str) -> list[str]:
    """The entries of a block, one a line; lines that begin with # are remarks."""
    stripped = (line.strip() for line in text.splitlines())
    return [line for line in stripped if line and not line.startswith("# ")]


def parts(text: str) -> list[str]:
    """The entries of a list divided by commas or line ends."""
    return [part.strip() for part in text.replace("\n", ",").split(",") if part.strip()]


def part(found: list[Line], held_out: bool) -> list[Line]:
    """The tenth of the templates that is held out, or the rest; fewer than ten serve both."""
    if len(found) < 10:
        return found
    held = {
        line.id for line in sorted(found, key=lambda line: zlib.crc32(line.id.encode()))[: len(found) // 10]
    }
    return [line for line in found if (line.id in held) == held_out]


def templates(content: Content) -> Iterator[Line]:
    """Every sentence template."""
    for modes in content.blocks.values():
        for found in modes.values():
            yield from found
