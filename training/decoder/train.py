"""`python -m training.decoder.train`: examples -> a decoder; a checkpoint every two minutes."""

import argparse
import random
import time
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from training import jsonlines
from training.decoder import answers, tokenizer
from training.decoder.muon import Muon
from training.decoder.network import Decoder, Shape
from training.decoder.tokenizer import Words

EVERY = 120.0  # seconds between checkpoints
DRAWN = 192  # examples sorted by length at a time


@dataclass(frozen=True)
class Line:
    """An example as ids without the prompt before it, where its answer begins, and the tags of its note."""

    ids: np.ndarray
    answer: int
    tags: np.ndarray


@dataclass(frozen=True)
class Batch:
    """Examples of like length: ids, where answers and notes are, tags of notes, the prompt before each."""

    ids: Tensor
    answer: Tensor
    note: Tensor
    tags: Tensor
    prompt: Tensor


def main() -> None:
    """Trains for the recipe's minutes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="folder of example files; new ones are taken up"
    )
    parser.add_argument("--words", type=Path, required=True, help="file of training.decoder.tokenizer")
    parser.add_argument("--recipe", type=Path, default=Path(__file__).with_name("recipe.toml"))
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(asked.seed)
    run(asked, tomllib.loads(asked.recipe.read_text("utf-8")), tokenizer.load(asked.words))


def run(asked: argparse.Namespace, recipe: dict[str, Any], words: Words) -> None:
    """The training loop: each step, every thread reads a batch of its own."""
    plan = recipe["training"]
    model = Decoder(Shape(vocabulary=len(words.pieces), **recipe["shape"]), words.twins())
    steps, spent = optimisers(model, plan), 0.0
    if asked.resume:
        spent = restore(asked.output, model, steps)
    print(f"{sum(p.numel() for p in model.parameters())} parameters", flush=True)
    source = Source(asked.data, words, recipe, asked.seed + int(spent))
    last = saved = time.monotonic()
    seen, losses = 0, []
    with ThreadPoolExecutor(asked.threads) as pool:
        while spent < plan["minutes"] * 60:
            done = spent / (plan["minutes"] * 60)
            group = [source.batch(done) for _ in range(asked.threads)]
            losses.append(step(model, steps, group, plan=plan, done=done, pool=pool))
            now = time.monotonic()
            spent, last, seen = spent + now - last, now, seen + sum(one.ids.numel() for one in group)
            if now - saved > EVERY:
                speed = f"steps {len(losses)} tokens/s {seen / (now - saved):.0f}"
                print(f"{done:.3f} loss {np.mean(losses):.4f} {speed}", flush=True)
                save(asked.output, model, steps, spent)
                source.refresh()
                saved, seen, losses = time.monotonic(), 0, []
    save(asked.output, model, steps, spent)


def optimisers(model: Decoder, plan: dict[str, Any]) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the layers, AdamW for everything else."""
    matrices = [p for p in model.layers.parameters() if p.ndim == 2]
    rest = [p for p in model.parameters() if not any(p is m for m in matrices)]
    muon = Muon(matrices, rate=plan["rate"], decay=plan["decoupled"])
    return [muon, torch.optim.AdamW(rest, lr=plan["rate_vectors"], betas=(0.9, 0.97), weight_decay=0.0)]


def step(
    model: Decoder,
    steps: Sequence[torch.optim.Optimizer],
    group: Sequence[Batch],
    *,
    plan: dict[str, Any],
    done: float,
    pool: ThreadPoolExecutor,
) -> float:
    """One step; the loss of the answers."""
    parameters = list(model.parameters())
    found = list(pool.map(lambda batch: slopes(model, parameters, batch, plan, done), group))
    total = sum(batch.answer.sum().item() for batch in group)
    shares = [batch.answer.sum().item() / total for batch in group]
    for at, parameter in enumerate(parameters):
        parameter.grad = sum(share * one[1][at] for share, one in zip(shares, found, strict=True))
    torch.nn.utils.clip_grad_norm_(parameters, 1.0)
    scale = min(1.0, done / plan["warm"] + 0.02, (1 - done) / plan["decay"])
    for one, rate in zip(steps, (plan["rate"], plan["rate_vectors"]), strict=True):
        for part in one.param_groups:
            part["lr"] = rate * scale
        one.step()
    return sum(share * one[0] for share, one in zip(shares, found, strict=True))


def slopes(
    model: Decoder, parameters: Sequence[Tensor], batch: Batch, plan: dict[str, Any], done: float
) -> tuple[float, tuple[Tensor, ...]]:
    """The loss of the answers of a batch, and the gradient of what is minimised."""
    last, tags = model.vectors(batch.ids, batch.prompt)
    x, after = last[:, :-1].flatten(0, 1), batch.ids[:, 1:].flatten()
    told = batch.answer[:, 1:].flatten()
    loss = whole = F.cross_entropy(model.embedding.scores(x[told]), after[told])
    if done < plan["note_until"]:
        drawn = batch.note[:, 1:].flatten() & (torch.rand(after.shape) < plan["note_share"])
        whole = loss + plan["note_weight"] * F.cross_entropy(model.embedding.scores(x[drawn]), after[drawn])
    whole = whole + plan["tag_weight"] * F.cross_entropy(tags[batch.note], batch.tags[batch.note])
    return loss.item(), torch.autograd.grad(whole, parameters)


