"""Which token comes next: the model's wish, within the grammar.

Checking a grammar against a whole vocabulary costs more than the model's own step. So the likeliest tokens
are checked first, and only where they do not settle the matter are others: first one token for each byte,
then the tokens that begin with a byte the grammar lets through. The best allowed token found is the best
allowed of the whole vocabulary.

`Choice.logprob` is the logarithm of the token's share among the tokens the grammar allows, out of those that
were checked: the whole vocabulary where few bytes may come next; else the at most 64 likeliest within 12
nats of the best, which together hold all but a trace of the probability. Where one token alone may
come it is 0, and where one has all but 0.05 % the others are not checked. It is always of the untempered
distribution.
"""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from adapter.errors import EngineError
from adapter.extraction.generative.vocabulary import Vocabulary, fits, unfinished

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

_LIKELY = 64
_REACH = np.float32(12.0)
_REACHES = tuple(np.float32(reach) for reach in (8.0, 6.0, 4.5, 3.0, 2.0, 1.0))
_SETTLED = 0.5  # share of the likely tokens' probability that the grammar must leave
_CERTAIN = 1.0005  # all likely tokens together, in shares of the best: nothing else is in question
_AHEAD = 64
_MANY = 8192  # more tokens than this are not checked for the sake of a share
_ENTRY = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])


@dataclass(frozen=True, slots=True)
class Choice:
    """A token and how likely it was."""

    token: int
    logprob: float


class Grammar:
    """A grammar on its way through one answer. Belongs to one thread at a time; to be closed."""

    def __init__(self, vocabulary: Vocabulary, pointer: Any) -> None:
        self._vocabulary = vocabulary
        self._pointer = pointer
        self._pending = b""  # of a character that is not yet whole
        self._make_room(_LIKELY)

    @classmethod
    def parse(cls, vocabulary: Vocabulary, text: str) -> "Grammar":
        """A grammar at its beginning. Raises EngineError when llama.cpp does not read it."""
        pointer = llama_cpp.llama_sampler_init_grammar(vocabulary.pointer, text.encode(), b"root")
        if not pointer:
            raise EngineError("llama.cpp does not read the grammar of the answer")
        return cls(vocabulary, pointer)

    def copy(self) -> "Grammar":
        """The same grammar at the same place, on its own."""
        copy = Grammar(self._vocabulary, llama_cpp.llama_sampler_clone(self._pointer))
        copy._pending = self._pending
        return copy

    def allowed(self, tokens: Ints) -> NDArray[np.bool_]:
        """Which of the tokens may come next."""
        if len(tokens) > len(self._entries):
            self._make_room(len(tokens))
        entries = self._entries[: len(tokens)]
        entries["id"], entries["logit"] = tokens, 0
        self._array.size = len(tokens)
        llama_cpp.llama_sampler_apply(self._pointer, ctypes.byref(self._array))
        result: NDArray[np.bool_] = entries["logit"] == 0
        doubtful = result if self._pending else result & self._vocabulary.broken[tokens]
        for at in np.flatnonzero(doubtful):
            result[at] = self._well_formed(int(tokens[at]))
        return result

    def _make_room(self, size: int) -> None:
        """Memory for llama.cpp's list of candidates."""
        self._entries = np.zeros(size, _ENTRY)
        data = ctypes.cast(self._entries.ctypes.data, ctypes.POINTER(llama_cpp.llama_token_data))
        self._array = llama_cpp.llama_token_data_array(data=data, size=0, selected=-1, sorted=False)

    def _well_formed(self, token: int) -> bool:
        """Whether the text stays UTF-8: llama.cpp's grammar lets overlong and torn characters pass."""
        if token in self._vocabulary.ends:
            return not self._pending
        return fits(self._pending, self._vocabulary.pieces[token])

    def accept(self, token: int) -> None:
        """Goes on past a token, which must be allowed: llama.cpp ends the process otherwise."""
        llama_cpp.llama_sampler_accept(self._pointer, token)
        if self._pending or self._vocabulary.broken[token]:
            self._pending = unfinished(self._pending + self._vocabulary.pieces[token])

    def takes(self, tokens: Sequence[int]) -> bool:
        """Whether all these tokens may come next, one after the other."""
        trial = self.copy()
        try:
            for token in tokens:
                if not trial.allowed(np.array([token], np.int32))[0]:
                    return False
                trial.accept(token)
            return True
        finally:
            trial.close()

    def only(self) -> bytes:
        """The bytes that must come next, at most `_AHEAD`: so far there is no other way to go on."""
        if self._pending or self._vocabulary.unlettered:
            return b""
        choices = np.array([*self._vocabulary.singles, *sorted(self._vocabulary.ends)], np.int32)
        written = b""
        trial = self.copy()
        try:
            while len(written) < _AHEAD:
                open_ = choices[trial.allowed(choices)]
                if len(open_) != 1 or int(open_[0]) in self._vocabulary.ends:
                    break
                trial.accept(int(open_[0]))
                written += self._vocabulary.pieces[int(open_[0])]
            return written
        finally:
            trial.close()

    def satisfied(self) -> bool:
        """Whether the answer may end here."""
        end = next(iter(self._vocabulary.ends), None)
        return end is not None and bool(self.allowed(np.array([end], np.int32))[0])

    def close(self) -> None:
        """Frees the grammar."""
        if self._pointer:
            llama_cpp.llama_sampler_free(self._pointer)
            self._pointer = None


