"""One answer in the making: from logits to tokens, until the grammar is satisfied or something stops it.

Knows no context and no batch: it is asked for the next tokens, and says which the model is to read next.
"""

import time
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from adapter.extraction.generative.backend import Completion, Request, Stop, Token
from adapter.extraction.generative.items import Items
from adapter.extraction.generative.repetition import looping
from adapter.extraction.generative.sampling import Grammar, Sampler
from adapter.extraction.generative.thinking import Tags
from adapter.extraction.generative.vocabulary import Vocabulary

_CLOSERS = (b"}", b"]", b'"')  # an answer may be complete after one of these
_SIGNS = (b"{", b"}", b"[", b"]", b'"', b",", b":")  # what a run of tokens without a choice follows
_EVERY = 4  # tokens between two looks for a loop
_TAG = 16  # tokens at the end of the thinking in which its end is looked for


class Generation:
    """The state of one answer. `stop` is None until it is over; then only `completion` may be asked."""

    def __init__(
        self,
        request: Request,
        prompt: list[int],
        *,
        vocabulary: Vocabulary,
        grammar: Grammar,
        thinking: Tags | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`thinking`: the tags around it where the prompt opens it; None when the answer begins at once."""
        self.prompt = prompt
        self.stop: Stop | None = None
        self.cached = 0
        self._request, self._vocabulary, self._grammar = request, vocabulary, grammar
        self._sampler = Sampler(vocabulary, temperature=request.temperature, seed=request.seed)
        self._thinking = thinking
        self._thought: list[int] = []
        self._tokens: list[int] = []
        self._logprobs: list[float] = []
        self._items, self._ended_lists = Items(), 0
        self._clock, self._began = clock, 0.0

    def begin(self, cached: int) -> None:
        """Starts the clock of the answer; `cached` tokens of the prompt need not be computed."""
        self.cached, self._began = cached, self._clock()

    def late(self) -> bool:
        """Whether the time for the answer is over."""
        return self._clock() - self._began > self._request.seconds

    def next(self, logits: NDArray[np.float32]) -> list[int]:
        """The tokens the model is to read next; none when the answer is over. Raises EngineError."""
        return self._think(logits, self._thinking) if self._thinking else self._write(logits)

    def _write(self, logits: NDArray[np.float32]) -> list[int]:
        if not self._tokens and (begun := self._forced()):
            return begun
        choice = self._sampler.choose(logits, self._grammar)
        if choice.token in self._vocabulary.ends:
            self.stop = "end"
            return []
        tokens = self._ending(choice.token) or [choice.token]
        for token in tokens:
            self._take(token, choice.logprob if token == choice.token else 0.0)
        self.stop = self._over(tokens[-1])
        return [] if self.stop else tokens + self._forced()

    def _take(self, token: int, logprob: float) -> None:
        self._grammar.accept(token)
        self._tokens.append(token)
        self._logprobs.append(logprob)

    def _forced(self) -> list[int]:
        """The tokens that must come next, taken unasked: names of properties and what stands around them.

        Where the model may know a token that reaches beyond them, it is asked. Jump-forward decoding, as in
        SGLang (https://arxiv.org/abs/2312.07104).
        """
        last = self._vocabulary.pieces[self._tokens[-1]] if self._tokens else b"{"
        text, _, _ = self._grammar.only().partition(b"}") if last.endswith(_SIGNS) else (b"", b"", b"")
        tokens = self._vocabulary.settled(text.decode()) if text.isascii() else []
        if not tokens or not self._grammar.takes(tokens):
            return []
        for token in tokens:
            self._items.follow(self._vocabulary.pieces[token])
            self._take(token, 0.0)
        return tokens

    def _ending(self, token: int) -> list[int]:
        """The tokens that end a list which says nothing new, instead of one that goes on with it."""
        piece, at = self._vocabulary.pieces[token], 0
        while (end := self._items.follow(piece[at:])) is not None:
            at += end
            if tokens := self._spelled(token, piece[:at]):
                self._items.follow(b"]")
                self._ended_lists += 1
                return tokens
        return []

    def _spelled(self, token: int, item_end: bytes) -> list[int]:
        """The end of an item and of its list in tokens; none where the list may not end here."""
        whole = item_end == self._vocabulary.pieces[token]
        letters = [self._vocabulary.letters.get(bytes((byte,)), -1) for byte in item_end + b"]"]
        tokens = [token, letters[-1]] if whole else letters
        return tokens if -1 not in tokens and self._grammar.takes(tokens) else []

    def _over(self, token: int) -> Stop | None:
        if self._vocabulary.pieces[token].endswith(_CLOSERS) and self._grammar.satisfied():
            return "end"
        if len(self._tokens) >= self._request.max_tokens:
            return "length"
        return "loop" if len(self._tokens) % _EVERY == 0 and looping(self._tokens) else None

    def _think(self, logits: NDArray[np.float32], tags: Tags) -> list[int]:
        token = self._sampler.choose(logits, None).token
        if token in self._vocabulary.ends:
            return self._conclude([], tags.end + tags.between)
        self._thought.append(token)
        if self._vocabulary.written(self._thought[-_TAG:]).rstrip().endswith(tags.end):
            return self._conclude([token], tags.between)
        if len(self._thought) >= self._request.think or looping(self._thought):
            return self._conclude([token], tags.end + tags.between)
        return [token]

    def _conclude(self, tokens: list[int], text: str) -> list[int]:
        """The last tokens of the thinking and those of the text that ends it: from here on grammar rules."""
        self._thinking = None
        read = self.prompt + self._thought
        known = len(read)
        self._vocabulary.markup(read, text)
        return tokens + read[known:]

    def completion(self) -> Completion:
        """The answer as it is. An answer not stopped otherwise was cut short for want of room."""
        pieces = [self._vocabulary.pieces[token] for token in self._tokens]
        return Completion(
            text=b"".join(pieces).decode("utf-8", "ignore"),
            stop=self.stop or "length",
            tokens=places(pieces, self._logprobs),
            prompt_tokens=len(self.prompt),
            cached_tokens=self.cached,
            generated_tokens=len(self._thought) + len(self._tokens),
            ended_lists=self._ended_lists,
            seconds=self._clock() - self._began,
        )

    def close(self) -> None:
        """Frees the grammar."""
        self._grammar.close()


def places(pieces: Sequence[bytes], logprobs: Sequence[float]) -> tuple[Token, ...]:
    """Where each piece stands in the text of all, in code points.

    A piece that is part of a character stands for the whole character, as do its neighbours.
    """
    found, begun, total = [], 0, b"".join(pieces).decode("utf-8", "ignore")
    for piece, logprob in zip(pieces, logprobs, strict=True):
        leads = sum(byte & 0xC0 != 0x80 for byte in piece)
        inside = bool(piece) and piece[0] & 0xC0 == 0x80
        start = begun - 1 if inside and begun else begun
        begun += leads
        found.append(Token(start=min(start, len(total)), end=min(begun, len(total)), logprob=logprob))
    return tuple(found)
