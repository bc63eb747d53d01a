"""The nouns of a task: what is asked, the schema of the answer, its examples, and how it becomes findings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Schema = dict[str, Any]
"""A JSON Schema object of the subset that `adapter.tasks.schema` allows (https://json-schema.org/draft/2020-12)."""

Strategy = Literal["naive", "advanced", "retrieved"]
Evidence = Literal["quote", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A note and the answer to it that a person approved."""

    text: str
    answer: Mapping[str, Any]  # in the task's own schema
    evidence: Mapping[str, str] = field(default_factory=dict)  # pointer of a value -> words of the text


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """A property of an item that says more about the finding: its dose, its date."""

    key: str  # property of the item
    kind: str  # one of adapter.model.KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How one array of the answer becomes mentions."""

    path: str  # property of the answer that holds the array, e.g. "medications"
    kind: str  # one of adapter.model.KINDS
    quote: str = "quote"  # property of an item that holds its words; "" when the items are strings themselves
    status: str = ""  # property of an item that holds its status; "" when there is none
    claims: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict
    )  # status -> flags of Assertion it claims
    details: tuple[Detail, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What the words of a property are called by."""

    kind: str  # one of adapter.model.KINDS: they are coded as findings of this kind are
    within: str = ""  # value set the codes are of: an expression (ECL), or the URL of one; "": any


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is asked of a model about a note."""

    name: str
    version: str
    title: str
    instruction: str  # what the model is told to do, the naive strategy's whole prompt
    schema: Schema  # of the answer, as the user of the task sees it
    rules: tuple[str, ...] = ()  # said to the model one by one, by the advanced strategy
    strategy: Strategy = "naive"
    evidence: Evidence = "quote"  # "none": answers need no quote, and never become findings
    languages: tuple[str, ...] = ()  # of the notes it is meant for; none: any
    examples: tuple[Example, ...] = ()
    shots: int = 0  # how many examples are shown
    max_tokens: int = 1024  # of one answer
    views: tuple[View, ...] = ()  # none: the task gives answers and no findings
    bindings: Mapping[str, Binding] = field(default_factory=dict)  # by path of the property: "lesions/site"
    digest: str = ""  # SHA-256 over the files of the task
