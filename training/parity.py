"""Whether llama.cpp gives what PyTorch gave: hidden states and labels of a GGUF file against its weights.

python -m training.parity --weights RUN/final.pt --model models/x.gguf --data TRAINDATA/bc5cdr-dev.jsonl
"""

import argparse
import itertools
import json
from pathlib import Path

import numpy as np
import torch

from adapter import notes
from adapter.extraction import windows
from adapter.extraction.llama import Encoder, Weights
from adapter.extraction.wordpiece import WordPiece
from training import dataset, network


def samples(path: Path, tokenizer: WordPiece, count: int) -> list[list[int]]:
    """The pieces of the first windows of a file."""
    found = []
    for example in dataset.read(path):
        words = tokenizer.words(example["text"])
        for window in windows.cut(words, notes.from_text("x", example["text"]).sentences):
            pieces = itertools.chain.from_iterable(words.pieces[window.start : window.end])
            found.append(list(pieces)[: windows.SIZE])
        if len(found) >= count:
            break
    return found[:count]


def compare(model, encoder: Encoder, pieces: list[list[int]]) -> dict[str, float]:
    """Mean and least cosine of hidden states, and how often the label is the same."""
    labels = len(dataset.LABELS)
    weight, bias = (part.detach().numpy()[:labels] for part in (model.head.weight, model.head.bias))
    cosines, agreed, total = [], 0, 0
    for window in pieces:
        ids = torch.tensor([[dataset.CLS, *window, dataset.SEP]])
        with torch.inference_mode():
            theirs = model.hidden(ids, torch.ones_like(ids, dtype=torch.bool))[0, 1:-1].numpy()
        ours = np.array(encoder.hidden(window))
        cosines += list(
            (ours * theirs).sum(1) / (np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1))
        )
        agreed += int(((ours @ weight.T + bias).argmax(1) == (theirs @ weight.T + bias).argmax(1)).sum())
        total += len(window)
    return {
        "pieces": total,
        "cosine_mean": round(float(np.mean(cosines)), 6),
        "cosine_least": round(float(np.min(cosines)), 6),
        "same_label": round(agreed / total, 5),
    }


def main() -> None:
    """Prints the comparison as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--vocabulary", type=Path, help="other pieces than the base model's")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--windows", type=int, default=200)
    options = parser.parse_args()
    tokenizer = WordPiece.of(network.vocabulary(options.vocabulary))
    model = network.loaded(options.weights, dataset.OUTPUTS)
    encoder = Encoder(Weights(options.model))
    print(json.dumps(compare(model, encoder, samples(options.data, tokenizer, options.windows))))


if __name__ == "__main__":
    main()
