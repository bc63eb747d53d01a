"""How fast the engines run a model, against a bare llama.cpp loop over the same model in the same run.

Rounds alternate between the two, so that a machine whose speed drifts is fair to both; the median round
counts.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from adapter.errors import EngineError, ModelError
from adapter.extraction import Classifier
from adapter.extraction.generative.backend import Message, Request
from adapter.extraction.generative.local import LocalBackend
from adapter.extraction.llama import Encoder, Weights
from adapter.extraction.windows import SIZE
from adapter.models.card import DECODER, LORA, card
from adapter.models.costs import FILLER, pieces_per_second
from adapter.models.loop import Loop

PLAIN = "{% for message in messages %}{{ message.content }}{% endfor %}"  # for models without a template
REPEATS = 60
WINDOWS = 12  # of one core in one round
STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One model on this machine. Rates are tokens a second; a ratio is ours to the bare loop's."""

    file: str
    kind: str
    quantization: str
    threads: int
    prompt_tokens: int
    generated_tokens: int
    prompt: float
    generation: float | None
    bare_prompt: float
    bare_generation: float | None
    prompt_ratio: float
    generation_ratio: float | None
    memory_bytes: int | None  # of the engine: what the process grew by, mapped weights included

    def row(self) -> dict[str, Any]:
        """As JSON has it."""
        return {key: value for key, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One measurement."""

    prompt: float
    generation: float


def bench(path: Path, *, threads: int, prompt: int = 256, generation: int = 128, rounds: int = 5) -> Bench:
    """The speed of a model.

    Raises ModelError when it cannot be run.
    """
    told = card(path)
    if told.kind == LORA:
        raise ModelError(f"{path.name}: a LoRA adapter is not run by itself")
    if told.kind == DECODER:
        return _decoder(path, threads, prompt, generation, rounds, template=told.template)
    return _encoder(path, threads, rounds)


def lines(found: Bench) -> list[str]:
    """The result as lines of text."""
    rows: list[tuple[str, ...]] = [("", "tokens", "engine/s", "bare loop/s", "ratio")]
    rows.append(_row("prompt", found.prompt_tokens, found.prompt, found.bare_prompt, found.prompt_ratio))
    if found.generation and found.bare_generation and found.generation_ratio:
        how = (found.generation, found.bare_generation, found.generation_ratio)
        rows.append(_row("generation", found.generated_tokens, *how))
    shown = ["".join((row[0].ljust(12), *(cell.rjust(13) for cell in row[1:]))) for row in rows]
    memory = f", {found.memory_bytes / 1e6:,.0f} MB" if found.memory_bytes is not None else ""
    return [f"{found.file}: {found.kind}, {found.quantization}, {found.threads} threads{memory}", *shown]


def resident() -> int | None:
    """The bytes of memory this process has, mapped files included; None where the system does not say."""
    if not STATUS.is_file():
        return None
    for line in STATUS.read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return None


def _row(name: str, tokens: int, ours: float, bare: float, ratio: float) -> tuple[str, ...]:
    return name, f"{tokens:,}", f"{ours:,.1f}", f"{bare:,.1f}", f"{ratio:.3f}"


def _decoder(path: Path, threads: int, prompt: int, generation: int, rounds: int, *, template: bool) -> Bench:
    before = resident()
    backend = LocalBackend(path, threads=threads, template=None if template else PLAIN)
    try:
        asked = _Asked(backend, min(prompt, backend.context // 2), generation)
        asked.round()
        grown = _grown(before)
        with Loop(path, threads=threads, context=backend.context, step=asked.prompt_tokens) as loop:
            length = asked.prompt_tokens
            bare = bare_round(loop, length, min(generation, loop.context - length))
            bare()
            pairs = [(asked.round(), bare()) for _ in range(rounds)]
    finally:
        backend.close()
    ours, theirs = _median([one for one, _ in pairs]), _median([other for _, other in pairs])
    told = card(path)
    return Bench(
        file=path.name,
        kind=told.kind,
        quantization=told.quantization,
        threads=threads,
        prompt_tokens=asked.prompt_tokens,
        generated_tokens=asked.generated_tokens,
        prompt=round(ours.prompt, 1),
        generation=round(ours.generation, 1),
        bare_prompt=round(theirs.prompt, 1),
        bare_generation=round(theirs.generation, 1),
        prompt_ratio=round(ours.prompt / theirs.prompt, 3),
        generation_ratio=round(ours.generation / theirs.generation, 3),
        memory_bytes=grown,
    )


def bare_round(loop: Loop, prompt: int, generation: int) -> Callable[[], Round]:
    """A round of the bare loop."""

    def run() -> Round:
        speed = loop.speed(prompt=prompt, generation=generation, rounds=1, warm=False)
        return Round(prompt=speed.prompt, generation=speed.generation)

    return run


class _Asked:
    """Requests to the engine whose prompts were never seen, and answers that cannot end early."""

    def __init__(self, backend: LocalBackend, prompt: int, generation: int) -> None:
        self._backend, self._number = backend, 0
        self._text = _text(backend, prompt)
        self._generation = generation
        self.prompt_tokens = self.generated_tokens = 0

    def round(self) -> Round:
        """A prompt read, then the same prompt, now remembered, answered."""
        self._number += 1
        began = time.perf_counter()
        first = self._complete(1)
        between = time.perf_counter()
        second = self._complete(self._generation)
        end = time.perf_counter()
        self.prompt_tokens, self.generated_tokens = first.prompt_tokens, second.generated_tokens
        if second.generated_tokens < 2:
            raise EngineError("the model would not write")
        return Round(
            prompt=(first.prompt_tokens - first.cached_tokens) / (between - began),
            generation=second.generated_tokens / (end - between),
        )

    def _complete(self, most: int) -> Any:
        length = 16 * self._generation
        request = Request(
            messages=(Message(role="user", content=f"{self._number} {self._text}"),),
            schema={"type": "string", "minLength": length, "maxLength": length},
            max_tokens=most,
            temperature=1.0,
            seed=self._number,
        )
        return self._backend.complete([request])[0]


def _text(backend: LocalBackend, tokens: int) -> str:
    """Words of about so many tokens."""
    words = (FILLER * REPEATS).split()
    low, high = 1, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if backend.count(" ".join(words[:middle])) <= tokens else (low, middle - 1)
    return " ".join(words[:low])


def _encoder(path: Path, threads: int, rounds: int) -> Bench:
    before = resident()
    classifier = Classifier(path, threads=threads)
    weights = Weights(path)
    encoders = [Encoder(weights) for _ in range(threads)]
    try:
        pieces_per_second(classifier)
        grown = _grown(before)
        _bare(encoders)
        pairs = [(pieces_per_second(classifier), _bare(encoders)) for _ in range(rounds)]
    finally:
        for encoder in encoders:
            encoder.close()
        weights.close()
        classifier.close()
    ours, bare = (statistics.median(one[side] for one in pairs) for side in (0, 1))
    told = card(path)
    return Bench(
        file=path.name,
        kind=told.kind,
        quantization=told.quantization,
        threads=threads,
        prompt_tokens=len(encoders) * WINDOWS * SIZE,
        generated_tokens=0,
        prompt=round(ours, 1),
        generation=None,
        bare_prompt=round(bare, 1),
        bare_generation=None,
        prompt_ratio=round(ours / bare, 3),
        generation_ratio=None,
        memory_bytes=grown,
    )


def _bare(encoders: Sequence[Encoder]) -> float:
    """Pieces a second of full windows and nothing else: one context a core, as the engine has."""
    window = list(range(1, SIZE + 1))

    def run(encoder: Encoder) -> None:
        for _ in range(WINDOWS):
            encoder.hidden(window)

    with ThreadPoolExecutor(len(encoders)) as pool:
        began = time.perf_counter()
        list(pool.map(run, encoders))
        return len(encoders) * WINDOWS * SIZE / (time.perf_counter() - began)


def _median(rounds: list[Round]) -> Round:
    return Round(
        prompt=statistics.median(one.prompt for one in rounds),
        generation=statistics.median(one.generation for one in rounds),
    )


def _grown(before: int | None) -> int | None:
    now = resident()
    return None if before is None or now is None else max(0, now - before)
