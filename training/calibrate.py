"""The temperature that makes the model's probabilities honest on development text.

    python -m training.calibrate --weights RUN/final.pt --data TRAINDATA/bc5cdr-dev.jsonl

Guo et al. 2017, "On Calibration of Modern Neural Networks", https://arxiv.org/abs/1706.04599. The likelihood
is that of the allowed label set, as in training.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from adapter.extraction.wordpiece import WordPiece
from training import dataset, network


def scores(model, items, sets) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits of every word, and the mask of its allowed labels."""
    table, logits, masks = sets.table(), [], []
    for batch in dataset.batches(items, 4096, np.random.default_rng(0)):
        ids, mask, rows, places, numbers, _ = dataset.tensors(batch, "cpu")
        with torch.inference_mode():
            logits.append(model(ids, mask)[rows, places, : len(dataset.LABELS)])
        masks.append(table[numbers])
    return torch.cat(logits), torch.cat(masks)


def best_temperature(logits: torch.Tensor, masks: torch.Tensor) -> tuple[float, float, float]:
    """The temperature of least negative log-likelihood, with that and the one at temperature 1."""

    def loss(temperature: float) -> float:
        scaled = logits / temperature
        return float((torch.logsumexp(scaled, -1) - torch.logsumexp(scaled + masks, -1)).mean())

    found = min(np.arange(0.6, 3.01, 0.05), key=loss)
    return round(float(found), 2), loss(found), loss(1.0)


def main() -> None:
    """Prints the temperature as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--vocabulary", type=Path, help="other pieces than the base model's")
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    options = parser.parse_args()
    tokenizer, sets = WordPiece.of(network.vocabulary(options.vocabulary)), dataset.LabelSets()
    model = network.loaded(options.weights, dataset.OUTPUTS)
    items = [item for path in options.data for item in dataset.items(path, tokenizer, sets)]
    temperature, calibrated, plain = best_temperature(*scores(model, items, sets))
    print(json.dumps({"temperature": temperature, "loss": calibrated, "loss_at_1": plain}))


if __name__ == "__main__":
    main()
