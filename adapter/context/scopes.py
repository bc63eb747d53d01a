"""The phrases of a sentence -> how far each reaches, as character ranges."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from adapter.context.answers import Answered, silent
from adapter.context.cues import Match, Token
from adapter.context.rules import ContextRules, Entry

CLAUSE_ENDS = frozenset(",;")
CLAUSES = ("clause", "next", "list")  # scopes that end with the clause
ITEM = 4  # tokens an item of a list may have
PEOPLE = frozenset({"family", "other_person", "relative"})


@dataclass(frozen=True, slots=True)
class Scope:
    """What a phrase speaks of: the mentions that begin in `low..high`."""

    low: int
    high: int
    cue_start: int
    cue_end: int
    forward: bool
    entry: Entry
    relative: str | None
    open: bool  # reaches the end of the sentence
    asides: tuple[tuple[int, int], ...] = ()  # looked back over: what stands there is left out


def scopes(tokens: Sequence[Token], found: Sequence[Match], rules: ContextRules) -> list[Scope]:
    """The scopes of all phrases but terminations."""
    made: list[Scope] = []
    for match in found:
        rule = match.entry.rule
        if rule.axis == "terminate":
            continue
        if rule.direction in ("forward", "both"):
            made.append(_forward(tokens, match, found, rules))
        if rule.direction in ("backward", "both"):
            made.append(_backward(tokens, match, found, rules))
    return made


def heard(held: Sequence[Scope], answer: Answered | None) -> Sequence[Scope]:
    """The scopes that speak of a mention: what a form answers denies it, or not, where its item stands."""
    denials = ("negated", "ruled_out")
    return [
        scope
        for scope in held
        if scope.entry.rule.axis not in denials or not silent(answer, scope.cue_start, scope.cue_end)
    ]


def _forward(tokens: Sequence[Token], match: Match, found: Sequence[Match], rules: ContextRules) -> Scope:
    last = min(len(tokens), match.last + _reach(match, rules))
    clause = match.entry.rule.scope in CLAUSES or _again(tokens, match, found)
    for other in found:
        if other.first >= last:
            break
        if other.first >= match.last and _stops(other, match):
            last = other.first
            break
    if (listed := match.entry.rule.listed) is not None:
        last = _list_end(tokens, range(match.last, last), *listed)
    if clause:
        over = (
            i for i in range(match.last, last) if _ends_clause(tokens, i) or _next_column(tokens, match, i)
        )
        last = next(over, last)
    if clause or match.entry.rule.axis not in PEOPLE:  # of a relative it goes on
        last = _bracket(tokens, range(match.last, last), leaves=")", enters="(", otherwise=last)
    end = tokens[last].start if last < len(tokens) else tokens[-1].end
    cue_end = tokens[match.last - 1].end
    return Scope(
        cue_end,
        end,
        tokens[match.first].start,
        cue_end,
        True,
        match.entry,
        match.relative,
        last == len(tokens),
    )


def _backward(tokens: Sequence[Token], match: Match, found: Sequence[Match], rules: ContextRules) -> Scope:
    first = max(0, match.first - _reach(match, rules))
    asides: list[Match] = []
    for other in found:
        if other.first >= match.first:
            break
        if first < other.last <= match.first and _stops(other, match):
            if _aside(other, match):
                asides.append(other)
            else:
                first = other.last
    if match.entry.rule.scope in CLAUSES:
        first = _clause_start(tokens, match, first, rules)
        first = next((i for i in range(match.first - 1, first, -1) if tokens[i].apart), first)
        if match.first == 0 or tokens[match.first - 1].text != "(":  # "X (stopped)" speaks of X
            back = range(match.first - 1, first - 1, -1)
            first = _bracket(tokens, back, leaves="(", enters=")", otherwise=first - 1) + 1
    start = tokens[match.first].start
    low = tokens[first].start if first < len(tokens) else start
    end = tokens[match.last - 1].end
    told = tuple(_beside(tokens, one) for one in asides if one.first >= first)
    return Scope(low, start, start, end, False, match.entry, match.relative, False, told)


def _next_column(tokens: Sequence[Token], match: Match, at: int) -> bool:
    """Whether another column of a form begins here: "[ ] Drain      Fieber"; the first may follow its box."""
    return at > match.last and tokens[at].apart


def _clause_start(tokens: Sequence[Token], match: Match, first: int, rules: ContextRules) -> int:
    """Where the clause before a phrase begins; of a list that ends with "and" or "or", the whole list."""
    start = _after_sign(tokens, first, match.first)
    if match.entry.rule.scope != "list" or rules.joins.isdisjoint(
        one.text for one in tokens[start : match.first]
    ):
        return start
    while start > first and tokens[start - 1].text == ",":
        item = _after_sign(tokens, first, start - 1, also=":")
        if start - 1 - item > ITEM:
            break
        start = item
    return start


def _after_sign(tokens: Sequence[Token], first: int, last: int, also: str = "") -> int:
    """The place after the last sign that ends a clause, between two others; brackets are passed over."""
    depth = 0
    for place in range(last - 1, first - 1, -1):
        depth = max(0, depth + (tokens[place].text == ")") - (tokens[place].text == "("))
        if depth == 0 and (_ends_clause(tokens, place) or tokens[place].text == also):
            return place + 1
    return first


def _again(tokens: Sequence[Token], match: Match, found: Sequence[Match]) -> bool:
    """Whether the rule has spoken before in this list: "no A, no B, C" does not say it of C."""
    rule = match.entry.rule
    signs = "," if rule.listed is not None else CLAUSE_ENDS  # whose lists end by themselves
    if not rule.again or not match.first or tokens[match.first - 1].text not in signs:
        return False
    return any(one.first < match.first and one.entry.rule.id == match.entry.rule.id for one in found)


def _list_end(tokens: Sequence[Token], places: range, repeated: frozenset[str], final: frozenset[str]) -> int:
    """Where a list ends whose items are single words, or repeat a word, or have one before the last.

    "Pas de fièvre, toux", "pas de fièvre, de toux ni de sueurs", but "pas de fièvre, toux grasse hier".
    """
    last = places.stop
    over = last - (tokens[last - 1].text == ".")
    commas = [at for at in places if _ends_clause(tokens, at)]
    for at, following in pairwise([*commas, over]):
        if following - at <= 2 or tokens[at + 1].text in repeated:
            continue
        if not any(token.text in final for token in tokens[at + 1 : last + 1]):
            return at
    return last


def _aside(other: Match, match: Match) -> bool:
    """Whether a clause goes on before this termination: "stenosis in the CT not seen"."""
    return match.entry.rule.scope in CLAUSES and match.entry.rule.axis in other.entry.rule.aside


def _beside(tokens: Sequence[Token], aside: Match) -> tuple[int, int]:
    """The termination and the two words after it."""
    last = min(len(tokens), aside.last + 2)
    return tokens[aside.first].start, tokens[last - 1].end


def _bracket(tokens: Sequence[Token], places: range, *, leaves: str, enters: str, otherwise: int) -> int:
    """Where the brackets that a phrase stands in end, on one side of it."""
    depth = 0
    for place in places:
        depth += (tokens[place].text == enters) - (tokens[place].text == leaves)
        if depth < 0:
            return place
    return otherwise


def _ends_clause(tokens: Sequence[Token], at: int) -> bool:
    """Whether a clause ends with this sign; the comma of "2,5 mg" ends none, the stroke of "a / b" does."""
    around = tokens[max(0, at - 1) : at + 2]
    if tokens[at].text == "/" and len(around) == 3:
        return around[0].end < tokens[at].start and tokens[at].end < around[2].start
    if tokens[at].text not in CLAUSE_ENDS:
        return False
    decimal = len(around) == 3 and around[0].text.isdigit() and around[2].text.isdigit()
    return not (decimal and around[2].start - around[0].end == 1)


def _reach(match: Match, rules: ContextRules) -> int:
    scope = match.entry.rule.scope
    return scope if isinstance(scope, int) else match.entry.rule.most or rules.reach


def _stops(other: Match, match: Match) -> bool:
    """A termination of this axis stops a scope, another person one person's, a rule where it speaks again."""
    axis, rule = match.entry.rule.axis, other.entry.rule
    if rule.again and rule.id == match.entry.rule.id:
        return other.first > match.first
    if rule.axis == "terminate":
        return (not rule.ends or axis in rule.ends) and rule.id not in match.entry.rule.through
    return axis in PEOPLE and rule.axis in PEOPLE and other.first != match.first
