"""The events of a stream -> what a model answered: text without thinking, tokens, and why it ended."""

import json
import math
from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Final

from adapter.extraction.generative.backend import Completion, Request, Stop, Token

DONE: Final = "[DONE]"
SLACK: Final = 16  # events a server may send above the number of tokens
ENDS: Final[dict[str, Stop]] = {"stop": "end", "length": "length", "repetition": "loop"}
LEAST: Final = -9999.0  # the lowest log-probability that is told
TAGS: Final = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<reasoning>": "</reasoning>",
    "<seed:think>": "</seed:think>",
    "[THINK]": "[/THINK]",
}


class BadReply(Exception):
    """What the server sent is no answer of a model."""

    def __init__(self, why: str, status: int = 0) -> None:
        super().__init__(why)
        self.status = status  # when the server named one


@dataclass(slots=True)
class Reply:
    """What came of an answer so far."""

    request: Request
    parts: list[str] = field(default_factory=list)
    tokens: list[tuple[bytes, float]] = field(default_factory=list)
    events: int = 0  # with a part of the text or of the thinking
    thoughts: int = 0  # of them with a part of the thinking
    pieces: list[int] = field(default_factory=list)  # what each event brought, as a number of its own
    numbers: dict[str, int] = field(default_factory=dict)  # of the pieces
    ended: str = ""  # why, in the server's word
    done: bool = False  # nothing more comes
    usage: dict[str, Any] = field(default_factory=dict)

    def take(self, data: str) -> bool:
        """Whether an event brought something of the answer.

        Raises BadReply for what is no part of one.
        """
        if data.strip() == DONE:
            self.done = True
            return False
        event = _object(data)
        if event.get("error"):
            raise BadReply("failed while it answered", _status(event["error"]))
        if isinstance(event.get("usage"), dict):
            self.usage = event["usage"]
        choices = event.get("choices")
        if not isinstance(choices, list):
            raise BadReply("gave something else than an answer")
        return self._choice(choices[0]) if choices else False

    @property
    def full(self) -> bool:
        """Whether the server wrote more than it was asked for."""
        return self.events > self.request.max_tokens + self.request.think + SLACK

    @property
    def whole(self) -> bool:
        """Whether the server said that the answer is over."""
        return bool(self.ended)

    def completion(self, stop: Stop | None, seconds: float) -> Completion:
        """The answer; `stop` is why it was cut short, None when the server ended it.

        Raises BadReply when it ended for a reason that makes it no answer, or came twice.
        """
        raw = "".join(self.parts)
        written = _number(self.usage.get("completion_tokens")) or max(len(self.tokens), self.events)
        if stop is None:
            stop = self._stop(written)
        start = _start(raw, self.request.think)
        details = self.usage.get("prompt_tokens_details")
        return Completion(
            text=raw[start:],
            stop=stop,
            tokens=_placed(raw, start, self.tokens),
            prompt_tokens=_number(self.usage.get("prompt_tokens")),
            cached_tokens=_number(details.get("cached_tokens")) if isinstance(details, dict) else 0,
            generated_tokens=written,
            seconds=seconds,
        )

    def _stop(self, written: int) -> Stop:
        if self.ended not in ENDS:
            raise BadReply("ended an answer for a reason of its own")
        if self.events > max(written, 1) + (SLACK if self.thoughts or self.request.think else 0):
            raise BadReply("sent more than it wrote")  # parts of the answer came twice
        return ENDS[self.ended]

    def _choice(self, choice: Any) -> bool:
        said = choice.get("delta", choice.get("message")) if isinstance(choice, dict) else None
        if not isinstance(said, dict) and not (isinstance(choice, dict) and choice.get("finish_reason")):
            raise BadReply("gave something else than an answer")
        said = said if isinstance(said, dict) else {}
        text, thought = _text(said.get("content")), _thought(said)
        if (text or thought) and self.ended:
            raise BadReply("went on after its end")
        self.parts.append(text)
        if piece := text or thought:
            self.events += 1
            self.pieces.append(self.numbers.setdefault(piece, len(self.numbers)))
        self.thoughts += bool(thought)
        self.tokens += _logprobs(choice.get("logprobs"))
        self.ended = self.ended or _text(choice.get("finish_reason"))
        return bool(text or thought or self.ended)


