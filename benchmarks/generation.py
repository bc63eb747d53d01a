"""What the local backend costs beside llama.cpp alone, and what batching and the prompt cache gain.

    python benchmarks/generation.py --random
    python benchmarks/generation.py --model model.gguf --slots 8 --notes 40

`--random` makes a Llama of about 100 million random parameters with a vocabulary of 32,000 (Q8_0) in a
temporary folder. Its answers say nothing but take their time like any. It is the hard case for a grammar: a
model that was never taught JSON wants something else at almost every token.

The bare loop reads the same prompt and generates by llama.cpp's greedy sampler, with no grammar and one
sequence. Rounds alternate, so that a drifting machine is fair to both; ratios are medians of rounds.
"""

import argparse
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import llama_cpp

sys.path.insert(0, str(Path(__file__).parent.parent))
from adapter.extraction.generative.backend import Completion, Message, Request
from adapter.extraction.generative.local import LocalBackend
from adapter.extraction.generative.weights import Weights
from tests import tiny_llama

WORDS = (
    "patient reports chest pain denies fever metformin 500 mg twice daily for type two diabetes since 2019"
)
TEXT = {"type": "string", "maxLength": 60}
STATUS = {"enum": ["present", "absent", "possible", "past", "family", "risk"]}
ITEM = {
    "type": "object",
    "properties": {
        "quote": {**TEXT, "minLength": 8},
        "status": STATUS,
        "date": {"type": "string", "maxLength": 20},
    },
    "required": ["quote", "status"],
}
SCHEMA = {
    "type": "object",
    "properties": {"problems": {"type": "array", "minItems": 30, "maxItems": 50, "items": ITEM}},
    "required": ["problems"],
}


class Bare:
    """llama.cpp with nothing around it: one sequence, the greedy sampler."""

    def __init__(self, weights: Weights, *, size: int, threads: int, clock: Callable[[], float]) -> None:
        self._clock = clock
        params = llama_cpp.llama_context_default_params()
        params.n_ctx, params.n_batch, params.n_ubatch, params.n_seq_max = size, 512, 512, 1
        params.n_threads = params.n_threads_batch = threads
        params.no_perf = True
        self._context = llama_cpp.llama_init_from_model(weights.pointer, params)
        self._sampler = llama_cpp.llama_sampler_chain_init(llama_cpp.llama_sampler_chain_default_params())
        llama_cpp.llama_sampler_chain_add(self._sampler, llama_cpp.llama_sampler_init_greedy())

    def read(self, prompt: list[int]) -> float:
        """Seconds to read a prompt."""
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self._context), False)
        began = self._clock()
        for at in range(0, len(prompt), 512):
            self._decode(prompt[at : at + 512])
        llama_cpp.llama_synchronize(self._context)
        return self._clock() - began

    def _decode(self, tokens: list[int]) -> None:
        array = (llama_cpp.llama_token * len(tokens))(*tokens)
        if llama_cpp.llama_decode(self._context, llama_cpp.llama_batch_get_one(array, len(tokens))):
            raise RuntimeError("llama_decode")

    def write(self, count: int) -> float:
        """Seconds to generate so many tokens, whatever they are."""
        began = self._clock()
        array = (llama_cpp.llama_token * 1)()
        for _ in range(count):
            array[0] = llama_cpp.llama_sampler_sample(self._sampler, self._context, -1)
            if llama_cpp.llama_decode(self._context, llama_cpp.llama_batch_get_one(array, 1)):
                raise RuntimeError("llama_decode")
        return self._clock() - began

    def close(self) -> None:
        """Frees the context."""
        llama_cpp.llama_sampler_free(self._sampler)
        llama_cpp.llama_free(self._context)


@contextmanager
def opened(path: Path, **options: Any) -> Iterator[LocalBackend]:
    """A backend, closed afterwards."""
    backend = LocalBackend(path, **options)
    try:
        yield backend
    finally:
        backend.close()


def text(backend: LocalBackend, tokens: int, salt: str) -> str:
    """Words of about so many tokens, different for each salt from the first word on."""
    words = [salt]
    for word in iter(lambda: WORDS, ""):
        words += word.split()
        if backend.count(" ".join(words)) >= tokens:
            return " ".join(words)
    raise AssertionError


def asked(*contents: str, tokens: int) -> Request:
    """A request: instruction, if there are two texts, and chunk."""
    roles = ("system", "user") if len(contents) == 2 else ("user",)
    messages = tuple(Message(role=role, content=said) for role, said in zip(roles, contents, strict=True))  # type: ignore[arg-type]
    return Request(messages=messages, schema=SCHEMA, max_tokens=tokens, seconds=3600)


def timed(backend: LocalBackend, request: Request, clock: Callable[[], float]) -> tuple[Completion, float]:
    """An answer and the seconds it took."""
    began = clock()
    return backend.complete([request])[0], clock() - began


