"""Words that name an allergy with its substance: "penicillin allergy", "allergic to latex", "Latexallergie".

Such a mention is what the patient reacts to, whatever its kind. Words that name no substance ("drug allergy",
"Kontaktallergie") are none. A mention that stops before the word is made whole ("penicillin" before
"allergy"), one that goes on to the reaction is two ("Penicillinallergie mit Exanthem"), and one that stops
before the substance, which is a mention of its own, is none ("allergie à l'", amoxicilline).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from adapter.context.phrases import in_text
from adapter.context.tables import AllergyTable
from adapter.model import DICTIONARY, Cue, Mention, Note

RULE = "allergy-named"
KINDS = frozenset({"condition", "finding"})
LONGEST = 60  # characters in which a mention is made whole
WORD = r"[^\W\d_][\w'’]*"


@dataclass(frozen=True, slots=True)
class AllergyRules:
    """How a language names an allergy with its substance."""

    before: re.Pattern[str]  # groups `substance` and `word`
    after: re.Pattern[str]  # group `substance`
    opening: re.Pattern[str]  # what stands before the substance, without it
    generic: frozenset[str]  # words that are no substance
    reaction: re.Pattern[str]  # from the allergy to how the patient reacts


def rules(table: AllergyTable | None) -> AllergyRules | None:
    """The words of a language, ready to find; none where it has none."""
    if table is None:
        return None
    words, phrases, leads, reaction = map(_either, (table.words, table.before, table.lead, table.reaction))
    gap = "[ -]?" if table.compounds else "[ -]"
    name = rf"(?P<substance>{WORD}(?:[ -]{WORD}){{0,3}}?)"
    opening = rf"(?:{phrases})\s*(?:(?:{leads})\s*)*"
    flags = re.IGNORECASE
    return AllergyRules(
        before=re.compile(rf"{name}{gap}(?P<word>{words})(?!\w)", flags),
        after=re.compile(rf"{opening}(?<!\w)(?P<substance>{WORD}.*)", flags | re.DOTALL),
        opening=re.compile(opening, flags),
        generic=frozenset(table.generic),
        reaction=re.compile(rf"\s*(?:[(:–→]|->|\s-\s|(?<!\w)(?:{reaction})(?!\w))[\s(]*", flags),
    )


def whole(note: Note, mentions: Sequence[Mention], rules: AllergyRules | None) -> Sequence[Mention]:
    """The mentions, those that name an allergy each made one whole, apart from the reaction."""
    if rules is None:
        return mentions
    taken = [(one.start, one.end) for one in mentions]
    return [part for one in mentions for part in _parts(note, one, rules, taken)]


def cue(mention: Mention, rules: AllergyRules | None) -> Cue | None:
    """The mention itself, where it names an allergy with its substance."""
    if rules is None or mention.kind not in KINDS or not _names(mention.text, rules):
        return None
    return Cue(axis="allergen", rule=RULE, start=mention.start, end=mention.end, text=mention.text)


def _parts(
    note: Note, mention: Mention, rules: AllergyRules, taken: Sequence[tuple[int, int]]
) -> Iterator[Mention]:
    if mention.kind not in KINDS or _names(mention.text, rules):
        yield mention
        return
    if rules.opening.fullmatch(mention.text) and mention.end in (start for start, _ in taken):
        return
    if DICTIONARY in mention.sources:
        yield mention
        return
    end = _made_whole(note, mention, rules, taken)
    if end is not None:
        yield replace(mention, end=end, text=note.text[mention.start : end])
        return
    for link in rules.reaction.finditer(mention.text):
        if link.start() and link.end() < len(mention.text) and _names(mention.text[: link.start()], rules):
            yield _cut(mention, 0, link.start(), mention.kind)
            yield _cut(mention, link.end(), len(mention.text.rstrip(" )")), "finding")
            return
    yield mention


def _made_whole(
    note: Note, mention: Mention, rules: AllergyRules, taken: Sequence[tuple[int, int]]
) -> int | None:
    """Where the word "allergy" ends that stands right behind a mention, and in no other one."""
    found = rules.before.match(note.text, mention.start, mention.end + LONGEST)
    if found is None or found.end("substance") != mention.end or "\n" in found.group():
        return None
    free = not any(start < found.end() and mention.end < end for start, end in taken)
    return found.end() if free and _is_substance(found["substance"], rules) else None


def _cut(mention: Mention, start: int, end: int, kind: str) -> Mention:
    text = mention.text[start:end]
    return replace(mention, start=mention.start + start, end=mention.start + end, text=text, kind=kind)


def _names(text: str, rules: AllergyRules) -> bool:
    """Whether these words are an allergy and its substance, and no more."""
    found = rules.before.fullmatch(text)
    if found is None:
        found = rules.after.fullmatch(text)
        if found is None or rules.reaction.search(found["substance"]):
            return False
    return _is_substance(found["substance"], rules)


def _is_substance(text: str, rules: AllergyRules) -> bool:
    return any(word not in rules.generic for word in re.findall(r"[^\W\d_]+", text.casefold()))


def _either(words: Sequence[str]) -> str:
    """One of these words, longest first, in any spacing and with either apostrophe."""
    return in_text(words).replace("'", "['’]")
