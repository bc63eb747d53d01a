"""`mappings/coding`: which concepts may name a finding, from what score; words a note must speak for."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

import mappings
from mappings import Pattern


class SiteRule(mappings.Table):
    """Wordings made with the body site said beside a finding."""

    kinds: frozenset[str]
    forms: dict[str, tuple[str, ...]]


class IngredientRule(mappings.Table):
    """What may be cut from a drug name to find its ingredient."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    cut: tuple[Pattern, ...]


class CoarseRule(mappings.Table):
    """What is left out of a name when no name says all of it, and the systems whose codes still hold then."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    kinds: frozenset[str]
    systems: frozenset[str]
    cut: tuple[Pattern, ...]
    behind: tuple[Pattern, ...]
    longest_site: int
    shortest: int
    anywhere: tuple[str, ...]


class ChoiceRule(mappings.Table):
    """Which findings are unsure, for who can choose among candidates."""

    unsure_from: float
    unsure_below: float
    candidates: Annotated[int, Field(ge=1, le=26)]


class Contradiction(mappings.Table):
    """Codes that are not given beside words that say otherwise."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    system: str
    codes: Pattern
    by: Pattern
    unless: Pattern | None = None
    where: Literal["itself", "sentence", "note"]
    behind: int = 0
    languages: frozenset[str] = frozenset()


class Past(mappings.Table):
    """The code of what is over, in place of codes of an acute event; none: nothing takes their place."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    system: str
    codes: Pattern
    code: str | None = None
    keep: bool = False  # where the store does not have that code: the code does not say that it is acute


class Doubtful(mappings.Table):
    """A word that names something else as often, and what a note must say for its codes."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    word: str
    kinds: frozenset[str] = frozenset()  # of the findings it is for; all where there are none
    needs: Pattern | None = None  # the note says it somewhere
    unless: Pattern | None = None  # the note does not say it
    before: Pattern | None = None  # what stands right before the word and tells that something else is meant
    behind: Pattern | None = None  # the same of what stands right behind


class Ambiguous(mappings.Table):
    """Such words by the language of the note."""

    version: int
    languages: dict[str, tuple[Doubtful, ...]]


class CodingTable(mappings.Table):
    """The whole table; its keys are explained in mappings/coding/README.md."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    version: int
    threshold: float
    candidates: int
    alternatives: int
    lowest_alternative: float
    kind_penalty: float
    broader_penalty: float
    not_historical: tuple[Pattern, ...]
    kinds: dict[str, tuple[str, ...]]
    systems: dict[str, tuple[str, ...]]
    broaden: dict[str, frozenset[str]]
    inside: frozenset[str]
    site: SiteRule
    ingredient: IngredientRule
    coarse: CoarseRule
    choice: ChoiceRule
    recent: int = 0
    past: tuple[Past, ...] = ()
    contradicted: tuple[Contradiction, ...] = ()
    abbreviations: dict[str, dict[str, str]] = Field(default={})


class CodingRules(CodingTable):
    """The table, with the words of `coding/ambiguous.toml`."""

    ambiguous: dict[str, tuple[Doubtful, ...]] = Field(default={})


def load(files: mappings.Files = mappings.SHIPPED) -> CodingRules:
    """The rules, with the words that a note must speak for.

    Raises mappings.MappingError naming file and key.
    """
    table = files.read("coding/coding.toml", CodingTable)
    return CodingRules(**dict(table), ambiguous=files.read("coding/ambiguous.toml", Ambiguous).languages)
