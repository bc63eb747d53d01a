"""What hurry does to clean text: abbreviations, typing errors, odd spaces, wrapped lines, cases, spelling."""

import random
import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Edit = tuple[int, int, str]
WORD = re.compile(r"[^\W\d_]{5,}")
BLANK = re.compile(r"(?<=[^\W\d_,.]) (?=[^\W_])")
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})
PLAIN = str.maketrans("àâäéèêëîïôöùûüçÀÂÉÈÊÎÔÛÇ", "aaaeeeeiioouuucAAEEEIOUC")
NEAR = {
    "a": "sq", "e": "rw", "i": "ou", "o": "ip", "u": "yi", "r": "et", "t": "ry", "n": "mb", "s": "ad",
    "l": "k",     "d": "sf", "c": "vx", "m": "n", "p": "o", "h": "gj", "g": "fh",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Abbreviations:
    """Words that may be written short."""

    pattern: re.Pattern[str] | None
    short: Mapping[str, Sequence[str]]


def abbreviations(rows: Mapping[str, str]) -> Abbreviations:
    """The abbreviations of a language: words and, by `|`, what they are cut to."""
    short = {words.lower(): text.split("|") for words, text in rows.items()}
    if not short:
        return Abbreviations(pattern=None, short={})
    words = "|".join(re.escape(word) for word in sorted(short, key=len, reverse=True))
    return Abbreviations(pattern=re.compile(rf"(?<![\w-])(?:{words})(?![\w-])", re.I), short=short)


def edits(
    text: str,
    dice: random.Random,
    rates: Mapping[str, float],
    known: Abbreviations,
    spoken: Mapping[str, str],
) -> list[Edit]:
    """What is to be changed in a text, in order; stretches may touch but not overlap."""
    found: list[Edit] = []
    if dice.random() < rates.get("abbreviations", 0) and known.pattern:
        share = dice.uniform(0.3, 1)
        for match in known.pattern.finditer(text):
            if dice.random() < share:
                found.append((match.start(), match.end(), dice.choice(known.short[match[0].lower()])))
    if dice.random() < rates.get("typos", 0):
        found += typos(text, dice, dice.choice((0.004, 0.01, 0.03)))
    if dice.random() < rates.get("spaces", 0):
        found += spaces(text, dice, dice.choice((0.01, 0.03)))
    if spoken and dice.random() < rates.get("spoken", 0):
        found += said(text, spoken)
    if dice.random() < rates.get("wrap", 0):
        found += wrapped(text, dice.choice((60, 72, 78, 80, 90)))
    return found


def typos(text: str, dice: random.Random, rate: float) -> list[Edit]:
    """Letters of longer words swapped, lost, doubled or replaced by a neighbour on the keyboard."""
    found = []
    for match in WORD.finditer(text):
        if dice.random() < rate:
            at = match.start() + dice.randint(1, len(match[0]) - 2)
            one, two = text[at], text[at + 1]
            wrong = dice.choice(NEAR.get(one, one))
            found.append((at, at + 2, dice.choice((two + one, one, one + one + two, wrong + two))))
    return found


def spaces(text: str, dice: random.Random, rate: float) -> list[Edit]:
    """Blanks doubled, lost after a comma or a full stop, made a tab, a hard space or a line end."""
    found = []
    for match in BLANK.finditer(text):
        if dice.random() < rate:
            after = text[match.start() - 1] in ",."
            options = ("", "  ", "  ") if after else ("  ", "  ", " \n", "\n", "\u00a0", "\t")
            found.append((*match.span(), dice.choice(options)))
    return found


def said(text: str, spoken: Mapping[str, str]) -> list[Edit]:
    """Punctuation as it was spoken into a recorder: "comma", "period"."""
    marks = "".join(re.escape(mark) for mark in spoken)
    return [
        (match.start(), match.end() - 1, " " + spoken[match[0][0]])
        for match in re.finditer(rf"(?<=\w\w)[{marks}][ \n]", text)
    ]


def wrapped(text: str, width: int) -> list[Edit]:
    """Line ends for blanks where a line grows longer than the width."""
    found, line, blank = [], 0, -1
    for match in re.finditer(r"[ \n]", text):
        at = match.start()
        if text[at] == "\n":
            line, blank = at + 1, -1
            continue
        if at - line > width and blank >= 0:
            found.append((blank, blank + 1, "\n"))
            line = blank + 1
        blank = at
    return found


def applied(text: str, places: Sequence[int], changes: Sequence[Edit]) -> tuple[str, list[int]]:
    """The text after the changes, and where the places (edges of spans, sorted) are then.

    A change that an edge stands in, or that follows another one too closely, is left out.
    """
    out, last, moved = [], 0, 0
    ends, moves = [], []
    for start, end, new in sorted(changes):
        if start < last or (not new and start == 0):
            continue
        inside = bisect_right(places, start)
        if inside < len(places) and places[inside] < end:
            continue
        out += [text[last:start], new]
        last, moved = end, moved + len(new) - (end - start)
        ends.append(end)
        moves.append(moved)
    out.append(text[last:])
    shifts = [0, *moves]
    return "".join(out), [place + shifts[bisect_right(ends, place)] for place in places]


def respelled(text: str, places: Sequence[int], language: str) -> tuple[str, list[int]]:
    """The text without umlauts ("ae") or accents, as old systems write it."""
    if language != "de":
        return text.translate(PLAIN), list(places)
    changes = [
        (at, at + 1, letter.translate(UMLAUTS)) for at, letter in enumerate(text) if letter in "äöüÄÖÜß"
    ]
    return applied(text, places, changes)


def recased(text: str, *, upper: bool) -> str:
    """The text in one case; a letter that would grow is left as it is."""
    whole = text.upper() if upper else text.lower()
    if len(whole) == len(text):
        return whole
    case = str.upper if upper else str.lower
    return "".join(case(letter) if len(case(letter)) == 1 else letter for letter in text)
