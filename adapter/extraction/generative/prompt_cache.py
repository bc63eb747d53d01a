"""What the sequences of a context remember, so that no beginning of a prompt is computed twice.

A new prompt goes on from whichever sequence holds the longest beginning of it, busy or not: the beginning is
shared, not copied. The beginnings that several prompts had in common are kept in sequences of their own,
which no answer overwrites. A prompt whose beginning another is just computing waits for it.

What is gone on from are whole blocks of a prompt, never an answer: so a prompt is computed in the same
portions whether its beginning was known or not, and says the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from adapter.extraction.generative.context import BLOCK, Context, Mix

KEPT = 4  # sequences that only keep beginnings: so many tasks, or mixes of adapters, may take turns


@dataclass(slots=True)
class Held:
    """A sequence: the tokens it remembers, under which adapters, and those it is about to learn."""

    number: int
    tokens: list[int] = field(default_factory=list)
    mix: Mix = ()
    busy: bool = False
    prompt: list[int] = field(default_factory=list)
    used: int = 0

    def shared(self, prompt: Sequence[int]) -> int:
        """How much of the beginning of a prompt is remembered, as part of a prompt."""
        return common(self.tokens[: len(self.prompt)] if self.busy else self.tokens, prompt)


class PromptCache:
    """The sequences of a context: `slots` that answer, and KEPT that keep beginnings."""

    def __init__(self, context: Context, slots: int) -> None:
        self._context = context
        self._slots = [Held(number) for number in range(slots)]
        self._kept = [Held(slots + number) for number in range(KEPT)]
        self._clock = 0

    def take(self, prompt: list[int], mix: Mix) -> Held | None:
        """A free sequence that holds as much of the beginning of the prompt as is known, now busy.

        None where no sequence is free, or another is about to know more of the beginning.
        """
        idle = [held for held in self._slots if not held.busy]
        if not idle:
            return None
        most = len(prompt) - 1  # the last token is always computed: the answer begins at its logits
        peers = [held for held in (*self._slots, *self._kept) if held.mix == mix]
        known = [(_blocks(min(most, held.shared(prompt))), held) for held in peers]
        length, source = max(known, key=lambda pair: (pair[0], not pair[1].busy), default=(0, idle[0]))
        if self._about_to_know(peers, prompt) > length:
            return None
        target = source if source in idle else min(idle, key=lambda held: (bool(held.tokens), held.used))
        self._fill(target, source, length)
        target.mix, target.busy, target.prompt = mix, True, prompt
        self._touch(target)
        self._keep(target, source)
        return target

    @staticmethod
    def _about_to_know(peers: Sequence[Held], prompt: list[int]) -> int:
        """How much of the beginning the busy sequences will hold when they have computed their prompts."""
        coming = (held for held in peers if held.busy and len(held.tokens) < len(held.prompt))
        return max((_blocks(min(common(held.prompt, prompt), len(prompt) - 1)) for held in coming), default=0)

    def _fill(self, target: Held, source: Held, length: int) -> None:
        """Makes the target hold the first tokens of the source, or nothing where the model cannot."""
        if target is source:
            length = self._context.cut(target.number, length)
            target.tokens = target.tokens[:length]
            return
        self._context.cut(target.number, 0)
        target.tokens = []
        if length:
            length = self._context.copy(source.number, target.number, length)
            target.tokens = source.tokens[:length]

    def _keep(self, held: Held, source: Held) -> None:
        """Keeps what a prompt had in common with another, unless it is kept already."""
        if source in self._kept:
            self._touch(source)
        if not held.tokens:
            return
        for kept in self._kept:
            if kept.mix == held.mix and common(kept.tokens, held.tokens) == len(held.tokens):
                self._touch(kept)
                return
        oldest = min(self._kept, key=lambda kept: kept.used)
        self._fill(oldest, held, len(held.tokens))
        oldest.mix = held.mix
        self._touch(oldest)

    def _touch(self, held: Held) -> None:
        self._clock += 1
        held.used = self._clock

    def give(self, held: Held) -> None:
        """The sequence is free again; it goes on remembering its prompt until its place is needed."""
        self._fill(held, held, min(len(held.tokens), len(held.prompt)))
        held.busy, held.prompt = False, []

    def forget_idle(self) -> bool:
        """Whether there was anything to forget that no answer in the making needs."""
        idle = [held for held in (*self._slots, *self._kept) if held.tokens and not held.busy]
        for held in idle:
            self._context.cut(held.number, 0)
            held.tokens = []
        return bool(idle)

    def forget(self) -> None:
        """Forgets everything; every sequence is free."""
        self._context.clear()
        for held in (*self._slots, *self._kept):
            held.tokens, held.prompt, held.busy, held.mix = [], [], False, ()


def _blocks(length: int) -> int:
    """The whole blocks in so many tokens."""
    return length - length % BLOCK


def common(first: Sequence[int], second: Sequence[int]) -> int:
    """How many tokens two sequences have in common from their beginning."""
    low, high = 0, min(len(first), len(second))
    if first[:high] == second[:high]:
        return high
    while high - low > 1:  # first[:low] is common, first[:high] is not
        middle = (low + high) // 2
        if first[low:middle] == second[low:middle]:
            low = middle
        else:
            high = middle
    return low
