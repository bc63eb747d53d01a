"""How good a model is on held-out pairs: loss on the right answers, and its own answers against them.

The answers are greedy and bound by the grammar of the task, as in use. Figures are ELMTEX's (ROUGE-L by
field, where something is to be said) and strict ones beside them: an answer that is none scores zero
everywhere, and what is said of a field that should be empty is counted.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import torch

from adapter.extraction.generative.backend import Backend, Completion, Request
from adapter.tasks import Task, grounded
from training.lora import train
from training.lora.chats import Asked, Chat

_AT_ONCE = 16
_PLACE = re.compile(r"/\d+(?=/|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """How well a model foresees right answers."""

    loss: float  # natural logarithm, mean over answer tokens
    perplexity: float
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """How near answers are to right ones; a share each."""

    notes: int
    valid: float  # answers that are whole and of the schema
    exact: float  # answers that are right altogether
    precision: float  # over facts: the field and the words
    recall: float
    f1: float
    invented: float  # fields that should be empty and are not
    rouge_l: float | None  # by field that should not be empty; None where rouge-score is not installed


def loss(model: Any, chats: Sequence[Chat], dtype: torch.dtype) -> Loss:
    """The loss of a model on the answers of chats."""
    total, tokens = 0.0, 0
    model.eval()
    with torch.inference_mode():
        for chat in chats:
            part, count = train.loss_of(model, [chat], dtype)
            total, tokens = total + float(part), tokens + count
    mean = total / max(1, tokens)
    return Loss(loss=round(mean, 5), perplexity=round(math.exp(min(mean, 700.0)), 4), tokens=tokens)


def answers(
    backend: Backend, task: Task, examples: Sequence[Asked], adapters: tuple[tuple[str, float], ...] = ()
) -> list[Completion]:
    """What a model answers, greedily."""
    schema, done = grounded.schema(task), []
    for at in range(0, len(examples), _AT_ONCE):
        done += backend.complete([
            Request(
                messages=tuple(example.messages(example.text)),
                schema=schema,
                max_tokens=task.max_tokens,
                adapters=adapters,
            )
            for example in examples[at : at + _AT_ONCE]
        ])  # fmt: skip
    return done


def overlap(task: Task, examples: Sequence[Asked], completions: Sequence[Completion]) -> Overlap:
    """How near completions are to the right answers."""
    right = [_facts(task, json.loads(example.answer)) for example in examples]
    given = [_read(task, completion) for completion in completions]
    pairs = [(wanted, got or Counter()) for wanted, got in zip(right, given, strict=True)]
    hits = sum((wanted & got).total() for wanted, got in pairs)
    said, true = sum(got.total() for _, got in pairs), sum(wanted.total() for wanted, _ in pairs)
    fields = [_by_field(task, wanted, got) for wanted, got in pairs]
    empty = [got for one in fields for wanted, got in one if not wanted]
    exact = [got is not None and got == wanted for wanted, got in zip(right, given, strict=True)]
    return Overlap(
        notes=len(pairs),
        valid=_share(sum(got is not None for got in given), len(given)),
        exact=_share(sum(exact), len(exact)),
        precision=_share(hits, said),
        recall=_share(hits, true),
        f1=_share(2 * hits, said + true),
        invented=_share(sum(bool(got) for got in empty), len(empty)),
        rouge_l=_rouge([pair for one in fields for pair in one if pair[0]]),
    )


def _read(task: Task, completion: Completion) -> Counter[tuple[str, str]] | None:
    """The facts of a completion; None where it is no answer."""
    if completion.stop != "end":
        return None
    try:
        return _facts(task, json.loads(completion.text))
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _facts(task: Task, answer: dict[str, Any]) -> Counter[tuple[str, str]]:
    """Field and words of each thing an answer says."""
    leaves = grounded.leaves(task, answer)
    return Counter(
        (_PLACE.sub("", leaf.pointer), str(leaf.value)) for leaf in leaves if leaf.value is not None
    )


def _by_field(
    task: Task, right: Counter[tuple[str, str]], given: Counter[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Right and given words of each property of the answer, joined as ELMTEX joins them."""

    def words(facts: Counter[tuple[str, str]], name: str) -> str:
        return "; ".join(value for path, value in facts.elements() if path.split("/")[1] == name)

    return [(words(right, name), words(given, name)) for name in task.schema["properties"]]


def _rouge(pairs: Sequence[tuple[str, str]]) -> float | None:
    score = _scorer()
    if score is None or not pairs:
        return None
    return round(sum(score(right, given) for right, given in pairs) / len(pairs), 4)


def _scorer() -> Callable[[str, str], float] | None:
    if find_spec("rouge_score") is None:
        return None
    from rouge_score import rouge_scorer  # noqa: PLC0415  it is not always there

    scorer = rouge_scorer.RougeScorer(["rougeL"], use_stemmer=True)
    return lambda right, given: float(scorer.score(right, given)["rougeL"].fmeasure)


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
