"""A backend that says what a test tells it to, for what surrounds a language model."""

from collections.abc import Callable, Sequence

from adapter.extraction.generative.backend import Completion, Request
from adapter.model import ModelInfo

Say = Callable[[Request], Completion | str]


class Scripted:
    """Answers each request as `say` does; a plain string is an answer that ended well."""

    def __init__(self, say: Say, *, context: int = 4096, slots: int = 2) -> None:
        self._say, self.context, self.slots = say, context, slots
        self.model = ModelInfo(name="scripted", version="1", digest="00", quantization="")
        self.asked: list[Request] = []

    def count(self, text: str) -> int:
        """Words count as tokens."""
        return len(text.split())

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        """What was scripted, in order."""
        self.asked += requests
        said = [self._say(request) for request in requests]
        return [Completion(text=one, stop="end") if isinstance(one, str) else one for one in said]

    def close(self) -> None:
        """Nothing to free."""
