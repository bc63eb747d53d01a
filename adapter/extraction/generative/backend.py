"""What runs a language model: a chat and the schema of the answer in, text bound to that schema out.

Two exist: `local` (llama.cpp in this process) and `remote` (an OpenAI-compatible server). Neither
knows tasks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from adapter.model import ModelInfo

Role = Literal["system", "user", "assistant"]
Stop = Literal["end", "length", "time", "loop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a chat. The content is data: nothing in it is read as a control token."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One answer asked for."""

    messages: tuple[Message, ...]
    schema: dict[str, Any]  # JSON Schema the answer must follow, every array and string bounded
    max_tokens: int
    temperature: float = 0.0
    seed: int = 0
    seconds: float = 120.0  # the most one answer may take
    think: int = 0  # tokens a reasoning model may think before the grammar closes; 0: no thinking
    adapters: tuple[tuple[str, float], ...] = ()  # names of LoRA adapters and their scales


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token of an answer, with how sure the model was of it before the grammar spoke."""

    start: int  # first code point in Completion.text
    end: int  # one past the last
    logprob: float  # natural logarithm, of the distribution the grammar left, renormalised


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What the model answered."""

    text: str  # the answer without any thinking
    stop: Stop  # "end": the grammar was satisfied; everything else is an answer that failed
    tokens: tuple[Token, ...] = ()  # empty where the server tells no probabilities
    prompt_tokens: int = 0
    cached_tokens: int = 0  # of the prompt, taken from the cache
    generated_tokens: int = 0
    ended_lists: int = 0  # that were ended because the model said nothing new in them
    seconds: float = 0.0


class Backend(Protocol):
    """Runs a language model. Safe to call from several threads."""

    @property
    def model(self) -> ModelInfo:
        """Which model speaks."""

    @property
    def context(self) -> int:
        """The most tokens of prompt and answer together."""

    @property
    def slots(self) -> int:
        """How many requests run at the same time."""

    def count(self, text: str) -> int:
        """How many tokens a text is, by its own tokenizer; an upper estimate where none is at hand."""

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        """The answers, in the order of the requests.

        Raises EngineError when the model cannot be run or reached; an answer cut short is a Completion.
        """

    def close(self) -> None:
        """Frees what the backend holds."""
