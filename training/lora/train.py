"""The training loop: AdamW on the LoRA weights, one answer token one vote, checkpoints that go on exactly.

A plain loop, because what is trained is plain and what matters is to be able to say where a run stands: the
same seed gives the same run, and a run that was stopped and resumed gives the weights of one that was not
(bit for bit on a CPU).
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from adapter.errors import InputError
from training import jsonlines
from training.lora import base, checkpoint
from training.lora.chats import IGNORED, Chat
from training.lora.recipe import Recipe

Say = Callable[[str], None]


def train(model: Any, chats: Sequence[Chat], recipe: Recipe, say: Say) -> dict[str, Any]:
    """Trains the LoRA weights in place; returns what was done."""
    if not chats:
        raise InputError("nothing is left to train on")
    steps = max(1, math.ceil(len(chats) * recipe.epochs / (recipe.batch * recipe.accumulate)))
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=recipe.learning_rate, fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rate(step, steps, recipe))
    state = checkpoint.State(model=model, optimizer=optimizer, schedule=schedule, recipe=recipe)
    first, began = (state.restore() if recipe.resume else state.begin()), time.monotonic()
    model.train()
    for step in range(first, steps):
        batches = _batches(len(chats), step, recipe)
        loss, tokens = _step(model, [[chats[index] for index in batch] for batch in batches], recipe)
        norm = float(torch.nn.utils.clip_grad_norm_(weights, recipe.clip))
        used = schedule.get_last_lr()[0]
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        seconds = round(time.monotonic() - began, 1)
        state.log(step=step + 1, steps=steps, loss=loss, norm=norm, rate=used, tokens=tokens, seconds=seconds)
        say(f"train: step {step + 1} of {steps}, loss {loss:.4f}, {seconds:.0f} s")
        if (step + 1) % recipe.save_every == 0 or step + 1 == steps:
            state.save(step + 1)
    parameters = sum(weight.numel() for weight in weights)
    return {"steps": steps, "resumed_at": first, "trained_parameters": parameters, "device": base.device(),
            "precision": str(base.precision(recipe)).removeprefix("torch."),
            "seconds": round(time.monotonic() - began, 1)}  # fmt: skip


def rate(step: int, steps: int, recipe: Recipe) -> float:
    """What share of the learning rate a step gets: warm-up, then the schedule."""
    warm = math.ceil(steps * recipe.warmup)
    if step < warm:
        return (step + 1) / warm
    share = (step - warm) / max(1, steps - warm)
    shapes = {"cosine": (1 + math.cos(math.pi * share)) / 2, "linear": 1 - share, "constant": 1.0}
    return shapes[recipe.schedule]


def loss_of(model: Any, batch: Sequence[Chat], dtype: torch.dtype) -> tuple[torch.Tensor, int]:
    """The summed loss over the answer tokens of a batch, and how many those are."""
    ids, labels, mask = tensors(batch, model.device)
    with torch.autocast(model.device.type, dtype=torch.bfloat16, enabled=dtype == torch.bfloat16):
        logits = model(input_ids=ids, attention_mask=mask, use_cache=False).logits
    wanted = labels[:, 1:]
    at = (
        wanted != IGNORED
    )  # only where the loss is are logits read: a large vocabulary times a long note is much
    return functional.cross_entropy(logits[:, :-1][at].float(), wanted[at], reduction="sum"), int(at.sum())


def tensors(batch: Sequence[Chat], device: Any) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Tokens, labels and mask of a batch, padded on the right."""
    longest = max(len(chat) for chat in batch)
    ids = torch.zeros((len(batch), longest), dtype=torch.long)
    labels, mask = torch.full_like(ids, IGNORED), torch.zeros_like(ids)
    for row, chat in enumerate(batch):
        ids[row, : len(chat)] = torch.tensor([*chat.prompt, *chat.answer])
        labels[row, len(chat.prompt) : len(chat)] = torch.tensor(chat.answer)
        mask[row, : len(chat)] = 1
    return ids.to(device), labels.to(device), mask.to(device)


def _step(model: Any, batches: Sequence[Sequence[Chat]], recipe: Recipe) -> tuple[float, int]:
    """Gradients of one step; its mean loss. Every answer token of the step weighs the same."""
    answers = sum(len(chat.answer) for batch in batches for chat in batch)
    total = 0.0
    for batch in batches:
        loss, _ = loss_of(model, batch, base.precision(recipe))
        (loss / answers).backward()
        total += float(loss.detach())
    return total / answers, answers


def _batches(count: int, step: int, recipe: Recipe) -> Iterator[list[int]]:
    """The places of the examples of one step: every epoch its own order, known from the seed and the step."""
    size = recipe.batch * recipe.accumulate
    last = math.ceil(count * recipe.epochs)
    places = range(step * size, min((step + 1) * size, last))
    orders = {epoch: _order(count, epoch, recipe.seed) for epoch in {place // count for place in places}}
    chosen = [orders[place // count][place % count] for place in places]
    for at in range(0, len(chosen), recipe.batch):
        yield chosen[at : at + recipe.batch]


def _order(count: int, epoch: int, seed: int) -> list[int]:
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    return [int(place) for place in torch.randperm(count, generator=generator)]


def log_of(output: Path) -> list[dict[str, Any]]:
    """The lines of a run's loss log."""
    return list(jsonlines.rows(output / checkpoint.LOG))