class Sampler:
    """Chooses tokens from logits, under a grammar or freely."""

    def __init__(self, vocabulary: Vocabulary, *, temperature: float, seed: int) -> None:
        self._vocabulary = vocabulary
        self._temperature = temperature
        self._chance = np.random.default_rng(seed) if temperature > 0 else None

    def choose(self, logits: Floats, grammar: Grammar | None) -> Choice:
        """The next token. Raises EngineError when no token fits the grammar."""
        if grammar is not None:
            logits[self._vocabulary.hidden] = -np.inf
        likely = _likely(logits)
        if grammar is None:
            return self._pick(likely, logits[likely])
        scores = logits[likely]
        if (sure := self._sure(likely, scores, grammar)) is not None:
            return sure
        allowed = grammar.allowed(likely)
        if not _settled(scores, allowed):
            wide = self._wide(grammar, enough=bool(allowed.any()))
            if wide is not None:
                return self._pick(wide, logits[wide])
        return self._pick(likely[allowed], scores[allowed])

    def _sure(self, likely: Ints, scores: Floats, grammar: Grammar) -> Choice | None:
        """The one token that is all but certain, if it is allowed; then no other is looked at."""
        if self._chance is not None:
            return None
        at = int(scores.argmax())
        others = float(np.exp(scores - scores[at]).sum())
        if others > _CERTAIN or not grammar.allowed(likely[at : at + 1])[0]:
            return None
        return Choice(int(likely[at]), -float(np.log(others)))

    def _wide(self, grammar: Grammar, *, enough: bool) -> Ints | None:
        """All tokens the grammar allows; None where they are many and enough is known without."""
        vocabulary = self._vocabulary
        singles = vocabulary.singles
        opened = [vocabulary.pieces[token][0] for token in singles[grammar.allowed(singles)]]
        groups = [vocabulary.firsts[byte] for byte in (*opened, *vocabulary.unlettered)]
        tokens = np.concatenate([*groups, np.array(sorted(vocabulary.ends), np.int32)])
        if enough and len(tokens) > _MANY:
            return None
        return tokens[grammar.allowed(tokens)]

    def _pick(self, tokens: Ints, scores: Floats) -> Choice:
        if not len(tokens) or not np.isfinite(best := float(scores.max())):
            error = EngineError("no token of the model's vocabulary fits the schema of the answer")
            error.issue_code, error.retryable = "processing", False
            raise error
        shares = np.exp(scores.astype(np.float64) - best)
        at = int(scores.argmax()) if self._chance is None else self._draw(scores, best)
        return Choice(int(tokens[at]), float(np.log(shares[at] / shares.sum())))

    def _draw(self, scores: Floats, best: float) -> int:
        assert self._chance is not None
        weights = np.exp((scores.astype(np.float64) - best) / self._temperature).cumsum()
        return int(weights.searchsorted(self._chance.random() * weights[-1], side="right"))


def _likely(logits: Floats) -> Ints:
    """The likeliest tokens, in the order of the vocabulary."""
    best = logits.max()
    if not np.isfinite(best):
        raise EngineError("the model gave no finite probabilities")
    near = logits >= best - _REACH
    for reach in _REACHES:  # partitioning many is slow, comparing them is not
        if np.count_nonzero(closer := logits >= best - reach) < _LIKELY:
            break
        near = closer
    tokens = np.flatnonzero(near)
    if len(tokens) > _LIKELY:
        scores = logits[tokens]
        tokens = np.sort(tokens[np.argpartition(scores, len(scores) - _LIKELY)[-_LIKELY:]])
    return tokens.astype(np.int32)


def _settled(scores: Floats, allowed: NDArray[np.bool_]) -> bool:
    """Whether the allowed ones hold enough of the likely tokens' probability."""
    if not allowed.any():
        return False
    shares = np.exp(scores - scores.max())
    return bool(shares[allowed].sum() >= _SETTLED * shares.sum())
