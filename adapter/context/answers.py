"""What the answers of a form say: "cough ☐  fever ☒", "gout: no   asthma: yes", "☐ yes ☒ no", "+ fever".

A box, an answer or a sign speaks of its own item alone. Which side the items stand on is read from the whole
line, so this is no matter of phrases: the words of `[answers]` and the layout of the line decide. A mention
whose item is answered takes no denial from the boxes and answers of another.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import mappings
from adapter.context import signs
from adapter.context.phrases import by_first
from adapter.context.signs import Item
from adapter.model import Cue, Mention

RULE = "form-answer"
KINDS = frozenset({"condition", "finding", "social"})
EMPTY = re.compile(r"\[[ _]?\]|\( ?\)|[☐□○◯▢⬜❏]")
BRACKETS = (r"\[[ _xXvV✓✔✗×+]?\]", r"\([ xX✓✔×]?\)")
SIGNS = "☐□○◯▢⬜❏☑☒✓✔■●◉🗹"
JOINED = r"[\w'’-]"  # beside a word: it is part of another
BOXES = frozenset(SIGNS + "[(")
GLYPHS = "○◯●◉■□▢"  # bullets too: they need their counterpart on the line, or an answer beside them
BESIDE = re.compile(r"[ \t:=]{0,3}")  # between a box and its answer
BETWEEN = re.compile(r"[ \t/|]{0,4}")  # between one such pair and the next
CELL = re.compile(r"[ \t]{2,}|\t|[ \t][/|][ \t]|[;|]|(?<=[^\W\d_]{2})\.[ \t]")  # divides the items of a line
OPENS = re.compile(r"[ \t]*(?:[-•*·#>]|\(?\d{1,2}[.)])?[ \t]*")  # before the first word of a line
LEADS = re.compile(r"(?:[ \t]{2}|\t|[.…·_]{3}[ \t]*)$")  # from an item to its answer in a column of its own
CLOSES = re.compile(r"[ \t]*(?:$|[;,.(]|\t|[ \t]{2}|[ \t][/|])")  # after an answer
LINE = re.compile(r"[^\r\n]+")
OVER = re.compile(r";|(?<=[^\W\d_]{2})\.[ \t]")  # ends the words behind a box
MOST = 90  # characters of an item


class AnswerTable(mappings.Table):
    """The words of a language that answer an item of a form."""

    yes: tuple[str, ...]
    no: tuple[str, ...]
    open: tuple[str, ...] = ()  # answers that say neither
    yes_letter: str
    no_letter: str
    colon: tuple[str, ...] = ()  # how a colon is dictated


@dataclass(frozen=True, slots=True)
class AnswerRules:
    """The answers of a language, ready to find."""

    marks: re.Pattern[str]
    colon: re.Pattern[str]  # at the end of what stands before an answer
    yes: frozenset[str]
    no: frozenset[str]
    letters: Mapping[str, bool]
    plain: frozenset[str]  # those that need no colon: "GERD YES / gout NO"


class Mark(NamedTuple):
    """A box or an answer on a line."""

    start: int
    end: int
    box: bool
    says: bool | None  # ticked, yes; an empty box and "no" are False


class Answered(NamedTuple):
    """What a form says of a mention, and the marks of the other items, which say nothing of it."""

    cue: Cue | None
    others: tuple[tuple[int, int], ...]


def rules(table: AnswerTable | None) -> AnswerRules | None:
    """The table of a language; none where it has none."""
    if table is None:
        return None
    letters = {table.yes_letter: True, table.no_letter: False}
    words = sorted((*table.yes, *table.no, *table.open), key=len, reverse=True)
    wordings = [
        re.escape(first) + f"(?i:{re.escape(word[1:])})" for word in words for first in _cases(word[0])
    ]
    answers = by_first((*wordings, *letters), behind=JOINED, ahead=JOINED)
    colons = "|".join(re.escape(word) for word in table.colon) or "(?!)"
    return AnswerRules(
        marks=re.compile("|".join((*BRACKETS, *SIGNS, answers))),
        colon=re.compile(rf"(?:[:=?]|[ \t][-–]|\b(?i:{colons}))[ \t]*$"),
        yes=frozenset(map(str.lower, table.yes)),
        no=frozenset(map(str.lower, table.no)),
        letters=letters,
        plain=frozenset({*letters, table.yes[0].upper(), table.no[0].upper()}),
    )


def answered(text: str, ordered: Sequence[Mention], rules: AnswerRules | None) -> Mapping[int, Answered]:
    """What the forms in a note say of its mentions, by their position."""
    if rules is None or not ordered:
        return {}
    starts = [mention.start for mention in ordered]
    found: dict[int, Answered] = {}
    for low, high in _lines(text, starts):
        found |= _told(text, ordered, starts, _items(text, low, high, rules))
    found |= _told(text, ordered, starts, signs.items(text))
    return found


def _lines(text: str, starts: Sequence[int]) -> Iterator[tuple[int, int]]:
    """The lines that a mention begins on."""
    for match in LINE.finditer(text):
        if bisect_left(starts, match.start()) < bisect_left(starts, match.end()):
            yield match.span()


def _told(
    text: str, ordered: Sequence[Mention], starts: Sequence[int], items: Sequence[Item]
) -> dict[int, Answered]:
    marks = tuple(item.mark for item in items)
    found: dict[int, Answered] = {}
    for item in items:
        for index in range(bisect_left(starts, item.start), bisect_left(starts, item.end)):
            if ordered[index].kind in KINDS:
                start, end = item.mark
                denied = Cue(axis="negated", rule=RULE, start=start, end=end, text=text[start:end])
                found[index] = Answered(denied if item.says is False else None, marks)
    return found


def _items(text: str, low: int, high: int, rules: AnswerRules) -> Sequence[Item]:
    """The answered items of a line."""
    marks = _marks(text, low, high, rules)
    if not marks:
        return ()
    groups = [group for group in _groups(text, marks) if len(group) > 1]
    if groups:
        return _paired(text, low, high, groups)
    boxes = [mark for mark in marks if mark.box]
    if len(boxes) > 1:
        return _ticked(text, low, high, boxes)
    return _labelled(text, low, high, [mark for mark in marks if not mark.box], rules)


def _marks(text: str, low: int, high: int, rules: AnswerRules) -> Sequence[Mark]:
    found = []
    for match in rules.marks.finditer(text, low, high):
        box = match[0][0] in BOXES
        says = EMPTY.fullmatch(match[0]) is None if box else _says(match[0], rules)
        found.append(Mark(*match.span(), box, says))
    glyphs = {text[mark.start] for mark in found if mark.box} & set(GLYPHS)
    lone = len({mark.says for mark in found if mark.box}) < 2
    if glyphs and lone and not any(not mark.box for mark in found):
        return [mark for mark in found if text[mark.start] not in GLYPHS]
    return found


def _says(word: str, rules: AnswerRules) -> bool | None:
    if word in rules.letters:
        return rules.letters[word]
    return True if word.lower() in rules.yes else False if word.lower() in rules.no else None


def _cases(letter: str) -> Sequence[str]:
    return sorted({letter.lower(), letter.upper()})


def _groups(text: str, marks: Sequence[Mark]) -> Iterator[Sequence[Mark]]:
    """Boxes and answers that stand together: "☐ yes ☒ no"; of each group the boxes and answers take turns."""
    group: list[Mark] = []
    for mark in marks:
        near = bool(group) and group[-1].box != mark.box
        between = BESIDE if len(group) % 2 else BETWEEN
        if not near or between.fullmatch(text, group[-1].end, mark.start) is None:
            if group:
                yield group
            group = []
        group.append(mark)
    if group:
        yield group


def _paired(text: str, low: int, high: int, groups: Sequence[Sequence[Mark]]) -> Sequence[Item]:
    """Each item with the one answer whose box is ticked; it stands behind where the line opens with boxes."""
    opens = OPENS.match(text, low, high)
    leads = opens is not None and opens.end() == groups[0][0].start
    if leads and not text[groups[0][-1].end : high].strip():
        return ()
    edges = [low, *(group[-1].end for group in groups)]
    ends = [*(group[0].start for group in groups[1:]), high]
    found = []
    for index, group in enumerate(groups):
        boxes, answers = [[m for m in group if m.box is box] for box in (True, False)]
        chosen = {word.says for box, word in zip(boxes, answers, strict=False) if box.says}
        start, end = (group[-1].end, ends[index]) if leads else (edges[index], group[0].start)
        start = start if leads else max((cut.end() for cut in OVER.finditer(text, start, end)), default=start)
        says = chosen.pop() if len(chosen) == 1 else None
        found.append(Item(start, end, (group[0].start, group[-1].end), says))
    return found


def _ticked(text: str, low: int, high: int, boxes: Sequence[Mark]) -> Sequence[Item]:
    """Items with a box each: behind them where the line ends with a box and does not open with one."""
    opens = OPENS.match(text, low, high)
    leads = opens is not None and opens.end() == boxes[0].start
    closes = not text[boxes[-1].end : high].strip(" \t.,;")
    if closes and not leads:
        edges = [_cell(text, low, boxes[0].start), *(box.end for box in boxes)]
        return [
            Item(edge, box.start, (box.start, box.end), box.says)
            for edge, box in zip(edges, boxes, strict=False)
        ]
    if closes:
        return ()
    ends = [*(box.start for box in boxes[1:]), high]
    return [
        Item(box.end, _over(text, box.end, end), (box.start, box.end), box.says)
        for box, end in zip(boxes, ends, strict=True)
    ]


def _over(text: str, low: int, high: int) -> int:
    """Where the words of an item end that could go on to here."""
    high = min(high, low + MOST)
    found = OVER.search(text, low, high)
    return found.start() if found else high


def _labelled(text: str, low: int, high: int, answers: Sequence[Mark], rules: AnswerRules) -> Sequence[Item]:
    """Items with an answer each: "gout: no   asthma: yes", "GERD YES / gout NO", "Y cough / N fever"."""
    behind = [mark for mark in answers if _behind(text, mark, low, high, rules)]
    if len(behind) > 1 or (behind and _alone(text, behind[0], low, high)):
        edges = [low, *(mark.end for mark in behind)]
        return [
            Item(max(edge, _cell(text, low, mark.start)), mark.start, (mark.start, mark.end), mark.says)
            for edge, mark in zip(edges, behind, strict=False)
        ]
    before = [mark for mark in answers if _before(text, mark, low, rules)]
    if len(before) > 1:
        ends = [*(mark.start for mark in before[1:]), high]
        return [
            Item(mark.end, end, (mark.start, mark.end), mark.says)
            for mark, end in zip(before, ends, strict=True)
        ]
    return ()


def _behind(text: str, mark: Mark, low: int, high: int, rules: AnswerRules) -> bool:
    """Whether an answer closes its item, after a colon or in capitals."""
    if CLOSES.match(text[mark.end : high]) is None:
        return False
    lead = text[low : mark.start]
    if rules.colon.search(lead) is not None or (lead.strip() and lead.rstrip(" \t").endswith(("...", "…"))):
        return True
    spaced = bool(text[low : mark.start].strip()) and text[mark.start - 1].isspace()
    return spaced and text[mark.start : mark.end] in rules.plain


def _alone(text: str, mark: Mark, low: int, high: int) -> bool:
    """Whether the only answer of a line is one: in a column of its own, or before another labelled item."""
    return LEADS.search(text, low, mark.start) is not None or _more(text, mark, high)


def _more(text: str, mark: Mark, high: int) -> bool:
    """Whether another labelled item follows the only answer of a line, beyond a gap."""
    rest = text[mark.end : high]
    return re.match(r"[ \t]{2,}\S|\t\S|[ \t]?[/|]", rest) is not None and ":" in rest


def _before(text: str, mark: Mark, low: int, rules: AnswerRules) -> bool:
    """Whether a letter opens its item, at the start of the line or behind a stroke or a gap."""
    if text[mark.start : mark.end] not in rules.letters or not text.startswith(" ", mark.end):
        return False
    lead = text[low : mark.start]
    return not lead.strip(" \t-•*") or re.search(r"[/|][ \t]?$|[ \t]{2}$|\t$|:[ \t]*$", lead) is not None


def _cell(text: str, low: int, high: int) -> int:
    """Where the item begins that ends here: after the last gap, stroke or full stop before its words.

    Of a list behind a label the last alone: "Eltern: Gicht, Asthma: nein".
    """
    words = text[low:high].rstrip(" \t:=-–.…·_")
    start = max((match.end() for match in CELL.finditer(words)), default=0)
    return low + (words.rfind(",") + 1 if ":" in words[start:] and "," in words[start:] else start)


def silent(answer: Answered | None, start: int, end: int) -> bool:
    """Whether a cue is the mark of an item, which speaks of nothing else and is read where it stands."""
    return answer is not None and any(low < end and start < high for low, high in answer.others)
