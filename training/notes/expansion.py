"""Templates and terms -> pieces of text that know what they are."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from adapter.model import FLAGS
from training.notes import figures
from training.notes.content import Content
from training.notes.figures import Measure, Strengths
from training.notes.grammar import Grammar
from training.notes.state import State
from training.notes.template import Choice, ContentError, Nodes, Said, Slot, Written
from training.notes.terms import Term, Terms

ASSERTED = ("condition", "finding", "medication", "procedure", "test", "body_site", "social")
EMPTY = Said()
BOUNDS = re.compile(r"(-?[\d.]+)-(-?[\d.]+)")


@dataclass(slots=True, eq=False)
class Mark:
    """What a piece of text is: a mention, an identifier, or both; a relative is neither."""

    kind: str | None = None
    identifier: str | None = None
    relative: str | None = None
    assertion: Mapping[str, bool | str] = field(default_factory=dict)
    codings: list[dict[str, str]] = field(default_factory=list)
    row: str = ""
    scope: "Scope | None" = None
    of: str | None = None
    tie: tuple[str, str] | None = None


@dataclass(slots=True, eq=False)
class Scope:
    """The names of mentions in one template, and what is said of all that it makes."""

    names: dict[str, Mark] = field(default_factory=dict)
    said: Said = field(default_factory=lambda: EMPTY)  # of the slot that called
    outer: "Scope | None" = None


Piece = tuple[str, Mark | None]


@dataclass(slots=True, kw_only=True)
class Expander:
    """All that templates of a language need."""

    content: Content
    terms: Terms
    grammar: Grammar
    measures: Mapping[str, list[Measure]]
    strengths: Mapping[str, Strengths]

    def expand(self, nodes: Nodes, state: State) -> list[Piece]:
        """The pieces of a template. Raises ContentError where a slot cannot be filled."""
        pieces: list[Piece] = []
        self._nodes(nodes, Scope(), state, pieces)
        settle(pieces)
        return pieces

    def _nodes(self, nodes: Nodes, scope: Scope, state: State, out: list[Piece]) -> None:
        for node in nodes:
            if isinstance(node, str):
                out.append((node, None))
            elif isinstance(node, Slot):
                self._slot(node, scope, state, out)
            elif isinstance(node, Choice):
                options = node.options
                self._nodes(options[int(state.dice.random() * len(options))], scope, state, out)
            else:
                self._written(node, scope, state, out)

    def _written(self, node: Written, scope: Scope, state: State, out: list[Piece]) -> None:
        mark = self._mark(node.kind, node.said, scope)
        mark.codings = node.said.codings
        out.append((self.text(node.inner, state), mark))

    def text(self, nodes: Nodes, state: State) -> str:
        """What a template says, without marks."""
        pieces: list[Piece] = []
        self._nodes(nodes, Scope(), state, pieces)
        return "".join(text for text, _ in pieces)

    def _slot(self, slot: Slot, scope: Scope, state: State, out: list[Piece]) -> None:
        name = slot.name
        content = self.content
        sexed = f"{name}.{state.sex}"
        if sexed in self.terms.pools or name in self.terms.pools:
            self._term(slot, (self.terms.pools.get(sexed) and sexed) or name, scope, state, out)
        elif name in content.macros or sexed in content.macros:
            inner = Scope(said=self._passed(slot.said, scope), outer=scope)
            options = content.macros.get(sexed) or content.macros[name]
            self._nodes(options[int(state.dice.random() * len(options))], inner, state, out)
        elif name in content.identifiers or sexed in content.identifiers:
            kind, forms = content.identifiers.get(sexed) or content.identifiers[name]
            out.append((self.text(state.dice.choice(forms), state), Mark(identifier=kind)))
        elif name in content.sticky or sexed in content.sticky:
            key = sexed if sexed in content.sticky else name
            if key not in state.sticky:
                state.sticky[key] = self.text(state.dice.choice(content.sticky[key]), state)
            out.append((state.sticky[key], None))
        else:
            self._rule(slot, scope, state, out)

    def _passed(self, said: Said, scope: Scope) -> Said:
        """What is said of a macro, with what was said of the one it stands in."""
        outer = scope.said
        if not outer.assertion or outer is EMPTY:
            return said
        return replace(said, assertion={**outer.assertion, **said.assertion})

    def _mark(self, kind: str, said: Said, scope: Scope) -> Mark:
        """The mark of a mention; a macro's name goes to its first mention, its head to its details."""
        assertion = {**scope.said.assertion, **said.assertion} if kind in ASSERTED else said.assertion
        mark = Mark(kind=kind, assertion=assertion, scope=scope, of=said.of, tie=said.tie)
        if said.name:
            scope.names[said.name] = mark
        caller: Scope | None = scope
        while caller is not None and caller.outer is not None:
            given = caller.said
            if given.name and given.name not in caller.outer.names and not said.of:
                caller.outer.names[given.name] = mark
            if given.of and mark.of is None and mark.scope is scope:
                mark.of, mark.scope = given.of, caller.outer
            if given.tie and mark.tie is None and kind in ASSERTED:
                mark.tie, mark.scope = given.tie, caller.outer
            caller = caller.outer
        return mark

    def _term(self, slot: Slot, name: str, scope: Scope, state: State, out: list[Piece]) -> None:
        said = slot.said
        if slot.name in ("dose", "result") and self._figure(slot, scope, state, out):
            return
        pool, dice = self.terms.pools[name], state.dice
        term = self._chosen(slot, name, state)
        if pool.kind in ASSERTED:  # what was named before is named again only by chance
            for _ in range(3):
                if (term.row or term.noun.text) not in state.named:
                    break
                term = self._chosen(slot, name, state)
            state.named.add(term.row or term.noun.text)
        mark = self._mark(pool.kind, said, scope)
        mark.row = term.row
        mark.codings = [{"system": system, "code": code} for system, code in term.codings]
        noun = term.noun
        if term.nodes is not None:
            noun = replace(noun, text=self.text(term.nodes, state))
        if not slot.form and not said.adjectives:
            out.append((noun.text, mark))
            return
        words = [dice.choice(self.content.adjectives[said.adjectives])] if said.adjectives else []
        inflected = self.grammar.inflect(noun, slot.form, words, state.sex)
        if inflected is None:
            raise ContentError(f"{noun.text} has no form {slot.form}")
        if inflected.before:
            out.append((inflected.before, None))
        out.append((inflected.text, mark))
        if inflected.after:
            out.append((inflected.after, None))

    def _chosen(self, slot: Slot, name: str, state: State) -> Term:
        adjectives = slot.said.adjectives
        if adjectives and adjectives not in self.content.adjectives:
            raise ContentError(f"there are no adjectives {adjectives}")
        try:
            return self.terms.pools[name].choose(
                state.dice, self.terms.rules, form=slot.form, who=state.who, adjective=bool(adjectives)
            )
        except (KeyError, ValueError) as error:
            raise ContentError(f"{{{slot.name}:{slot.form}}}: {error}") from None

    def _figure(self, slot: Slot, scope: Scope, state: State, out: list[Piece]) -> bool:
        """A dose or result of the very drug or test it hangs on, where such are known."""
        head = _named(scope, slot.said.of) if slot.said.of else _called(scope)
        if head is None:
            return False
        text = None
        if slot.name == "dose":
            text = self._dose(self.strengths.get(head.row), state)
        elif slot.name == "result" and (found := self.measures.get(head.row)):
            measure = found[0] if state.dice.random() < 0.75 else state.dice.choice(found)
            text = figures.written(measure.value(state.dice), measure.digits, self.content.language)
            if measure.unit and (measure.unit == "mmHg" or state.dice.random() < 0.6):
                text += ("" if measure.unit == "%" and state.dice.random() < 0.7 else " ") + measure.unit
        if text is None:
            return False
        out.append((text, self._mark(slot.name, slot.said, scope)))
        return True

    def _dose(self, strengths: Strengths | None, state: State) -> str | None:
        """An amount the drug is given in; of other drugs one in mg, or None for one of the language's."""
        dice = state.dice
        if strengths is None and dice.random() < 0.2:
            return None
        unit = strengths.unit if strengths else "mg"
        amount = dice.choice(strengths.amounts if strengths else figures.AMOUNTS)
        gap = "" if dice.random() < 0.12 else " "
        return (
            figures.written_amount(amount, self.content.language) + gap + self.content.units.get(unit, unit)
        )

    def _rule(self, slot: Slot, scope: Scope, state: State, out: list[Piece]) -> None:
        """Slots that are neither words nor templates: numbers, days, relatives, normal ranges."""
        dice, language = state.dice, self.content.language
        if slot.name in ("n", "f"):
            bounds = BOUNDS.fullmatch(slot.form)
            if bounds is None:
                raise ContentError(f"{{{slot.name}:{slot.form}}} has no two bounds")
            low, high = float(bounds[1]), float(bounds[2])
            number = dice.randint(int(low), int(high)) if slot.name == "n" else dice.uniform(low, high)
            out.append((figures.written(number, 0 if slot.name == "n" else 1, language), None))
        elif slot.name == "d":
            out.append(("".join(dice.choice("0123456789") for _ in range(int(slot.form))), None))
        elif slot.name == "years":
            out.append((str(state.years), None))
        elif slot.name == "date":
            kind = "birthdate" if slot.form.startswith("born") else None if slot.form == "year" else "date"
            mark = self._mark("date", slot.said, scope) if slot.said.of else Mark()
            mark.identifier = kind
            out.append((state.day(slot.form), mark))
        elif slot.name == "relative":
            self._relative(slot, state, out)
        elif slot.name == "range":
            out.append((self._range(slot, scope, state), None))
        else:
            raise ContentError(f"{{{slot.name}}} is no list, macro or rule")

    def _relative(self, slot: Slot, state: State, out: list[Piece]) -> None:
        found = self.content.relatives
        code, word = found[int(state.dice.random() * len(found))]
        text, _, gender = word.partition(" ~")
        noun = replace(self.grammar.noun(text, {}), gender=gender or None)
        inflected = self.grammar.inflect(noun, slot.form, [], state.sex)
        if inflected is None:
            raise ContentError(f"the relative {text} has no form {slot.form}")
        if inflected.before:
            out.append((inflected.before, None))
        out.append((inflected.text, Mark(relative=code)))

    def _range(self, slot: Slot, scope: Scope, state: State) -> str:
        head = _named(scope, slot.said.of)
        found = self.measures.get(head.row, ()) if head else ()
        for measure in found:
            if measure.normal:
                low, high = measure.normal
                dash = state.dice.choice(("-", "-", " - ", "–"))
                return figures.written_amount(f"{low}{dash}{high}", self.content.language)
        return state.dice.choice(("0-5", "1-10", "<1"))


