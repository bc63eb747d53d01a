"""What is done only if a complaint comes: "bei Diarrhoe Loperamid", with no verb between the two.

Neither is there yet, unless the clause tells what was done or the disease is one of today. The words of a
language are data (`case` in mappings/context).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import mappings
from adapter.context import alarms
from adapter.context.phrases import in_text
from adapter.model import Cue, Mention, Note, Span

RULE = "case"
PROBLEMS = ("condition", "finding")
NEAR = 60  # characters in which the words before a problem stand
BEGINS = r"(?:\A|[.;:,(>→⇒•*·–-]\s*|\n\s*)"


class CaseTable(mappings.Table):
    """How a language orders something for a case that may come."""

    words: tuple[str, ...] = ()  # before the problem, at the start of a clause: "bei"
    lead: tuple[str, ...] = ()  # between them: "starken"
    joins: tuple[str, ...] = ()  # between two problems: "oder"
    then: tuple[str, ...] = ()  # before what is done: "zusätzlich"
    done: tuple[str, ...] = ()  # kinds of what is done
    unless: tuple[str, ...] = ()  # words of what was done, in the rest of the sentence: "erhielt"
    needed: tuple[str, ...] = ()  # sections whose drugs are taken, if only when needed
    alarm: alarms.AlarmTable | None = None  # what to do if something comes, told by a sign


@dataclass(frozen=True, slots=True)
class CaseRules:
    """The patterns of a language."""

    last: frozenset[str]  # words that may stand right before the problem
    opens: re.Pattern[str]
    joins: re.Pattern[str]
    then: re.Pattern[str]
    unless: re.Pattern[str]
    done: frozenset[str]
    needed: frozenset[str]
    alarms: alarms.AlarmRules | None


def rules(table: CaseTable | None) -> CaseRules | None:
    """The table of a language; none where it has none."""
    if table is None:
        return None
    lead = rf"(?:(?:{in_text(table.lead)})\s+){{0,3}}"
    return CaseRules(
        last=frozenset(words.split()[-1].lower() for words in (*table.words, *table.lead)),
        opens=re.compile(rf"{BEGINS}(?P<words>{in_text(table.words)})\s+{lead}\Z", re.IGNORECASE),
        joins=re.compile(rf"\s*(?:[,/+]|(?:{in_text(table.joins)})\s)\s*{lead}", re.IGNORECASE),
        then=re.compile(rf"\s*(?:[:,]|[-=]>|[→⇒])?\s*(?:(?:{in_text(table.then)})\s+)*", re.IGNORECASE),
        unless=re.compile(rf"(?<!\w)(?:{in_text(table.unless)})(?!\w)", re.IGNORECASE),
        done=frozenset(table.done),
        needed=frozenset(table.needed),
        alarms=alarms.rules(table.alarm),
    )


def cues(
    note: Note,
    ordered: Sequence[Mention],
    valued: frozenset[int],
    today: frozenset[int],
    rules: CaseRules | None,
) -> Mapping[int, Cue]:
    """What is said of a case that may come, by position; problems of `today` are no such cases."""
    if rules is None:
        return {}
    found = dict(alarms.cues(note, ordered, valued, today, rules.alarms))
    for index, mention in enumerate(ordered if rules.last else ()):
        if index in found or mention.kind not in PROBLEMS:
            continue
        sentence = note.sentence_at(mention.start)
        if (cue := _opened(note, sentence, mention, rules)) is None:
            continue
        told = list(_told(note, ordered, index, rules))
        if len(told) < 2 or today & set(told):
            continue
        if ordered[told[-1]].kind == "test" and told[-1] in valued:
            continue
        if not rules.unless.search(note.text, ordered[told[-2]].end, sentence.end):
            needed = note.section_at(mention.start).key in rules.needed
            found |= dict.fromkeys(told[:-1] if needed else told, cue)
    return found


def _opened(note: Note, sentence: Span, mention: Mention, rules: CaseRules) -> Cue | None:
    """The word that makes a case of a problem: it begins a clause, and the problem follows."""
    low = max(sentence.start, mention.start - NEAR)
    before = note.text[low : mention.start].rsplit(None, 1)
    if not before or before[-1].lower() not in rules.last:
        return None
    words = rules.opens.search(note.text[low : mention.start])
    if words is None:
        return None
    start, end = low + words.start("words"), low + words.end("words")
    return Cue(axis="hypothetical", rule=RULE, start=start, end=end, text=note.text[start:end])


def _told(note: Note, ordered: Sequence[Mention], first: int, rules: CaseRules) -> Iterator[int]:
    """The problem, those joined to it, and what is done right after them; nothing more if nothing is."""
    yield first
    end = ordered[first].end
    for index in range(first + 1, len(ordered)):
        mention = ordered[index]
        if mention.start < end:
            continue
        if mention.start - end > NEAR:
            return
        between = note.text[end : mention.start]
        if mention.kind in rules.done and rules.then.fullmatch(between):
            yield index
            return
        if mention.kind not in PROBLEMS or not rules.joins.fullmatch(between):
            return
        yield index
        end = mention.end
