"""A sentence -> the rule phrases in it: longest wins, and a pseudo-trigger takes what it overlaps."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from adapter.context.phrases import END, GAP, NUMBER, RELATIVE, START, TOKEN, YEAR, Node, bare
from adapter.context.rules import ContextRules, Entry, RuleTable
from adapter.model import Mention

CERTAINTY = frozenset({"negated", "ruled_out", "uncertain"})
LONE = frozenset({"terminate", "relative", "pseudo"})
WILD = frozenset({GAP, END, RELATIVE, YEAR, NUMBER})  # in the graph of phrases: what is no word
COLUMN = "   "  # before a word that stands in the next column of its line
YEARS = re.compile(r"(?:19|20)\d\d")


class Token(NamedTuple):
    """A word or sign of a note, in lower case."""

    text: str
    start: int
    end: int
    apart: bool = False  # in another column than the one before it


class Match(NamedTuple):
    """A phrase of a rule found in a sentence: token positions, and how many tokens were matched literally."""

    first: int
    last: int  # one past
    words: int
    entry: Entry
    relative: str | None  # v3-RoleCode of the relative named in the phrase


class _Said(NamedTuple):
    """The words of a sentence as the rules have them, and what each may be in a phrase."""

    words: Sequence[str]
    edges: Sequence[tuple[str, ...]]
    rules: ContextRules


_Way = tuple[Node[Entry], int, int, str | None]  # node, place, literal words, relative


def tokens_in(text: str, start: int, end: int) -> list[Token]:
    """The tokens of a stretch of a note; "?" is "¿" where it asks about the word that follows it."""
    found = [
        (match[0].lower().replace("’", "'"), *match.span()) for match in TOKEN.finditer(text, start, end)
    ]
    if COLUMN in text[max(0, start - len(COLUMN)) : end]:
        tokens = [Token(*one, text.startswith(COLUMN, one[1] - len(COLUMN))) for one in found]
    else:
        tokens = [Token(*one) for one in found]
    if "?" not in text[start:end]:
        return tokens
    first = next((index for index, token in enumerate(tokens) if token.text[0].isalnum()), len(tokens))
    return [_opening(text, token, leads=index < first) for index, token in enumerate(tokens)]


def _opening(text: str, token: Token, *, leads: bool) -> Token:
    """A "?" before its word ("?PE"), or before any word of its sentence ("- ? PE"), as "¿"."""
    if token.text != "?" or text[token.start - 1 : token.start].isalnum():
        return token
    asks = leads or text[token.end : token.end + 1].isalnum()
    return token._replace(text="¿") if asks else token


def matches(
    tokens: Sequence[Token], rules: ContextRules, mentions: Sequence[Mention] = (), section: str | None = None
) -> list[Match]:
    """The phrases that count, in text order; of rules that hold only in some sections, where these hold.

    Phrases compete where they could contradict each other: among those that say how sure a thing is, and
    otherwise within one axis and direction. Pseudo-triggers compete with all but relatives, which say
    nothing by themselves.
    """
    groups: dict[object, list[Match]] = defaultdict(list)
    for match in _found(tokens, rules):
        only = match.entry.rule.sections
        if section is None or not only or section in only:
            groups[_group(match.entry.rule)].append(match)
    pseudos = [one for one in groups.pop("pseudo", []) if not _cut(one, tokens, mentions)]
    kept = []
    for rivals in groups.values():
        said = {match.entry.rule.id: match.entry.rule for match in rivals} if pseudos else {}
        against = [one for one in pseudos if any(_takes(one.entry.rule, rule) for rule in said.values())]
        won = _winners([*rivals, *against])
        kept += [match for match in won if match.entry.rule.axis != "pseudo"]
    return sorted(kept, key=lambda match: (match.first, match.last, match.entry.rule.id))


def _cut(pseudo: Match, tokens: Sequence[Token], mentions: Sequence[Mention]) -> bool:
    """Whether a mention begins inside a phrase that must not reach into one: "no" + "change in weight"."""
    if not pseudo.entry.rule.apart:
        return False
    first, last = tokens[pseudo.first].start, tokens[pseudo.last - 1].end
    return any(first < mention.start < last for mention in mentions)


def _takes(pseudo: RuleTable, rule: RuleTable) -> bool:
    """Whether a pseudo-trigger may take a phrase of this rule away."""
    if rule.axis == "relative" or (rule.axis == "spare" and "spare" not in pseudo.ends):
        return False
    if pseudo.ends and rule.axis not in pseudo.ends:
        return False
    return pseudo.against in (None, rule.direction)


def _group(rule: RuleTable) -> object:
    if rule.axis in CERTAINTY:
        return rule.kinds
    if rule.axis in ("terminate", "spare"):
        return rule.axis, rule.ends, rule.direction
    return rule.axis if rule.axis in LONE else (rule.axis, rule.direction)


def _found(tokens: Sequence[Token], rules: ContextRules) -> Iterator[Match]:
    """Every phrase in a sentence, by the word that it begins with; most words begin none."""
    words = [token.text for token in tokens]
    if rules.unaccented:
        words = [word if word.isascii() else bare(word) for word in words]
    said = _Said(words, [_edges(word) for word in words], rules)
    begun = rules.phrases.next
    relatives = rules.relatives.next.keys() if RELATIVE in begun else ()
    opening = begun.get(START)
    opened = next((place for place, word in enumerate(words) if word[:1].isalnum()), len(words))
    for place, edges in enumerate(said.edges):
        ways: list[_Way] = [(begun[edge], place + 1, 1, None) for edge in edges if edge in begun]
        if GAP in begun or words[place] in relatives:
            ways += _wild(said, rules.phrases, place, 0, None)
        if opening is not None and place <= opened:  # signs such as a bullet aside
            ways.append((opening, place, 1, None))
        if ways:
            yield from _at(said, place, ways)


def _at(said: _Said, first: int, ways: list[_Way]) -> Iterator[Match]:
    """The phrases that begin at a word."""
    edges, size = said.edges, len(said.words)
    while ways:
        node, position, count, code = ways.pop()
        for entry in node.entries:
            yield Match(first, position, count, entry, code)
        if node.wild:
            ways += _wild(said, node, position, count, code)
        if position < size:
            for edge in edges[position]:
                if (following := node.next.get(edge)) is not None:
                    ways.append((following, position + 1, count + 1, code))


def _wild(said: _Said, node: Node[Entry], position: int, count: int, code: str | None) -> Iterator[_Way]:
    """How a phrase goes on after a gap, at the end of the sentence or with a relative."""
    if (gap := node.next.get(GAP)) is not None:
        yield from ((gap, after, count, code) for after in _skipped(said, position, gap))
    if (last := node.next.get(END)) is not None and said.words[position : position + 2] in ([], ["."]):
        yield last, position, count, code
    if (following := node.next.get(RELATIVE)) is not None:
        for end, who in _relatives(said.words, position, said.rules.relatives):
            yield following, end, count + end - position, code or who


def _skipped(said: _Said, position: int, node: Node[Entry]) -> Iterable[int]:
    """Where a phrase may go on after a gap: where one of its next words stands."""
    words, most = said.words, position + said.rules.gap + 1
    if node.entries or not WILD.isdisjoint(node.next):
        return range(position, most)
    return [place for place in range(position, min(most, len(words))) if words[place] in node.next]


def _relatives(words: Sequence[str], position: int, node: Node[str]) -> Sequence[tuple[int, str]]:
    """Where the longest words for a relative that begin here end, and who it is."""
    longest: list[tuple[int, str]] = []
    while position < len(words) and (following := node.next.get(words[position])) is not None:
        node, position = following, position + 1
        longest = [(position, code) for code in node.entries] or longest
    return longest


def _edges(word: str) -> tuple[str, ...]:
    if not word.isdigit():
        return (word,)
    return (word, YEAR, NUMBER) if YEARS.fullmatch(word) else (word, NUMBER)


def _winners(found: Sequence[Match]) -> list[Match]:
    """Among overlapping phrases the one with most words; a pseudo wins a tie; equal phrases stay together."""
    if not _overlapping(found):
        return list(found)
    taken: dict[int, list[Match]] = defaultdict(list)
    kept = []
    for match in sorted(found, key=_rank):
        place = range(match.first, match.last)
        if not any(_rivals(match, other) for position in place for other in taken.get(position, ())):
            kept.append(match)
            for position in place:
                taken[position].append(match)
    return kept


def _overlapping(found: Sequence[Match]) -> bool:
    if len(found) == 1:
        return False
    ordered = sorted((match.first, match.last) for match in found)
    return any(last > first for (_, last), (first, _) in pairwise(ordered))


def _rivals(match: Match, other: Match) -> bool:
    """Whether only one of two overlapping phrases can count; both can that speak of different kinds."""
    if match.entry.kinds.isdisjoint(other.entry.kinds):
        return False
    if (match.first, match.last, match.words) == (other.first, other.last, other.words):
        same = (match.entry.rule.axis == "pseudo") == (other.entry.rule.axis == "pseudo")
        return not same and _contend(match.entry.rule, other.entry.rule)
    return _contend(match.entry.rule, other.entry.rule)


def _contend(rule: RuleTable, other: RuleTable) -> bool:
    """Whether a phrase loses to one that stands already: a pseudo-trigger takes only what it is meant for."""
    if rule.axis == other.axis == "pseudo":
        return not other.ends or other.ends == rule.ends
    if rule.axis == "pseudo":
        return _takes(rule, other)
    return other.axis != "pseudo" or _takes(other, rule)


def _rank(match: Match) -> tuple[int, bool, int, int, str]:
    pseudo = match.entry.rule.axis == "pseudo"
    return (-match.words, not pseudo, match.last - match.first, match.first, match.entry.rule.id)