def _named(scope: Scope | None, name: str | None) -> Mark | None:
    while scope is not None and name is not None:
        if name in scope.names:
            return scope.names[name]
        scope = scope.outer
    return None


def _called(scope: Scope) -> Mark | None:
    """The mention that a macro's details hang on, where the slot that called it says so."""
    while scope.outer is not None:
        if scope.said.of:
            return _named(scope.outer, scope.said.of)
        scope = scope.outer
    return None


def settle(pieces: list[Piece]) -> None:
    """Each family mention is told whose it is: of the relative named before it, or else after it."""
    if not any(mark and mark.assertion.get("experiencer") == "family" for _, mark in pieces):
        return
    told = [(at, mark.relative) for at, (_, mark) in enumerate(pieces) if mark and mark.relative]
    for at, (_, mark) in enumerate(pieces):
        if mark is None or mark.assertion.get("experiencer") != "family" or "relative" in mark.assertion:
            continue
        before = [code for place, code in told if place < at]
        after = [code for place, code in told if place > at]
        code = before[-1] if before else after[0] if after else None
        if code:
            mark.assertion = {**mark.assertion, "relative": code}


def head_of(mark: Mark, name: str) -> Mark:
    """The mention that a detail hangs on. Raises ContentError where no such name is known."""
    found = _named(mark.scope, name)
    if found is None:
        raise ContentError(f"{mark.kind} hangs on {name}, which is nowhere")
    return found


def true_flags(assertion: Mapping[str, bool | str]) -> dict[str, bool | str]:
    """The assertion as it is written to a file."""
    order = (*FLAGS, "experiencer", "relative")
    found = {name: assertion[name] for name in order if name in assertion}
    if found.get("ruled_out"):
        found = {"negated": True, **found}
    return found
