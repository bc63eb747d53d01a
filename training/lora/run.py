"""The whole recipe: data, training, evaluation, exports. What it came to is written to `run.json`."""

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from transformers.utils.logging import disable_progress_bar

from adapter.errors import InputError
from adapter.extraction.generative.local import LocalBackend
from adapter.models.quantizer import quantize
from adapter.tasks import Task
from training.lora import adapter_file, answers, base, data, evaluate, model_file, parity, train
from training.lora.chats import Asked, Encoded, Encoder
from training.lora.recipe import Recipe

Say = Callable[[str], None]
PEFT, LORA, MERGED, BASE, REPORT = "peft", "adapter.gguf", "merged.gguf", "base.gguf", "run.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """One side of the data, in words and in tokens."""

    told: answers.Told
    encoded: Encoded

    def counts(self, pairs: Sequence[data.Pair]) -> dict[str, Any]:
        return {
            "records": len(pairs),
            "examples": len(self.encoded.chats),
            "facts": self.told.facts,
            "facts_without_words_in_the_note": self.told.without_words,
            "records_unusable": self.told.unusable,
            "records_cut": self.encoded.cut,
            "records_too_long": self.encoded.left_out,
            "longest": max((len(chat) for chat in self.encoded.chats), default=0),
        }

    def fitting(self) -> list[Asked]:
        """The examples that were not left out."""
        numbers = {chat.number for chat in self.encoded.chats}
        return [example for example in self.told.examples if example.number in numbers]


def run(recipe: Recipe, task: Task, say: Say) -> dict[str, Any]:
    """Trains an adapter, evaluates and exports it; returns the report that it writes."""
    disable_progress_bar()  # of transformers: progress is ours to tell
    asked = replace(task, strategy=recipe.strategy)
    encoder = Encoder(base.tokenizer(recipe.base))
    pairs = data.split(data.read(recipe.data), recipe.held_out, recipe.seed)
    learnt, kept_back = (_side(encoder, asked, side, recipe) for side in (pairs.train, pairs.held_out))
    counts = {"train": learnt.counts(pairs.train), "held_out": kept_back.counts(pairs.held_out)}
    for name, found in counts.items():
        say(f"{name}: {_words(found)}")
    model, dtype = base.with_lora(recipe), base.precision(recipe)
    with model.disable_adapter():
        before = evaluate.loss(model, kept_back.encoded.chats, dtype)
    done = train.train(model, learnt.encoded.chats, recipe, say)
    after = evaluate.loss(model, kept_back.encoded.chats, dtype)
    say(f"held out: loss {before.loss:.4f} before, {after.loss:.4f} after")
    model.save_pretrained(str(recipe.output / PEFT))
    report = {
        "recipe": {name: value for name, value in asdict(recipe).items() if name not in {"resume"}},
        "digest": recipe.digest(),
        "task": {"name": task.name, "version": task.version, "digest": task.digest},
        "data": counts,
        "training": done,
        "held_out": {"before": asdict(before), "after": asdict(after)},
        "files": _exports(recipe, say),
    }
    if recipe.evaluate:
        report["answers"] = _answers(recipe, asked, kept_back.fitting()[: recipe.evaluate], say)
    (recipe.output / REPORT).write_text(json.dumps(report, indent=1, default=str) + "\n", "utf-8")
    return report


def _side(encoder: Encoder, task: Task, pairs: Sequence[data.Pair], recipe: Recipe) -> _Side:
    told = answers.told(task, pairs)
    return _Side(told=told, encoded=encoder.encode(told.examples, recipe.max_length))


def _words(counts: dict[str, Any]) -> str:
    plain = {name: len(value) if isinstance(value, list) else value for name, value in counts.items()}
    return ", ".join(f"{value} {name.replace('_', ' ')}" for name, value in plain.items())


def _exports(recipe: Recipe, say: Say) -> dict[str, int]:
    """Writes what was asked for; the files with their sizes."""
    peft, output = recipe.output / PEFT, recipe.output
    written = []
    if "gguf-lora" in recipe.exports or recipe.evaluate:
        written.append(adapter_file.write(peft, recipe.base, output / LORA, name=_name(recipe)))
    if recipe.evaluate:
        written.append(_checked(model_file.write(recipe.base, output / BASE, name=recipe.base.name), recipe))
    if "merged" in recipe.exports:
        merged = model_file.write(recipe.base, output / MERGED, name=_name(recipe), peft=peft)
        written.append(_checked(merged, recipe))
    if recipe.quantize:
        small = output / f"merged-{recipe.quantize.upper()}.gguf"
        quantize(merged, small, recipe.quantize, threads=recipe.threads or 0)
        written.append(small)
    for path in written:
        say(f"written: {path.name}, {path.stat().st_size} bytes")
    return {path.name: path.stat().st_size for path in written}


def _checked(model: Path, recipe: Recipe) -> Path:
    parity.check_tokens(model, base.tokenizer(recipe.base))
    return model


def _answers(recipe: Recipe, task: Task, examples: Sequence[Asked], say: Say) -> dict[str, Any]:
    """Answers to held-out notes of base and base with adapter, in llama.cpp."""
    if not examples:
        raise InputError("no held-out note is left to be answered")
    found = {}
    adapters = {"lora": recipe.output / LORA}
    backend = LocalBackend(recipe.output / BASE, adapters=adapters, threads=recipe.threads or 0)
    with closing(backend):
        for name, used in (("before", ()), ("after", (("lora", 1.0),))):
            completions = evaluate.answers(backend, task, examples, used)
            found[name] = asdict(evaluate.overlap(task, examples, completions))
            say(f"answers {name}: {found[name]}")
    return found


def _name(recipe: Recipe) -> str:
    return f"{recipe.base.resolve().name}-{recipe.task.rpartition('/')[2]}"