def save(folder: Path, model: Decoder, steps: Sequence[torch.optim.Optimizer], spent: float) -> None:
    """Put the state on disk, whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {"model": model.state_dict(), "steps": [one.state_dict() for one in steps], "spent": spent}
    torch.save(state | {"shape": model.shape.plain()}, folder / "part")
    (folder / "part").replace(folder / "decoder.pt")


def restore(folder: Path, model: Decoder, steps: Sequence[torch.optim.Optimizer]) -> float:
    """Takes up the state on disk; the seconds spent so far."""
    state = torch.load(folder / "decoder.pt", weights_only=True)
    model.load_state_dict(state["model"])
    for one, kept in zip(steps, state["steps"], strict=True):
        one.load_state_dict(kept)
    return state["spent"]


def restored(folder: Path, words: Words) -> Decoder:
    """The trained decoder of a folder."""
    state = torch.load(folder / "decoder.pt", weights_only=True)
    model = Decoder(Shape(**state["shape"]), words.twins())
    model.load_state_dict(state["model"])
    return model.eval()


class Source:
    """Batches drawn from the files of a folder, each file as often as the recipe says."""

    def __init__(self, folder: Path, words: Words, recipe: dict[str, Any], seed: int) -> None:
        self.folder, self.words, self.recipe = folder, words, recipe
        self.dice = random.Random(seed)
        self.prompt = torch.tensor([prompt(words)])
        self.files: dict[str, list[Line]] = {}
        self.turn: dict[str, list[int]] = {}
        self.ready: list[Batch] = []
        self.refresh()

    def refresh(self) -> None:
        """Takes up files that have appeared; their names begin with a key of the recipe's weights."""
        for path in sorted(self.folder.glob("*.jsonl")):
            if path.name not in self.files:
                rows = jsonlines.rows(path)
                self.files[path.name] = [line(row, self.words) for row in rows]
                print(f"{path.name}: {len(self.files[path.name])} examples", flush=True)

    def batch(self, done: float) -> Batch:
        """The next batch."""
        if not self.ready:
            self.ready = self.drawn(
                next(one["most"] for one in self.recipe["lengths"] if done <= one["until"])
            )
        return self.ready.pop()

    def drawn(self, most: int) -> list[Batch]:
        """Some batches of examples of like length."""
        names = list(self.files)
        weights = [
            next(w for key, w in self.recipe["weights"].items() if name.startswith(key)) for name in names
        ]
        lines = [self.one(name, most) for name in self.dice.choices(names, weights, k=DRAWN)]
        lines.sort(key=lambda one: len(one.ids))
        groups: list[list[Line]] = [[]]
        for one in lines:
            if groups[-1] and len(one.ids) * (len(groups[-1]) + 1) > self.recipe["training"]["tokens"]:
                groups.append([])
            groups[-1].append(one)
        self.dice.shuffle(groups)
        return [tensors(group, self.prompt) for group in groups]

    def one(self, name: str, most: int) -> Line:
        """The next example of a file that is short enough."""
        while True:
            if not self.turn.get(name):
                self.turn[name] = self.dice.sample(range(len(self.files[name])), len(self.files[name]))
            found = self.files[name][self.turn[name].pop()]
            if len(found.ids) <= most:
                return found


def line(record: dict[str, Any], words: Words) -> Line:
    """An example as ids; nothing in the note is read as a control token."""
    note, tags = tagged(record, words)
    after = [words.structure("<|end|>"), words.structure("<|assistant|>")]
    said = [
        one
        for fixed, text in answers.pieces(record["answer"])
        for one in ([words.structure(text)] if fixed else words.encode(text))
    ]
    ids = [*note, *after, *said, words.structure("<|end|>")]
    return Line(np.array(ids), len(note) + 2, np.array(tags))


def tagged(record: dict[str, Any], words: Words) -> tuple[list[int], list[int]]:
    """The ids of a note, and of each whether it begins (odd) or goes on (even) an item of the answer."""
    text = record["text"]
    marks = [0] * (len(text) + 1)
    for number, array in enumerate(answers.ARRAYS):
        last = 0
        for one in record["answer"][array]:
            start = max(text.find(one["quote"], last), text.find(one["quote"]))
            last, end = start, start + len(one["quote"])
            marks[start:end] = [2 * number + 2] * (end - start)
            marks[start] = 2 * number + 1
    coded = words.bpe.encode(text, add_special_tokens=False)
    places = [(low + (text[low] == " " and high - low > 1), high) for low, high in coded.offsets]
    return coded.ids, [marks[low] for low, _ in places]


def prompt(words: Words) -> list[int]:
    """What stands before every note."""
    return [
        words.structure("<|system|>"),
        *words.encode(answers.SYSTEM),
        words.structure("<|end|>"),
        words.structure("<|user|>"),
    ]


def tensors(group: Sequence[Line], before: Tensor) -> Batch:
    """The examples padded at the right."""
    shape = len(group), max(len(one.ids) for one in group)
    ids, tags = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    answer, note = np.zeros(shape, bool), np.zeros(shape, bool)
    for row, one in enumerate(group):
        ids[row, : len(one.ids)] = one.ids
        note[row, : one.answer] = True
        tags[row, : len(one.tags)] = one.tags
        answer[row, one.answer : len(one.ids)] = True
    return Batch(*map(torch.from_numpy, (ids, answer, note, tags)), before)


if __name__ == "__main__":
    main()
