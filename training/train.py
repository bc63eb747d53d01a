"""Trains the token classifier by a recipe: stages, each with its data, epochs and learning rate.

    python -m training.train --data TRAINDATA --recipe training/recipe.toml --output RUN

Runs on a GPU if there is one; on a CPU in bf16 where the processor multiplies bf16 natively (AMX or
AVX512-BF16) and in fp32 elsewhere, where bf16 is emulated and twenty times slower (measured).
"""

import argparse
import json
import time
import tomllib
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from adapter.extraction.wordpiece import WordPiece
from training import adapter, dataset, evaluate, masked, network
from training.heads import HEADS, MENTIONS, Head

SAID_WEIGHT = 0.5  # of what is said of mentions, beside which words are mentions


def native_bf16() -> bool:
    """Whether this processor multiplies bf16 natively."""
    if torch.cuda.is_available():
        return True
    info = Path("/proc/cpuinfo")
    flags = info.read_text("utf-8") if info.exists() else ""
    return "amx_bf16" in flags or "avx512_bf16" in flags


class Average:
    """An exponential moving average of the weights, which generalises better than the last step."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.weights = {name: value.detach().clone() for name, value in model.state_dict().items()}
        self.steps = 0

    def update(self, model: nn.Module) -> None:
        """Moves the average towards the model."""
        self.steps += 1
        decay = min(self.decay, self.steps / (self.steps + 10))
        for name, value in model.state_dict().items():
            self.weights[name].lerp_(value.detach(), 1 - decay)


def loss_of(model, batch, table, device, smooth: float = 0.0) -> torch.Tensor:
    """Marginal negative log-likelihood of the allowed label sets, and cross entropy of what is said.

    `smooth` is the share of the first that goes to all labels alike, where not all are allowed (Szegedy et
    al. 2016, https://arxiv.org/abs/1512.00567).
    """
    ids, mask, rows, places, sets, told = dataset.tensors(batch, device)
    bf16 = native_bf16()
    with torch.autocast(device, dtype=torch.bfloat16, enabled=bf16):
        logits = model(ids, mask)
    logits = logits.float()[rows, places]
    kinds, said = logits[:, : table.shape[1]], logits[:, table.shape[1] :]
    shares = torch.log_softmax(kinds, -1)
    each = -torch.logsumexp(shares + table[sets], -1)
    loss = ((1 - smooth) * each - smooth * shares.mean(-1) * (each.detach() > 0)).mean()
    known = told >= 0
    if known.any():
        bits = (told[known, None] >> torch.arange(said.shape[1], device=device)) & 1
        loss = loss + SAID_WEIGHT * functional.binary_cross_entropy_with_logits(said[known], bits.float())
    return loss


def optimizer_of(model, rate: float, head_rate: float, decay: float):
    """AdamW; no decay on biases and norms, a higher rate for the head; what is frozen is left out."""
    groups: dict[tuple[float, float], list] = {}
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        speed = head_rate if name.endswith(("head.weight", "head.bias")) else rate
        shrink = decay if parameter.ndim > 1 and not name.endswith("head.weight") else 0.0
        groups.setdefault((speed, shrink), []).append(parameter)
    return torch.optim.AdamW(
        [{"params": ps, "lr": lr, "weight_decay": wd} for (lr, wd), ps in groups.items()], fused=True
    )


def run_stage(model, stage: dict, *, head: Head, data: Path, tokenizer, device: str, log) -> None:
    """One stage of the recipe; the model then holds the averaged weights.

    With a `rank` in it only changes of that rank are learned, and the head if it has a rate
    (`training.adapter`).
    """
    generator = np.random.default_rng(stage["seed"])
    torch.manual_seed(stage["seed"])
    sets = dataset.LabelSets(head)
    pools = {name: dataset.items(data / name, tokenizer, sets) for name in stage["data"]}
    hidden = {name: masked.items(data / name, tokenizer) for name in stage.get("masked", {})}
    table = sets.table().to(device)
    if "rank" in stage:
        adapter.adapt(model, stage["rank"], head=stage["head_rate"] > 0)
    guess = masked.Guess(model).to(device)
    trained = nn.ModuleList([model, guess]) if hidden else model
    optimizer = optimizer_of(trained, stage["rate"], stage["head_rate"], stage["decay"])
    steps = list(planned(stage, pools, hidden, generator))
    schedule = rising_and_falling(optimizer, len(steps), stage["warmup"])
    average = Average(model, stage["average"])
    report = Report(stage["name"], len(steps), log)
    model.train()
    for number, covered, batch in steps:
        if covered:
            loss = masked.loss_of(model, guess, batch, device, generator)
        else:
            loss = loss_of(model, batch, table, device, stage.get("smooth", 0.0))
        loss.backward()
        nn.utils.clip_grad_norm_(trained.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        optimizer.zero_grad(set_to_none=True)
        average.update(model)
        report.step(number, covered, loss.item(), sum(len(item.ids) for item in batch))
    model.load_state_dict(average.weights)


def planned(stage: dict, pools: dict, hidden: dict, generator) -> Iterator[tuple[int, bool, list]]:
    """The steps of a stage, each with its epoch; where it names a number of `steps`, so many."""
    epochs = range(stage["epochs"]) if "epochs" in stage else count()
    steps = ((at, *step) for at in epochs for step in plan(stage, pools, hidden, generator))
    return islice(steps, stage.get("steps"))


def plan(stage: dict, pools: dict, hidden: dict, generator) -> list[tuple[bool, list]]:
    """The batches of one epoch in random order, each with whether its words are to be guessed."""
    size = stage["batch_pieces"]
    told = dataset.batches(sample(pools, stage["data"], generator), size, generator)
    guessed = dataset.batches(sample(hidden, stage.get("masked", {}), generator), size, generator)
    epoch = [(False, batch) for batch in told] + [(True, batch) for batch in guessed]
    return [epoch[at] for at in generator.permutation(len(epoch))]


def rising_and_falling(optimizer, steps: int, warmup: float):
    """The rate rises over the first steps and falls to little over the rest."""
    warm = max(1, int(steps * warmup))
    return torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, max(0.02, (steps - step) / max(1, steps - warm)))
    )


class Report:
    """Logs the mean losses every 50 steps."""

    def __init__(self, stage: str, steps: int, log) -> None:
        self.stage, self.steps, self.log = stage, steps, log
        self.began, self.pieces, self.done = time.time(), 0, 0
        self.losses: dict[bool, list[float]] = {False: [], True: []}

    def step(self, epoch: int, covered: bool, loss: float, pieces: int) -> None:
        """Counts one step."""
        self.losses[covered].append(loss)
        self.pieces += pieces
        self.done += 1
        if self.done % 50 == 0:
            told, guessed = (
                round(float(np.mean(self.losses[kind][-50:] or [0])), 4) for kind in (False, True)
            )
            speed = round(self.pieces / (time.time() - self.began))
            self.log(stage=self.stage, epoch=epoch, step=self.done, steps=self.steps, loss=told,
                     guessed=guessed, pieces_per_s=speed)  # fmt: skip


def sample(pools: dict, shares: dict, generator) -> list:
    """The windows of one epoch: each pool repeated or thinned by its share."""
    chosen = []
    for name, pool in pools.items():
        whole, part = divmod(shares[name], 1)
        chosen += pool * int(whole)
        picks = generator.permutation(len(pool))[: int(len(pool) * part)]
        chosen += [pool[index] for index in picks]
    return chosen


def main() -> None:
    """Runs the recipe and writes the weights after each stage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--recipe", type=Path, default=Path("training/recipe.toml"))
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="weights to start from instead of the base model")
    parser.add_argument("--vocabulary", type=Path, help="other pieces than the base model's")
    parser.add_argument(
        "--respell", action="store_true", help="the weights to start from know the base model's"
    )
    parser.add_argument("--stages", nargs="*", help="only these stages")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    recipe = tomllib.loads(options.recipe.read_text("utf-8"))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(recipe["seed"])
    head = HEADS[recipe.get("head", "mentions")]
    model = network.pretrained(head.outputs)
    if options.start:
        start = torch.load(options.start, map_location="cpu")
        network.resumed(model, start if head is MENTIONS else network.headless(start))
    if options.respell:
        pieces = network.respelled(
            model.word.weight.data, network.vocabulary(), network.vocabulary(options.vocabulary)
        )
        model.word.weight.data = pieces
    model = model.to(device)
    tokenizer = WordPiece.of(network.vocabulary(options.vocabulary))

    def log(**facts) -> None:
        line = json.dumps(facts)
        print(line, flush=True)
        with (options.output / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    for stage in recipe["stages"]:
        if options.stages and stage["name"] not in options.stages:
            continue
        run_stage(model, stage, head=head, data=options.data, tokenizer=tokenizer, device=device, log=log)
        torch.save(model.state_dict(), options.output / f"{stage['name']}.pt")
        for name in stage["evaluate"]:
            log(
                stage=stage["name"],
                file=name,
                **evaluate.strict_f1(model, options.data / name, tokenizer, device),
            )


if __name__ == "__main__":
    main()
