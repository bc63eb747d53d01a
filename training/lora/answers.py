"""A pair and a task -> what the model is asked and is to answer: the task's prompt, the grounded answer.

Where a task wants evidence, a fact whose words are not in its note is left out of the answer and counted: a
model trained on it would learn to say what notes do not. ELMTEX's summaries are rewordings to a good part; to
train on them as they are, give a task of one's own with `evidence = "none"` (docs/fine-tuning.md).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from adapter.errors import InputError
from adapter.extraction.generative import prompts
from adapter.extraction.generative.backend import Message
from adapter.extraction.generative.grounding import Ground
from adapter.tasks import Task, elmtex, grounded
from adapter.tasks.answers import problems
from adapter.tasks.schema import parse
from mappings import MappingError
from training.lora.chats import Asked
from training.lora.data import Pair


@dataclass(slots=True, kw_only=True)
class Told:
    """The examples in words, and how many facts they hold and lost."""

    examples: list[Asked] = field(default_factory=list)
    facts: int = 0
    without_words: int = 0  # facts left out: their words are not in the note
    unusable: list[int] = field(
        default_factory=list
    )  # records that no longer fit the task without those facts


def told(task: Task, pairs: Iterable[Pair]) -> Told:
    """The examples of a task. Raises InputError naming the first record whose answer is not of its schema."""
    done = Told()
    for pair in pairs:
        answer, lost, count = _grounded(task, pair)
        done.facts += count
        done.without_words += lost
        if problems(grounded.node(task), answer):
            done.unusable.append(pair.number)
            continue
        done.examples.append(
            Asked(
                number=pair.number,
                text=pair.text,
                messages=lambda text: messages(task, text),
                answer=prompts.compact(answer),
                may_cut=task.evidence == "none",
            )
        )
    return done


def messages(task: Task, text: str) -> Sequence[Message]:
    """The chat that asks about a note, without examples."""
    return prompts.messages(replace(task, examples=(), shots=0), text)


def _grounded(task: Task, pair: Pair) -> tuple[dict[str, Any], int, int]:
    """The answer in grounded form, how many facts were left out of it, and out of how many."""
    own = _own(task, pair)
    try:
        whole = grounded.written(task, own, pair.evidence)
    except MappingError as error:
        raise InputError(f"record {pair.number}: {error}") from error
    leaves, ground = grounded.leaves(task, whole), Ground(pair.text)
    kept = [leaf for leaf in leaves if leaf.quote is None or ground.find(leaf.quote)]
    if len(kept) == len(leaves):
        return whole, 0, len(leaves)
    rebuilt = grounded.rebuild(task, whole, {leaf.pointer for leaf in kept})
    words = {rebuilt.places[leaf.pointer]: leaf.quote for leaf in kept if leaf.pointer in rebuilt.places}
    evidence = {place: quote for place, quote in words.items() if quote is not None}
    return grounded.written(task, rebuilt.answer, evidence), len(leaves) - len(words), len(leaves)


def _own(task: Task, pair: Pair) -> dict[str, Any]:
    """The answer in the task's own form; ELMTEX's flat form is taken for lists where the task has lists."""
    node, wrong = parse(task.schema), ()
    for form in (lambda: dict(pair.answer), lambda: elmtex.read(pair.answer))[: 2 if pair.flat else 1]:
        answer = form()
        wrong = problems(node, answer)
        if not wrong:
            return {name: answer[name] for name in node.properties if name in answer}
    raise InputError(f"record {pair.number}: {wrong[0].pointer or 'the answer'}: {wrong[0].message}")
