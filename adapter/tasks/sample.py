"""The nouns of trying a task: what a model would be asked by it, and what one answered about a note."""

from dataclasses import dataclass
from typing import Any

from adapter.model import Issue
from adapter.tasks.fact import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A message of the chat a model is shown."""

    role: str  # "system", "user", "assistant"
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a model is asked by a task."""

    schema: dict[str, Any]  # of the answer as the model writes it
    grammar: str  # that binds it, GBNF
    turns: tuple[Turn, ...]  # before the note; the last one is where the note stands


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """A value that the model wrote and the note does not bear out."""

    path: str  # JSON pointer in what the model wrote
    value: Any
    words: str | None  # those it named; None where they are not known any more
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What a model answered to a task about one note."""

    answer: Any  # in the task's own shape; None where nothing could be read
    values: tuple[Fact, ...]
    lost: tuple[Lost, ...]
    issues: tuple[Issue, ...]  # whatever else was left out, or could not be done
    written: tuple[str, ...]  # by the model itself, one for each try at a stretch of the note
    turns: tuple[Turn, ...]  # of the first stretch, as they were sent
    model: str
    tries: int
    prompt_tokens: int
    cached_tokens: int  # of the prompt, taken from the cache
    generated_tokens: int
    seconds: float
