"""The text of a template -> what it is made of.

`{name:form words}` is a slot, `[[text|kind words]]` a mention written out, `<a|b>` one of several, `\\n` the
end of a line; a backslash before a mark makes it plain. README.md says what the words mean.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from adapter.model import KINDS
from training.gold import markup

ESCAPES = {"n": "\n", "t": "\t"}
TIES = {"why": "reason", "reaction": "reaction"}


class ContentError(ValueError):
    """Content that cannot be read or expanded: the message names the place."""


@dataclass(slots=True, kw_only=True)
class Said(markup.Said):
    """The words of a slot or a written mention."""

    tie: tuple[str, str] | None = None  # why= or reaction=: the relation, and the mention it is to
    adjectives: str | None = None  # adj=


@dataclass(slots=True, kw_only=True)
class Slot:
    """What a pool, a macro or a rule fills."""

    name: str
    form: str
    said: Said


@dataclass(slots=True, kw_only=True)
class Written:
    """A mention whose words stand in the template."""

    kind: str
    inner: "Nodes"
    said: Said


@dataclass(slots=True, kw_only=True)
class Choice:
    """One of several."""

    options: "list[Nodes]"


Nodes = Sequence["str | Slot | Written | Choice"]


def parse(text: str) -> Nodes:
    """The nodes of a template. Raises ContentError where a mark is not closed or a word is not known."""
    try:
        nodes, at = _nodes(text, 0, "")
    except IndexError:
        raise ContentError(f"a mark is not closed: {text}") from None
    if at < len(text):
        raise ContentError(f"a mark closes that was not opened: {text}")
    return nodes


def _nodes(text: str, at: int, until: str) -> tuple[Nodes, int]:
    """Nodes up to one of the marks in `until`; "" is the end of the text."""
    nodes: list[str | Slot | Written | Choice] = []
    plain = ""
    while at < len(text) or until:
        letter = text[at]
        if letter in until and (letter != "]" or text[at + 1] == "]"):
            break
        if letter == "\\":
            plain, at = plain + ESCAPES.get(text[at + 1], text[at + 1]), at + 2
            continue
        opened = text[at : at + 2] == "[[" or letter in "{<"
        if not opened:
            plain, at = plain + letter, at + 1
            continue
        if plain:
            nodes.append(plain)
            plain = ""
        node, at = {"{": _slot, "<": _choice, "[": _written}[letter](text, at)
        nodes.append(node)
    if plain:
        nodes.append(plain)
    return nodes, at


def _slot(text: str, at: int) -> tuple[Slot, int]:
    end = text.index("}", at) if "}" in text[at:] else len(text)
    text[end]  # an open mark is an IndexError
    head, *words = text[at + 1 : end].split()
    name, _, form = head.partition(":")
    return Slot(name=name, form=form, said=said(words)), end + 1


def _choice(text: str, at: int) -> tuple[Choice, int]:
    options = []
    while text[at] != ">":
        inner, at = _nodes(text, at + 1, "|>")
        options.append(inner)
    return Choice(options=options), at + 1


def _written(text: str, at: int) -> tuple[Written, int]:
    inner, bar = _nodes(text, at + 2, "|]")
    end = text.find("]]", bar)
    if text[bar] != "|" or end < 0:
        raise ContentError(f"a written mention has no kind or does not close: {text}")
    kind, *words = text[bar + 1 : end].split()
    if kind not in KINDS:
        raise ContentError(f"{kind} is no kind: {text}")
    return Written(kind=kind, inner=inner, said=said(words)), end + 2


def assertions(nodes: Nodes) -> Iterator[dict[str, bool | str]]:
    """What each mark of a template says of its mention."""
    for node in nodes:
        if isinstance(node, Slot | Written):
            yield node.said.assertion
        if isinstance(node, Choice):
            for option in node.options:
                yield from assertions(option)


def said(words: Sequence[str]) -> Said:
    """What the words of a mark say. Raises ContentError for a word that is not known."""
    found = Said()
    for word in words:
        name, _, value = word.partition("=")
        if markup.say(found, word):
            continue
        if name in TIES:
            found.tie = (TIES[name], value)
        elif name == "adj":
            found.adjectives = value
        else:
            raise ContentError(f"the word {word} is not known")
    return found
