"""Claims of an engine that the words between two mentions take away.

An encoder takes "bei" for "if": of "Apixaban bei Vorhofflimmern" it says that both are only supposed. What is
given or done and the disease that it is for are facts, unless words of the sentence make a case of it ("bei
Bedarf", "falls") or the reason is one that comes and goes (an attack). The words of a language are data,
`[claim]` in mappings/context.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import mappings
from adapter.context.phrases import bare, either, tokens_of
from adapter.context.tables import ReasonTable
from adapter.model import Mention, Note

ENCODER = "encoder"  # the source of a mention that the encoder found


class ClaimTable(mappings.Table):
    """What ties an act or a drug to the disease it is for, and what makes a case of it."""

    axes: tuple[str, ...]  # of the claims that are taken away
    heads: tuple[str, ...]  # kinds that are given or done
    kinds: tuple[str, ...]  # kinds of what they are for
    complaints: tuple[str, ...] = ()  # kinds of what they are for where the words tell a cause
    joined: tuple[str, ...]  # phrases between the two
    causes: tuple[str, ...] = ()  # those that tell a cause, so a fact, of complaints too
    by: tuple[
        str, ...
    ] = ()  # phrases between an act and what it is done with: "anticoagulation with apixaban"
    unless: tuple[str, ...] = ()  # phrases of the sentence
    cases: tuple[str, ...] = ()  # names of what comes and goes; "*" is the rest of a word
    outside: tuple[str, ...] = ()  # sections where the claims hold


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRules:
    """A language's table, as patterns of words joined by spaces."""

    table: ClaimTable
    details: frozenset[str]  # kinds that may stand between
    joined: re.Pattern[str]
    causes: re.Pattern[str]
    by: re.Pattern[str]
    further: re.Pattern[str]  # from one reason to the next
    unless: re.Pattern[str]
    cases: re.Pattern[str] | None
    unaccented: bool

    def words(self, pieces: Sequence[str]) -> str:
        """Stretches of a note as the patterns have them."""
        words = [word for piece in pieces for word in tokens_of(piece)]
        return " ".join(map(bare, words) if self.unaccented else words)


def rules(table: ClaimTable | None, reason: ReasonTable | None, *, unaccented: bool) -> ClaimRules | None:
    """The rules of a language; between what is given and its reason stand the words of `[reason]`."""
    if table is None or reason is None:
        return None

    def some(phrases: Sequence[str]) -> str:
        return either(phrases, unaccented=unaccented)

    lead, connect, joined = map(some, (reason.lead, reason.connect, reason.joined))
    tie, cause = some((*table.joined, *table.causes)), some(table.causes)
    behind = rf"(?: {lead})*(?: [^\W\d_]+){{0,2}}"  # and adjectives
    cases = "|".join(re.escape(one).replace(r"\*", r"\w*") for one in table.cases)
    return ClaimRules(
        table=table,
        details=frozenset(reason.details),
        joined=re.compile(f"(?:{connect} )*{tie}{behind}"),
        causes=re.compile(f"(?:{connect} )*{cause}{behind}"),
        by=re.compile(some(table.by)),
        further=re.compile(f"(?:,|(?:, )?{joined})(?: {tie})?{behind}"),
        unless=re.compile(rf"(?:^| ){some(table.unless)}(?: |$)"),
        cases=re.compile(rf"\b(?:{cases})\b", re.IGNORECASE) if cases else None,
        unaccented=unaccented,
    )


def believed(note: Note, ordered: Sequence[Mention], rules: ClaimRules | None) -> list[Mention]:
    """The mentions of a note, in text order, without those claims that words take away."""
    if rules is None or not any(_told(one, rules) for one in ordered):
        return list(ordered)
    doubted = _doubted(note, ordered, rules)
    kept = list(ordered)
    for index in doubted:
        if gone := _told(ordered[index], rules):
            claims = tuple(claim for claim in ordered[index].claims if claim not in gone)
            kept[index] = replace(ordered[index], claims=claims)
    return kept


def _told(mention: Mention, rules: ClaimRules) -> set[str]:
    """What the encoder claims of a mention that may not hold; a language model has read the sentence."""
    return set(mention.claims) & set(rules.table.axes) if ENCODER in mention.sources else set()


def _doubted(note: Note, ordered: Sequence[Mention], rules: ClaimRules) -> set[int]:
    """The positions of drugs, acts and what they are for, where no word makes a case of it."""
    starts = [one.start for one in ordered]
    found: set[int] = set()
    for sentence in note.sentences:
        low, high = bisect_left(starts, sentence.start), bisect_left(starts, sentence.end)
        own = [index for index in range(low, high) if ordered[index].kind not in rules.details]
        if len(own) < 2 or note.section_at(sentence.start).key in rules.table.outside:
            continue
        tied = set(_tied(note, ordered, own, rules))
        if tied and not rules.unless.search(rules.words([note.text[sentence.start : sentence.end]])):
            found |= tied
    return found


def _tied(note: Note, ordered: Sequence[Mention], own: Sequence[int], rules: ClaimRules) -> Iterator[int]:
    """What is given or done for a disease, the disease, and what stands beside either in a list."""
    table = rules.table
    for place, (one, other) in enumerate(pairwise(own)):
        words = _between(note, ordered, one, other, rules) if ordered[one].kind in table.heads else ""
        caused = ordered[other].kind in table.complaints and rules.causes.fullmatch(words)
        if not caused and not (_lasts(ordered[other], rules) and rules.joined.fullmatch(words)):
            continue
        yield from (one, other)
        if place and rules.by.fullmatch(_between(note, ordered, own[place - 1], one, rules)):
            yield own[place - 1]
        for last, following in pairwise(own[place + 1 :]):
            words = _between(note, ordered, last, following, rules)
            if not _lasts(ordered[following], rules) or not rules.further.fullmatch(words):
                break
            yield following


def _lasts(mention: Mention, rules: ClaimRules) -> bool:
    """Whether a mention is a disease, and none that comes and goes."""
    comes = rules.cases is not None and rules.cases.search(mention.text)
    return mention.kind in rules.table.kinds and not comes


def _between(note: Note, ordered: Sequence[Mention], first: int, last: int, rules: ClaimRules) -> str:
    """The words between two mentions, the details there left out."""
    pieces, position = [], ordered[first].end
    for one in ordered[first + 1 : last]:
        if position < one.start:
            pieces.append(note.text[position : one.start])
        position = max(position, one.end)
    pieces.append(note.text[position : ordered[last].start])
    return rules.words(pieces)
