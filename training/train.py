"""Trains the token classifier by a recipe: stages, each with its data, epochs and learning rate.

    python -m training.train --data TRAINDATA --recipe training/recipe.toml --output RUN

Runs on a GPU if there is one; on a CPU in bf16 where the processor multiplies bf16 natively (AMX or
AVX512-BF16) and in fp32 elsewhere, where bf16 is emulated and twenty times slower (measured).
"""

import argparse
import json
import time
import tomllib
from pathlib import Path

import numpy as np
import torch
from torch import nn

from adapter.extraction.wordpiece import WordPiece
from training import dataset, evaluate, network


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


def loss_of(model, batch, table, device) -> torch.Tensor:
    """Marginal negative log-likelihood of the allowed label sets, over words."""
    ids, mask, rows, places, sets = dataset.tensors(batch, device)
    bf16 = native_bf16()
    with torch.autocast(device, dtype=torch.bfloat16, enabled=bf16):
        logits = model(ids, mask)
    logits = logits.float()[rows, places]
    total = torch.logsumexp(logits, -1)
    right = torch.logsumexp(logits + table[sets], -1)
    return (total - right).mean()


def optimizer_of(model, rate: float, head_rate: float, decay: float):
    """AdamW; no decay on biases and norms, a higher rate for the head."""
    groups: dict[tuple[float, float], list] = {}
    for name, parameter in model.named_parameters():
        speed = head_rate if name.startswith("head") else rate
        shrink = decay if parameter.ndim > 1 and "head" not in name else 0.0
        groups.setdefault((speed, shrink), []).append(parameter)
    return torch.optim.AdamW(
        [{"params": ps, "lr": lr, "weight_decay": wd} for (lr, wd), ps in groups.items()], fused=True
    )


def run_stage(model, stage: dict, *, data: Path, tokenizer, device: str, log) -> None:
    """One stage of the recipe; the model then holds the averaged weights."""
    generator = np.random.default_rng(stage["seed"])
    torch.manual_seed(stage["seed"])
    sets = dataset.LabelSets()
    pools = {name: dataset.items(data / name, tokenizer, sets) for name in stage["data"]}
    table = sets.table().to(device)
    optimizer = optimizer_of(model, stage["rate"], stage["head_rate"], stage["decay"])
    plan = [sample(pools, stage["data"], generator) for _ in range(stage["epochs"])]
    epochs = [list(dataset.batches(pool, stage["batch_pieces"], generator)) for pool in plan]
    steps = sum(len(epoch) for epoch in epochs)
    warm = max(1, int(steps * stage["warmup"]))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, max(0.02, (steps - step) / max(1, steps - warm)))
    )
    average = Average(model, stage["average"])
    began, done, losses = time.time(), 0, []
    model.train()
    for number, epoch in enumerate(epochs):
        for batch in epoch:
            loss = loss_of(model, batch, table, device)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad(set_to_none=True)
            average.update(model)
            done += sum(len(item.ids) for item in batch)
            losses.append(loss.item())
            if len(losses) % 50 == 0:
                speed = done / (time.time() - began)
                log(stage=stage["name"], epoch=number, step=len(losses), steps=steps,
                    loss=round(float(np.mean(losses[-50:])), 4), pieces_per_s=round(speed))  # fmt: skip
    model.load_state_dict(average.weights)


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
    parser.add_argument("--stages", nargs="*", help="only these stages")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    recipe = tomllib.loads(options.recipe.read_text("utf-8"))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(recipe["seed"])
    model = network.pretrained(len(dataset.LABELS)).to(device)
    if options.start:
        model.load_state_dict(torch.load(options.start, map_location=device))
    tokenizer = WordPiece.of(network.vocabulary())

    def log(**facts) -> None:
        line = json.dumps(facts)
        print(line, flush=True)
        with (options.output / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    for stage in recipe["stages"]:
        if options.stages and stage["name"] not in options.stages:
            continue
        run_stage(model, stage, data=options.data, tokenizer=tokenizer, device=device, log=log)
        torch.save(model.state_dict(), options.output / f"{stage['name']}.pt")
        for name in stage["evaluate"]:
            log(
                stage=stage["name"],
                file=name,
                **evaluate.strict_f1(model, options.data / name, tokenizer, device),
            )


if __name__ == "__main__":
    main()