def _object(data: str) -> dict[str, Any]:
    try:
        event = json.loads(data)
    except (ValueError, RecursionError):
        raise BadReply("gave an answer that is no JSON") from None
    if not isinstance(event, dict):
        raise BadReply("gave something else than an answer")
    return event


def _text(value: Any) -> str:
    """A text that may be missing."""
    if value is None or isinstance(value, str):
        return value or ""
    raise BadReply("gave something else than an answer")


def _thought(said: dict[str, Any]) -> str:
    """What a reasoning model thinks, under the two names it goes by."""
    return _text(said.get("reasoning_content")) or _text(said.get("reasoning"))


def _number(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _status(error: Any) -> int:
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, str) and code.isdecimal():
        code = int(code[:9])
    return code if isinstance(code, int) and 400 <= code < 600 else 0


def _start(raw: str, think: int) -> int:
    """Where the answer starts in what was written: after the thinking.

    A closing tag is one only before the answer: in a quote of a note it is text.
    """
    head = raw.lstrip()
    for begin, end in TAGS.items():
        opened = head.startswith(begin)
        if opened or (think > 0 and end in raw and not head.startswith(("{", "["))):  # the template opened it
            closed = raw.find(end)
            return len(raw) - len(raw[closed + len(end) :].lstrip()) if closed >= 0 else len(raw)
    return 0


def _logprobs(told: Any) -> list[tuple[bytes, float]]:
    """The bytes and the log-probability of each token that was told of; none for what is not readable."""
    listed = told.get("content") if isinstance(told, dict) else None
    if not isinstance(listed, list):
        return []
    return [_token(one) for one in listed if isinstance(one, dict) and _finite(one.get("logprob"))]


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _token(one: dict[str, Any]) -> tuple[bytes, float]:
    sure, units, text = one["logprob"], one.get("bytes"), one.get("token")
    logprob = max(float(sure), LEAST)
    if isinstance(units, list) and all(isinstance(unit, int) and 0 <= unit < 256 for unit in units):
        return bytes(units), logprob
    return (text.encode("utf-8", "surrogatepass") if isinstance(text, str) else b""), logprob


def _begins(spelt: bytes, content: bytes, tokens: list[tuple[bytes, float]]) -> int:
    """Where the answer begins last, rather as whole tokens than inside one ("<", "<end>"); -1 if nowhere."""
    edges = list(accumulate((len(piece) for piece, _ in tokens), initial=0))
    starts = [at for at in reversed(edges) if spelt.startswith(content, at)]
    ends = set(edges)
    whole = next((at for at in starts if at + len(content) in ends), None)
    return whole if whole is not None else next(iter(starts), spelt.rfind(content))


def _placed(raw: str, start: int, tokens: list[tuple[bytes, float]]) -> tuple[Token, ...]:
    """The tokens of the answer, each with its place in it; none when they do not spell it.

    A letter that several tokens share belongs to each of them.
    """
    content, spelt = raw.encode("utf-8", "surrogatepass"), b"".join(piece for piece, _ in tokens)
    first = _begins(spelt, content, tokens) if content else -1
    if first < 0:
        return ()
    letters = list(accumulate((len(letter.encode("utf-8", "surrogatepass")) for letter in raw), initial=0))
    placed, at = [], -first
    for piece, logprob in tokens:
        begin, at = at, at + len(piece)
        if piece and begin >= letters[start] and at <= len(content):
            token_start = bisect_right(letters, begin) - 1 - start
            token_end = bisect_right(letters, at - 1) - start
            placed.append(Token(start=token_start, end=token_end, logprob=logprob))
    return tuple(placed)
