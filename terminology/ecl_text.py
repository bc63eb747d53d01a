"""Text in SNOMED CT Expression Constraint Language -> expression.

A part of version 2.2 (https://docs.snomed.org/snomed-ct-specifications/snomed-ct-expression-constraint-language);
docs/ecl.md has the table. What is not supported is refused by name, never passed over.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from terminology.errors import TerminologyError

LONGEST = 200_000  # characters of an expression
DEEPEST = 64  # brackets within brackets
JOINING = {"AND": "AND", ",": "AND", "OR": "OR", "MINUS": "MINUS"}

TOKEN = re.compile(
    r"(?P<space>(?:\s|/\*(?:[^*]|\*(?!/))*\*/)+)"
    r"|(?P<code>[0-9]+)"
    r"|(?P<term>\|[^|]*\|)"
    r"|(?P<member>\^(?!\s*(?:\[|R\b)))"
    r"|(?P<relation>(?:<<|<|>>|>)!?)(?![<>=])"
    r"|(?P<word>[A-Za-z]+)(?![A-Za-z]|\s*#)"
    r"|(?P<mark>[(),*])"
)
REFUSED = (
    (r"/\*", "a comment without an end"),
    (r"\|", "a term without its second '|'"),
    (r"\^\s*\[", "reference set fields ('^ [...]')"),
    (r"\^", "reference sets containing a concept ('^R')"),
    (r"\{\{\s*\+", "history supplements ('{{ + HISTORY }}')"),
    (r"\{\{", "filters ('{{ }}')"),
    (r"[{}]", "attribute groups ('{ }')"),
    (r"\[", "cardinality ('[ ]')"),
    (r":", "attribute refinement (':')"),
    (r"\.", "dot notation ('.')"),
    (r"!!", "top and bottom of a set ('!!>', '!!<')"),
    (r"!?=|[<>]", "comparison"),
    (r"#|\"|[A-Za-z]+\s*#", "alternate identifiers ('scheme#code')"),
)
"""What stands where no token does, and its name; the first that fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Everything:
    """Every concept (`*`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One concept."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Related:
    """Concepts below (`<`) or above (`>`) those of an expression."""

    of: "Expression"
    below: bool
    near: bool  # one step only: children, parents
    itself: bool  # with the concepts of the expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """Members of the reference sets that an expression names (`^`)."""

    of: "Expression"


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """Concepts in every part (`AND`, `,`)."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Either:
    """Concepts in any part (`OR`)."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Without:
    """Concepts of one expression that are not in another (`MINUS`)."""

    of: "Expression"
    but: "Expression"


Expression = Everything | Code | Related | Members | Both | Either | Without


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    """A word of the text."""

    kind: str  # a group of TOKEN, or "end"
    text: str
    at: int


class _Tokens:
    """The words of a text, one ahead."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._rest = _tokens(text)
        self.now = next(self._rest)

    def take(self, kind: str, text: str = "") -> _Token | None:
        """The word that comes, if it is this one; then the next one comes."""
        found = self.now
        if found.kind != kind or (text and found.text != text):
            return None
        if found.kind != "end":
            self.now = next(self._rest)
        return found

    def error(self, reason: str, token: _Token | None = None) -> TerminologyError:
        """What is wrong with a word, by default the one that comes."""
        return _error(self._text, (token or self.now).at, reason)


def parse(text: str) -> Expression:
    """What an expression says."""
    if len(text) > LONGEST:
        raise TerminologyError(f"ECL: more than {LONGEST} characters")
    tokens = _Tokens(text)
    expression = _expression(tokens, 0)
    if not tokens.take("end"):
        raise tokens.error("AND, OR, MINUS or the end is expected here")
    return expression


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        found = TOKEN.match(text, at)
        if found is None or found.lastgroup is None:
            raise _refused(text, at)
        if found.lastgroup != "space":
            yield _Token(kind=found.lastgroup, text=found[0], at=at)
        at = found.end()
    yield _Token(kind="end", text="", at=at)


def _refused(text: str, at: int) -> TerminologyError:
    for pattern, feature in REFUSED:
        if re.compile(pattern).match(text, at):
            return _error(text, at, feature if feature.startswith("a ") else f"{feature}: not supported")
    return _error(text, at, f"a character that has no meaning here (U+{ord(text[at]):04X})")


def _error(text: str, at: int, reason: str) -> TerminologyError:
    line = text.count("\n", 0, at) + 1
    place = f"column {at - text.rfind(chr(10), 0, at)}"
    return TerminologyError(f"ECL: line {line}, {place}: {reason}")


def _expression(tokens: _Tokens, depth: int) -> Expression:
    parts = [_part(tokens, depth)]
    joint = _joint(tokens)
    while joint and (found := _joint(tokens)):
        if found != joint:
            raise tokens.error(f"{joint} and {found} need brackets to tell which comes first")
        if joint == "MINUS" and len(parts) == 2:
            raise tokens.error("MINUS after MINUS needs brackets to tell which comes first")
        tokens.take(tokens.now.kind)
        parts.append(_part(tokens, depth))
    if joint == "MINUS":
        return Without(of=parts[0], but=parts[1])
    if joint == "OR":
        return Either(parts=tuple(parts))
    return Both(parts=tuple(parts)) if joint else parts[0]


def _joint(tokens: _Tokens) -> str | None:
    return JOINING.get(tokens.now.text.upper())


def _part(tokens: _Tokens, depth: int) -> Expression:
    relation, member = tokens.take("relation"), tokens.take("member")
    start, focus = tokens.now, _focus(tokens, depth)
    if member and isinstance(focus, Everything):
        raise tokens.error("members of any reference set ('^ *'): not supported", start)
    inner = Members(of=focus) if member else focus
    if relation is None:
        return inner
    sign = relation.text
    return Related(
        of=inner, below=sign[0] == "<", near=sign.endswith("!"), itself=sign.startswith(("<<", ">>"))
    )


def _focus(tokens: _Tokens, depth: int) -> Expression:
    if tokens.take("mark", "*"):
        return Everything()
    if tokens.now.kind == "code":
        return _code(tokens)
    if not tokens.now.text == "(":
        raise tokens.error("a concept id, '*' or '(' is expected here")
    if depth == DEEPEST:
        raise tokens.error(f"more than {DEEPEST} brackets within brackets")
    tokens.take("mark")
    inner = _expression(tokens, depth + 1)
    if not tokens.take("mark", ")"):
        raise tokens.error("AND, OR, MINUS or ')' is expected here")
    return inner


def _code(tokens: _Tokens) -> Code:
    code = tokens.now.text
    if not 6 <= len(code) <= 18 or code.startswith("0"):
        raise tokens.error("a concept id has 6 to 18 digits and does not begin with 0")
    tokens.take("code")
    tokens.take("term")
    return Code(code=code)
