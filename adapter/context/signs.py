"""Lists whose items bear a sign each: "+ fever, + cough, - vomiting", "fever +, cough +, vomiting -".

A sign stands before its words or after them, in one list on the same side; a minus alone at the start of a
line is a bullet, so a list needs both signs.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

BEFORE = re.compile(r"(?:^|(?<=[\n,;:.(|])|(?<=[,;:.(|\n\t ][ \t\n]))(?P<sign>[+−–-])(?P<gap> ?)(?=[^\W\d_])")
AFTER = re.compile(
    r"(?<=[\w)%])\s(?P<sign>[+−–-])(?=[ \t]*(?:[,;.\n]|$))|(?<=\w)[ \t]?\((?P<bracket>[+−–-])\)"
)
PARAGRAPH = re.compile(r"\S[^\n]*(?:\n[ \t]*\S[^\n]*)*")
STOP = re.compile(r"[;\n]|(?<=\w\w)\.(?=\s|$)|\)(?=[.,;]|$)")
EDGE = re.compile(r"[,;:|\n]|(?<=\w\w)\.(?=\s)|(?<=[+−–-])\.")
PLUS = "+"


class Item(NamedTuple):
    """Where the words of an item stand, its mark, and what that says; None where it says neither."""

    start: int
    end: int
    mark: tuple[int, int]
    says: bool | None


class _Sign(NamedTuple):
    start: int
    end: int
    plus: bool


def items(text: str) -> Sequence[Item]:
    """The items of all such lists of a note."""
    if PLUS not in text:
        return ()
    found: list[Item] = []
    for match in PARAGRAPH.finditer(text):
        if PLUS in match[0]:
            found += _leading(text, *match.span())
            found += _trailing(text, *match.span())
    return found


def _leading(text: str, low: int, high: int) -> Iterator[Item]:
    signs = [
        _Sign(match.start("sign"), match.end("sign"), match["sign"] == PLUS)
        for match in BEFORE.finditer(text, low, high)
        if _opens(text, low, match)
    ]
    for run in _runs(text, signs):
        if len({sign.plus for sign in run}) < 2:
            continue
        shared = any("," in text[one.end : other.start].rstrip(", \n") for one, other in pairwise(run))
        for one, other in pairwise(run):
            yield Item(one.end, other.start, (one.start, one.end), one.plus)
        last = run[-1]
        stop = STOP.search(text, last.end, high)
        end = stop.start() if stop else high
        comma = text.find(",", last.end, end)
        yield Item(last.end, comma if comma >= 0 and not shared else end, (last.start, last.end), last.plus)


def _opens(text: str, low: int, match: re.Match[str]) -> bool:
    """Whether a sign may open an item: behind a full stop only right at its word ("+fever. -cough")."""
    lead = text[low : match.start("sign")].rstrip()
    return not lead.endswith(".") or match["gap"] == "" or match["sign"] == PLUS


def _runs(text: str, signs: Sequence[_Sign]) -> Iterator[Sequence[_Sign]]:
    """Signs whose items follow one another: nothing but an item and a comma or full stop between them."""
    run: list[_Sign] = []
    for sign in signs:
        if run and not _joined(text[run[-1].end : sign.start]):
            yield run
            run = []
        run.append(sign)
    if run:
        yield run


def _joined(between: str) -> bool:
    """Whether only an item, over lines perhaps, and its comma or full stop stand between two signs."""
    item = between.rstrip()
    if not item or item[-1] not in ",.;" or len(item) > 160 or re.search(r"[.;:]\s", item):
        return False
    return item[-1] != "." or "\n" not in between[len(item) :]


def _trailing(text: str, low: int, high: int) -> Iterator[Item]:
    found: list[Item] = []
    for match in AFTER.finditer(text, low, high):
        edges = [edge.end() for edge in EDGE.finditer(text, low, match.start())]
        group = "sign" if match["sign"] else "bracket"
        start = edges[-1] if edges else low
        found.append(Item(start, match.start(), match.span(group), match[group] == PLUS))
    for one in found:
        if any(other.says != one.says for other in found):
            yield one
