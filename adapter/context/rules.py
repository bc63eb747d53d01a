"""mappings/context/<language>.toml, compiled: rules in the ConText tradition, matched token by token.

Chapman et al. 2001 (NegEx), Harkema et al. 2009 (ConText): a trigger phrase opens a scope before or after
it, the scope ends at a terminating phrase or at the end of the sentence, and a longer pseudo-trigger takes
the trigger away.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import model_validator

import mappings
from adapter.context import allergies, answers, cases, claims, general, labels, orders, persons, ranges, sides
from adapter.context.again import BygoneRules, BygoneTable, bygone
from adapter.context.allergies import AllergyRules
from adapter.context.answers import AnswerRules, AnswerTable
from adapter.context.cases import CaseRules
from adapter.context.claims import ClaimRules
from adapter.context.general import GeneralRules
from adapter.context.orders import OrderRules
from adapter.context.phrases import (
    WITHIN,
    Node,
    bare,
    by_first,
    count,
    either,
    expanded,
    grown,
    tokens_of,
)
from adapter.context.sides import SideRules
from adapter.context.tables import (
    AllergyTable,
    AxisTable,
    GeneralTable,
    LateralityTable,
    PersonTable,
    RangeTable,
    ReasonTable,
    RelativeTable,
    SeverityTable,
)
from adapter.model import KINDS

Axis = Literal[
    "negated",
    "ruled_out",
    "uncertain",
    "hypothetical",
    "historical",
    "planned",
    "stopped",
    "allergen",
    "family",
    "other_person",
    "relative",
    "terminate",
    "pseudo",
    "spare",
]
MOST = 100_000  # wordings that the phrases of a rule may stand for


class RuleTable(mappings.Table):
    """Phrases that say the same thing about what stands near them."""

    id: str
    axis: Axis
    phrases: tuple[str, ...]
    direction: Literal["forward", "backward", "both"] = "forward"
    scope: int | Literal["next", "list", "clause", "sentence"] = "sentence"
    kinds: tuple[str, ...] = ()
    ends: tuple[Axis, ...] = ()
    against: Literal["forward", "backward"] | None = None
    apart: bool = False
    aside: tuple[Axis, ...] = ()
    again: bool = False
    listed: tuple[frozenset[str], frozenset[str]] | None = None
    outside: bool = False
    sections: tuple[str, ...] = ()
    lasting: bool = True
    valued: bool = True
    most: int | None = None
    through: tuple[str, ...] = ()  # terminations that do not end it


class SectionDefault(mappings.Table):
    """What a section says of everything in it."""

    keys: tuple[str, ...]
    axis: Axis
    kinds: tuple[str, ...] = ()
    unless: tuple[Axis, ...] = ()
    lasting: bool = True
    valued: bool = True
    line: bool = False


class HeadTable(mappings.Table):
    """Last parts of compounds that say something about the first part ("Thromboseprophylaxe")."""

    id: str
    axis: Axis
    heads: tuple[str, ...]
    kinds: tuple[str, ...] = ()


class RelationTable(mappings.Table):
    """What belongs to what, and how far apart they may stand."""

    kinds: tuple[str, ...]
    heads: tuple[tuple[str, ...], ...]
    after: int
    before: int
    connect: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    adjacent: bool = False
    carry: int = 0
    alone: Literal["finding", "left out"] = "left out"
    sections: tuple[str, ...] = ()
    to_axis: Axis | None = None
    given: tuple[str, ...] = ()
    since: tuple[str, ...] = ()


class ContextFile(mappings.Table):
    """mappings/context/<language>.toml."""

    version: int
    reach: int
    gap: int
    unaccented: bool = False
    decided: bool = False  # what was ruled out is no longer uncertain
    nothing: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    joins: tuple[str, ...] = ()
    lasting: tuple[str, ...] = ()
    axes: dict[Axis, AxisTable]
    relative: tuple[RelativeTable, ...]
    rule: tuple[RuleTable, ...]
    head: tuple[HeadTable, ...] = ()
    section: tuple[SectionDefault, ...]
    relation: tuple[RelationTable, ...]
    reason: ReasonTable | None = None
    severity: SeverityTable | None = None
    laterality: LateralityTable | None = None
    range: RangeTable | None = None
    general: GeneralTable | None = None
    order: orders.OrderTable | None = None
    late_order: orders.OrderTable | None = None  # where the plan stands without a heading, at the end
    dated_order: orders.OrderTable | None = None  # acts with a time to come
    case: cases.CaseTable | None = None
    bygone: BygoneTable | None = None
    person: tuple[PersonTable, ...] = ()
    allergy: AllergyTable | None = None
    claim: claims.ClaimTable | None = None
    answers: AnswerTable | None = None

    @model_validator(mode="after")
    def _consistent(self) -> "ContextFile":
        ids = [*(rule.id for rule in self.rule), *(head.id for head in self.head)]
        if twice := sorted({one for one in ids if ids.count(one) > 1}):
            raise ValueError("rule ids are not unique: " + ", ".join(twice))
        named = [table.kinds for table in self.axes.values()] + [table.kinds for table in self.rule]
        named += [table.kinds for table in self.head] + [table.kinds for table in self.section]
        named += [table.kinds for table in self.relation]
        named += [table.kinds for table in (self.reason, self.severity, self.laterality) if table]
        unknown = {kind for kinds in named for kind in kinds} - set(KINDS)
        if unknown:
            raise ValueError("unknown kinds: " + ", ".join(sorted(unknown)))
        for rule in self.rule:
            if sum(map(count, rule.phrases)) > MOST:
                raise ValueError(f"rule {rule.id} stands for more than {MOST} wordings")
        return self


@dataclass(frozen=True, slots=True)
class Entry:
    """What a phrase stands for once it is matched."""

    rule: RuleTable
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class Head:
    """The last parts of compounds that decide an axis."""

    rule: HeadTable
    kinds: frozenset[str]
    pattern: re.Pattern[str]  # finds it at the end of a word in lower case, three letters or more before it


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonRules:
    """What must stand between and around a reason and what has it, as patterns of words joined by spaces."""

    heads: frozenset[str]
    kinds: frozenset[str]
    details: frozenset[str]  # kinds that may stand between
    after: re.Pattern[str]  # from a head to its reason
    before: re.Pattern[str]  # from a reason to its head
    opening: re.Pattern[str]  # up to a reason whose head follows
    then: re.Pattern[str]  # from there to the head
    following: re.Pattern[str]  # from one reason to the next; "comma" where only a later "and" makes it one
    preceding: re.Pattern[str]  # from one head to the next; the same
    not_heads: re.Pattern[str]  # in the words of a head that has no reason of this kind
    not_reasons: re.Pattern[str]  # in the words of what is no reason
    unless: re.Pattern[str]  # near a head or after the reason: the words give the reason of something else
    unaccented: bool

    def spelled(self, words: Sequence[str]) -> str:
        """The words as the patterns have them."""
        return " ".join(map(bare, words) if self.unaccented else words)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityRules:
    """The words for severities, and what may stand between them and their problem."""

    kinds: frozenset[str]
    words: re.Pattern[str]  # in the text of a note, in lower case
    lead: re.Pattern[str]  # from a word to the problem
    connect: re.Pattern[str]  # from the problem to a word
    close: re.Pattern[str]  # begins what follows such a word
    behind: bool  # a word may stand right behind its problem
    unaccented: bool

    def spelled(self, text: str) -> str:
        """The words of a text as the patterns have them."""
        words = tokens_of(text)
        return " ".join(map(bare, words) if self.unaccented else words)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextRules:
    """The rules of one language, ready to match."""

    language: str
    version: int
    reach: int  # tokens a scope may span at most
    gap: int  # tokens "..." may stand for
    unaccented: bool  # words are compared without their accents
    joins: frozenset[str] = frozenset()  # words before the last item of a list
    phrases: Node[Entry]
    relatives: Node[str]  # words for relatives; entries are their codes
    heads: tuple[Head, ...] = ()
    nothing: re.Pattern[str] | None = None  # after a label: there is none of it
    denied: re.Pattern[str] | None = None  # names of nothing, such as "NKDA"
    lasting: re.Pattern[str] | None = None  # names of what lasts by nature, such as chronic diseases
    sections: Mapping[str, tuple[tuple[SectionDefault, frozenset[str]], ...]]
    relations: tuple[RelationTable, ...]
    reasons: ReasonRules | None = None
    severities: SeverityRules | None = None
    sides: SideRules | None = None
    decided: bool = False
    ranges: re.Pattern[str] | None = None
    general: GeneralRules | None = None
    orders: tuple[OrderRules, ...] = ()
    cases: CaseRules | None = None
    bygone: BygoneRules | None = None
    others: persons.Rules | None = None  # passages on another person
    allergies: AllergyRules | None = None
    claims: ClaimRules | None = None  # of the encoder, that words take away
    answers: AnswerRules | None = None


def load(language: str = "en", files: mappings.Files = mappings.SHIPPED) -> ContextRules:
    """The context rules of a language, by its primary tag.

    Raises mappings.MappingError when there are none: rules of another language would misread the note.
    """
    primary = language.lower().split("-")[0]
    table = files.read(f"context/{primary}.toml", ContextFile)
    entries = [(rule, Entry(rule, _kinds(rule, table))) for rule in table.rule]
    phrases = ((phrase, entry) for rule, entry in entries for phrase in rule.phrases)
    relatives = ((word.replace(" ", "_"), one.code) for one in table.relative for word in one.words)
    sections: dict[str, tuple[tuple[SectionDefault, frozenset[str]], ...]] = {}
    for default in table.section:
        for key in default.keys:
            sections[key] = (*sections.get(key, ()), (default, _kinds(default, table)))
    return ContextRules(
        language=primary,
        version=table.version,
        reach=table.reach,
        gap=table.gap,
        unaccented=table.unaccented,
        joins=frozenset(table.joins),
        phrases=grown(phrases, unaccented=table.unaccented),
        relatives=grown(relatives, unaccented=table.unaccented),
        heads=tuple(_head(head, table) for head in table.head),
        nothing=labels.pattern(table.nothing),
        denied=_names(table.denied),
        lasting=_names(table.lasting),
        sections=sections,
        relations=table.relation,
        reasons=_reasons(table),
        severities=_severities(table),
        decided=table.decided,
        sides=sides.rules(table.laterality, unaccented=table.unaccented),
        ranges=ranges.pattern(table.range),
        general=general.rules(table.general),
        orders=tuple(orders.rules(one) for one in (table.order, table.late_order, table.dated_order) if one),
        cases=cases.rules(table.case),
        bygone=bygone(table.bygone, _names, table.lasting),
        others=persons.rules(table.person, unaccented=table.unaccented),
        allergies=allergies.rules(table.allergy),
        claims=claims.rules(table.claim, table.reason, unaccented=table.unaccented),
        answers=answers.rules(table.answers),
    )


def _head(table: HeadTable, whole: ContextFile) -> Head:
    words = "|".join(map(re.escape, table.heads))
    return Head(table, _kinds(table, whole), re.compile(rf"(?<=[^\W\d_]{{3}})-?({words})(?:e?[ns])?$"))


def _names(words: Sequence[str]) -> re.Pattern[str] | None:
    """Finds one of these names as whole words, in any case, over lines too; "*" is the rest of a word."""
    begun: dict[str, list[str]] = defaultdict(list)  # by first letter, so that few are tried at a place
    for word in words:
        known = word[0].isalnum()
        begun[word[0].lower() if known else ""].append(_spelled(word[1:] if known else word))
    named = "|".join(f"{re.escape(first)}(?:{'|'.join(rest)})" for first, rest in begun.items())
    return re.compile(rf"\b(?:{named})\b", re.IGNORECASE) if words else None


def _spelled(word: str) -> str:
    named = re.escape(word).replace("'", "['’]").replace(r"\*", r"\w*")
    return named.replace("\\ ", r"\s+")


def _reasons(whole: ContextFile) -> ReasonRules | None:
    """The reasons' words as patterns over words joined by spaces."""
    table = whole.reason
    if table is None:
        return None

    def some(phrases: Sequence[str]) -> str:
        return either(phrases, unaccented=whole.unaccented)

    leads, cue = f"(?: {some(table.lead)})*", some(table.after)
    links, joined = f"(?:{some(table.connect)} )*", some(table.joined)
    return ReasonRules(
        heads=frozenset(table.heads),
        kinds=frozenset(table.kinds),
        details=frozenset(table.details),
        after=re.compile(f"{links}{cue}{leads}"),
        before=re.compile(f"{links}{some(table.before)}(?: {some((*table.lead, *table.then))})*"),
        opening=re.compile(f"(?:(?:.* )?[,;:(•–-] )?{some(table.opening)}{leads}"),
        then=re.compile(f"(?:{some(table.then)}(?: |$))*"),
        following=re.compile(f"(?:(?:, )?{joined}|(?P<comma>,))(?: {cue})?{leads}"),
        preceding=re.compile(f"(?:, )?{joined}|(?P<comma>,)"),
        not_heads=re.compile(rf"(?:^| ){some(table.not_heads)}(?: |$)"),
        not_reasons=re.compile(rf"{some(table.not_reasons)}(?: |$)"),
        unless=re.compile(rf"(?:^| ){some(table.unless)}(?: |$)"),
        unaccented=whole.unaccented,
    )


def _severities(whole: ContextFile) -> SeverityRules | None:
    table = whole.severity
    if table is None:
        return None
    spelled = {" ".join(tokens) for phrase in table.words for tokens in expanded(phrase)}
    words = (re.escape(one).replace("\\ ", r"[ \t]*") for one in sorted(spelled, reverse=True))
    lead, connect, close = (
        either(phrases, unaccented=whole.unaccented) for phrases in (table.lead, table.connect, table.close)
    )
    return SeverityRules(
        kinds=frozenset(table.kinds),
        words=re.compile(by_first(words, behind=WITHIN, ahead=r"\w")),  # a flag would slow the search
        lead=re.compile(f"(?:{lead}(?: |$))*"),
        connect=re.compile(f"(?:{connect}(?: |$))+"),
        close=re.compile(f"$|{close}(?: |$)"),
        behind=table.behind,
        unaccented=whole.unaccented,
    )


def _kinds(table: RuleTable | HeadTable | SectionDefault, whole: ContextFile) -> frozenset[str]:
    known = whole.axes.get(table.axis)
    return frozenset(table.kinds or (known.kinds if known else KINDS))
