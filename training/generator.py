"""Templates and term lists -> synthetic clinical notes that know the place and kind of every mention.

A template is text with four marks: `{name}` takes a term, a macro or a filler; `[words|kind]` is a mention
written out; `<a|b|c>` is one of several; `\\n` ends a line. Nothing else is a mention.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from training.examples import Example, Span, trimmed
from training.generator_noise import roughen
from training.vocabulary import KINDS, Vocabulary, parts, table

Piece = tuple[str, str | None]
MARK = re.compile(r"[{\[<]")


TAILS = {"condition": 0.25, "procedure": 0.2, "body_site": 0.25, "medication": 0.2}
ODD = re.compile(
    r"\b(due|caused|without|finding|unspecified|powder|education|ability|patient|procedure"
    r"|service|status|and|or|fetus"
    r"|maternal|vaccination|specimen|region|entire)\b|[(),/:]",
    re.I,
)
DONE = re.compile(
    r"(ectomy|otomy|ostomy|oscopy|plasty|desis|centesis|graphy|pexy)\b|\b(biopsy|repair|excision"
    r"|insertion|graft|injection|removal|closure|bypass"
    r"|transplant\w*|replacement|drainage|reduction|fixation|fusion|release|therapy|ablation"
    r"|suture|amputation|delivery|catheterization)\b",
    re.I,
)


@dataclass
class Source:
    """Where the words come from: terms by kind, macros by name, and the dice."""

    vocabulary: Vocabulary
    macros: dict[str, list[str]]
    dice: random.Random
    shut: set[str] = field(default_factory=set)

    def term(self, kind: str) -> str:
        """A term of the kind: mostly from the trusted lists, at times from the long tail."""
        tail = self.vocabulary.guarded[kind]
        if tail and self.dice.random() < TAILS.get(kind, 0):
            for _ in range(20):
                term = self.dice.choice(tail)
                if 3 < len(term) < 48 and not ODD.search(term) and (kind != "procedure" or DONE.search(term)):
                    return decapitalised(term)
        for _ in range(100):
            term = self.dice.choice(self.vocabulary.trusted[kind])
            if term not in self.shut:
                return term
        raise ValueError(f"no term of kind {kind} is left to choose")


def decapitalised(term: str) -> str:
    """The term with a small first letter, unless it is an acronym or a name in capitals."""
    head, _, rest = term.partition(" ")
    if any(letter.isupper() or letter.isdigit() for letter in head[1:]):
        return term
    return head.lower() + (" " + rest if rest else "")


def expand(template: str, source: Source) -> list[Piece]:
    """The pieces of text a template gives, each with its kind or None."""
    pieces, at = [], 0
    while at < len(template):
        mark = MARK.search(template, at)
        if mark is None:
            pieces.append((template[at:], None))
            break
        if mark.start() > at:
            pieces.append((template[at : mark.start()], None))
        close = closing(template, mark.start())
        pieces.extend(_inner(template[mark.start()], template[mark.start() + 1 : close], source))
        at = close + 1
    return pieces


def _inner(mark: str, body: str, source: Source) -> list[Piece]:
    if mark == "<":
        return expand(source.dice.choice(split_choice(body)), source)
    if mark == "[":
        text, _, kind = body.rpartition("|")
        return [("".join(piece for piece, _ in expand(text, source)), kind)]
    if body in KINDS and body not in source.macros:
        return [(source.term(body), body)]
    if ":" in body:
        return [(number(body, source.dice), None)]
    return expand(source.dice.choice(source.macros[body]), source)


def number(body: str, dice: random.Random) -> str:
    """`n:2-9` a whole number, `f:0.5-4.0` one with a decimal."""
    form, _, bounds = body.partition(":")
    low, high = bounds.split("-")
    return (
        str(dice.randint(int(low), int(high)))
        if form == "n"
        else f"{dice.uniform(float(low), float(high)):.1f}"
    )


def closing(template: str, start: int) -> int:
    """Where the mark opened at `start` closes."""
    opener = template[start]
    close = {"{": "}", "[": "]", "<": ">"}[opener]
    depth = 0
    for at in range(start, len(template)):
        depth += (template[at] == opener) - (template[at] == close)
        if depth == 0:
            return at
    raise ValueError(f"{opener!r} never closes in template: {template}")


def split_choice(body: str) -> list[str]:
    """The alternatives of `<a|b|c>`, bars inside inner marks left alone."""
    found, depth, last = [], 0, 0
    for at, letter in enumerate(body):
        depth += letter in "<{["
        depth -= letter in ">}]"
        if letter == "|" and depth == 0:
            found.append(body[last:at])
            last = at + 1
    return [*found, body[last:]]


def joined(pieces: list[Piece]) -> tuple[str, list[Span]]:
    """The text of the pieces and its spans; a sentence begins with a capital."""
    text, spans = "", []
    for piece, kind in pieces:
        start = len(text)
        text += piece
        if kind and piece.strip():
            spans.append((*trimmed(text, start, len(text)), (kind,)))
    return capitalised(text), spans


def capitalised(text: str) -> str:
    """Sentences and lines begin with a capital, as a dictated note has it; same length."""
    starts = re.compile(
        r"(?:^|(?<=[a-z)\]0-9][.?!] )|(?<=\n)|(?<=: ))(?:\d+\. |- |\* |• )?([a-z])(?=[a-z-]+[ ,.:;\n])"
    )
    return starts.sub(
        lambda m: m[0][: m.start(1) - m.start()] + m[1].upper() + m[0][m.end(1) - m.start() :], text
    )


def notes(vocabulary: Vocabulary, *, count: int, seed: int, held_out: bool = False) -> Iterator[Example]:
    """`count` notes; with `held_out`, every sentence comes from templates that the other notes never use."""
    data = table("templates.toml")
    dice = random.Random(f"{seed} {held_out}")
    split = random.Random(seed)
    macros = {name: parted(lines_of(text), split, held_out) for name, text in data["sentences"].items()}
    macros |= {name: lines_of(text) for name, text in data["macros"].items()}
    macros |= {name: parts(text) for name, text in data["fillers"].items()}
    source = Source(vocabulary=vocabulary, macros=macros, dice=dice, shut=set(parts(data["adjectives"])))
    layouts = list(data["notes"].items())
    for index in range(count):
        name, sections = layouts[dice.randrange(len(layouts))]
        text, spans = joined(note(sections, data["headings"], source))
        text, spans = roughen(text, spans, dice)
        yield Example(
            id=f"{'held' if held_out else 'made'}-{seed}-{index:05d}-{name}",
            text=text,
            spans=tuple(spans),
            complete=KINDS,
        )


def lines_of(text: str) -> list[str]:
    """The templates of a block, one a line."""
    return [
        line.strip().replace("\\n", "\n").replace("\\t", "\t") for line in text.splitlines() if line.strip()
    ]


def parted(lines: list[str], split: random.Random, held_out: bool) -> list[str]:
    """A tenth of the templates for the held-out notes, the rest for training; a tiny block serves both."""
    order = list(range(len(lines)))
    split.shuffle(order)
    cut = len(lines) // 10
    if cut == 0:
        return lines
    return [lines[i] for i in sorted(order[:cut] if held_out else order[cut:])]


def note(sections: list[str], headings: dict[str, str], source: Source) -> list[Piece]:
    """The pieces of a note; a section is `heading block low-high`, `?` marks one that may be missing."""
    dice = source.dice
    pieces: list[Piece] = []
    style = dice.choice(["{}:\n", "{}: ", "{}: ", "{}\n\n", "{}\n", "## {}\n", "{}: ", "**{}**\n", "{}:  \n"])
    case = dice.choice([str.upper, str.upper, str.title, str])
    for section in sections:
        optional, spec = section.startswith("?"), section.lstrip("?")
        if optional and dice.random() < 0.45:
            continue
        head, block, amount = spec.split()
        if head != "-":
            pieces.append((style.format(case(dice.choice(parts(headings[head])))), None))
        low, _, high = amount.partition("-")
        pieces.extend(body(block, dice.randint(int(low), int(high or low)), source))
        pieces.append((dice.choice(["\n\n", "\n\n", "\n", "  \n\n"]), None))
    return pieces[:-1]


def body(block: str, amount: int, source: Source) -> list[Piece]:
    """`amount` templates of a block, run on as prose or set as a list."""
    dice = source.dice
    listed = block.startswith("list_")
    style = dice.choice(["{}. ", "- ", "* ", "• ", "", "{}) "]) if listed else ""
    pieces: list[Piece] = []
    for index in range(amount):
        if index:
            pieces.append(("\n" if listed else dice.choice([" ", " ", " ", "  ", "\n"]), None))
        pieces.append((style.format(index + 1), None))
        source_block = "distractor" if not listed and dice.random() < 0.15 else block
        pieces.extend(expand(dice.choice(source.macros[source_block]), source))
    return pieces
