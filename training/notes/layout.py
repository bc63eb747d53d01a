"""A kind of document and a style -> the pieces of a note."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training.notes.content import MODES, Document, Line, Section
from training.notes.expansion import Expander, Piece
from training.notes.state import State
from training.notes.template import ContentError

RUNNING = ("prose", "telegram", "dictation")


def titled(text: str) -> str:
    """The heading with a capital at each word; what is in capitals stays."""
    return " ".join(word if word.isupper() else word[:1].upper() + word[1:] for word in text.split(" "))


CASES = {"as": str, "upper": str.upper, "lower": str.lower, "title": titled}


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a note is written; see data/shared/styles.toml."""

    name: str
    weight: float
    blocks: Sequence[str]
    join: Sequence[str]
    headings: Sequence[str]
    case: Sequence[str]
    bullets: Sequence[str]
    between: Sequence[str]
    noise: Mapping[str, float]


def styles(tables: Mapping[str, Mapping[str, Any]]) -> list[Style]:
    """The styles of the shared tables."""
    return [Style(name=name, **row) for name, row in tables["styles"].items()]


@dataclass(slots=True, kw_only=True)
class Layout:
    """One note in the making."""

    expander: Expander
    state: State
    style: Style
    heading: str
    case: str
    bullet: str
    used: list[str]

    def note(self, document: Document) -> list[Piece]:
        """The pieces of the whole note."""
        pieces: list[Piece] = []
        for section in document.sections:
            if section.optional and self.state.dice.random() < 0.45:
                continue
            found = self._section(section)
            if found:
                pieces += [*found, (self.state.dice.choice(self.style.between), None)]
        return pieces[:-1]

    def _section(self, section: Section) -> list[Piece]:
        body: list[Piece] = []
        for name, low, high in section.blocks:
            found = self._block(name, self.state.dice.randint(low, high))
            if found and body:
                body.append(("\n", None))
            body += found
        if not body or section.heading is None:
            return body
        title = self.state.dice.choice(self.expander.content.headings[section.heading])
        return [(self.heading.format(CASES[self.case](title)), None), *body]

    def _block(self, name: str, amount: int) -> list[Piece]:
        """So many templates of a block, none twice, in one of the ways it is written."""
        dice = self.state.dice
        modes = self.expander.content.blocks.get(name)
        if modes is None:
            raise ContentError(f"there is no block {name}")
        mode = self._mode(modes)
        lines = chosen_lines(modes[mode], amount, dice)
        pieces: list[Piece] = []
        join = dice.choice(self.style.join) if mode in RUNNING else "\n"
        for number, line in enumerate(lines, start=1):
            self.used.append(line.id)
            if number > 1:
                last = pieces[-1][0][-1:]
                text = join if join not in (". ", ", ", "; ") or last not in ".:;\n" else " "
                pieces.append((" " if mode == "telegram" and join == " " and last in ",;" else text, None))
            if mode == "list":
                pieces.append((self.bullet.format(n=number), None))
            pieces += self._line(
                line, upper=mode in ("prose", "dictation", "box", "lines") or dice.random() < 0.6
            )
        return pieces

    def _mode(self, modes: Mapping[str, list[Line]]) -> str:
        """The way the style prefers; at times another one, as notes mix them."""
        dice = self.state.dice
        if dice.random() < 0.12:
            return dice.choice(sorted(modes))
        return next(mode for mode in (*self.style.blocks, *MODES) if modes.get(mode))

    def _line(self, line: Line, *, upper: bool) -> list[Piece]:
        try:
            pieces = self.expander.expand(line.nodes, self.state)
        except ContentError as error:
            raise ContentError(f"{line.text}: {error}") from None
        return capitalised(pieces) if upper else pieces


def chosen_lines(lines: Sequence[Line], amount: int, dice: random.Random) -> list[Line]:
    """So many lines, none twice; of those that only deny, half stand back where there are others."""
    drawn = dice.sample(lines, min(2 * amount, len(lines)))
    back = [line for line in drawn if line.denies and dice.random() < 0.5]
    return [*(line for line in drawn if line not in back), *back][:amount]


def capitalised(pieces: list[Piece]) -> list[Piece]:
    """The pieces with a capital at the beginning and after the end of each sentence inside."""
    out, starts = [], True
    for text, mark in pieces:
        small = starts and text[:1].islower() and not text[1:2].isupper()
        out.append((text[0].upper() + text[1:] if small else text, mark))
        if text:
            starts = text.endswith((". ", ".\n", "! ", "? ")) or (starts and not text.strip(" -*[]"))
    return out


def chosen_document(documents: Sequence[Document], dice: random.Random) -> Document:
    """One of the documents, by weight."""
    return dice.choices(documents, weights=[one.weight for one in documents])[0]