def one_sequence(
    path: Path, *, rounds: int, tokens: int, threads: int, context: int, clock: Callable[[], float]
) -> None:
    """Prints tokens/s of one sequence, ours and bare."""
    read: list[tuple[float, float]] = []
    write: list[tuple[float, float]] = []
    with opened(path, slots=1, threads=threads, context=context) as backend:
        bare = Bare(backend._weights, size=backend.context, threads=threads, clock=clock)
        for round_ in range(rounds):
            request = asked(text(backend, 400, f"{round_} note"), tokens=1)
            prompt = backend.prompt(request)
            first, seconds = timed(backend, request, clock)
            read.append((len(prompt) / seconds, len(prompt) / bare.read(prompt)))
            again = timed(backend, request, clock)[1]  # what is read again of a known prompt
            answer, seconds = timed(backend, asked(request.messages[0].content, tokens=tokens + 1), clock)
            count = answer.generated_tokens - first.generated_tokens
            write.append((count / (seconds - again), count / bare.write(count)))
        bare.close()
    for name, pairs in (("prefill", read[1:]), ("generation, grammar on", write[1:])):
        mine, alone = (statistics.median(pair[n] for pair in pairs) for n in (0, 1))
        ratio = statistics.median(a / b for a, b in pairs)
        print(f"{name:24} {mine:8.1f} tokens/s  bare {alone:8.1f}  ratio {ratio:.3f}")


def batched(path: Path, *, slots: int, tokens: int, threads: int, context: int) -> None:
    """Prints tokens/s of several sequences together."""
    base = 0.0
    for number in (n for n in (1, 2, 4, 8) if n <= slots):
        with opened(path, slots=number, threads=threads, context=context) as backend:
            requests = [asked(text(backend, 100, f"{n} note"), tokens=tokens) for n in range(16)]
            backend.complete(requests[:1])
            began = time.perf_counter()
            answers = backend.complete(requests)
            rate = sum(answer.generated_tokens for answer in answers) / (time.perf_counter() - began)
        base = base or rate
        print(f"{number} slots, 16 requests {rate:12.1f} tokens/s, reading included, x {rate / base:.2f}")


def prefix(path: Path, *, notes: int, threads: int, context: int) -> None:
    """Prints what remembering an instruction of 300 tokens saves over many chunks."""
    with opened(path, slots=1, threads=threads, context=context) as backend:
        seconds = []
        for shared in (False, True):
            began, cached = time.perf_counter(), 0
            for note in range(notes):
                instruction = text(backend, 300, "task" if shared else f"{note} task")
                chunk = text(backend, 150, f"{note} chunk {shared}")
                cached += backend.complete([asked(instruction, chunk, tokens=40)])[0].cached_tokens
            seconds.append(time.perf_counter() - began)
            name = "with" if shared else "without"
            print(f"{notes} chunks {name:8} prompt cache {seconds[-1]:8.2f} s, {cached} tokens remembered")
    print(f"gain x {seconds[0] / seconds[1]:.2f}")


def alike(path: Path, *, slots: int, threads: int, context: int) -> None:
    """Prints how many answers are the same alone, again from the cache, and beside others."""
    with opened(path, slots=1, threads=threads, context=context) as backend:
        requests = [asked(text(backend, 80, f"{n} note"), tokens=100) for n in range(24)]
        alone = [backend.complete([request])[0].text for request in requests]
        again = [backend.complete([request])[0].text for request in requests]
    with opened(path, slots=1, threads=threads, context=context) as backend:
        fresh = [backend.complete([request])[0].text for request in requests]
    with opened(path, slots=slots, threads=threads, context=context) as backend:
        beside = [answer.text for answer in backend.complete(requests)]
    for name, texts in (("a new start", fresh), ("from the cache", again), (f"{slots} at a time", beside)):
        print(
            f"same answer, {name:16} {sum(a == b for a, b in zip(alone, texts, strict=True))} of {len(alone)}"
        )


def main() -> None:
    """Prints the measurements."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path)
    parser.add_argument("--random", action="store_true", help="make a model of random weights")
    parser.add_argument("--quantization", default="Q8_0", choices=["Q8_0", "F16"])
    parser.add_argument("--vocabulary", type=int, default=32_000)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--slots", type=int, default=8)
    parser.add_argument("--notes", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--context", type=int, default=2048)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--cpu", action="store_true", help="CPU seconds for one sequence; with --threads 1")
    options = parser.parse_args()
    if bool(options.model) == options.random:
        parser.error("give --model or --random")
    with tempfile.TemporaryDirectory() as folder:
        path = options.model or tiny_llama.write(
            Path(folder) / "random.gguf",
            vocabulary=options.vocabulary,
            width=options.width,
            layers=options.layers,
            context=4096,
            quantization=options.quantization,
        )
        same = {"threads": options.threads, "context": options.context}
        print(f"{path.name}, {path.stat().st_size / 1e6:.0f} MB, {options.threads} threads")
        clock = time.process_time if options.cpu else time.perf_counter
        one_sequence(path, rounds=options.rounds + 1, tokens=options.tokens, clock=clock, **same)
        batched(path, slots=options.slots, tokens=64, **same)
        prefix(path, notes=options.notes, **same)
        alike(path, slots=min(4, options.slots), **same)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:.0f} MiB, the weights mapped from the file included")


if __name__ == "__main__":
    main()
