"""Strict entity figures of a PyTorch model on a file of examples.

    python -m training.evaluate --weights RUN/final.pt --data TRAINDATA/bc5cdr-dev.jsonl

Only the kinds a file annotates completely are scored; condition and finding count as one where spans may be
either, as in the corpora of abstracts.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

import numpy as np
import torch

from adapter import notes
from adapter.extraction import bio, windows
from adapter.extraction.wordpiece import WordPiece
from adapter.model import KINDS
from training import dataset, network

MERGED = {"finding": "condition"}


def predict(model, texts, tokenizer, device) -> list[list[tuple[int, int, str, float]]]:
    """For each text its mentions as (start, end, kind, probability)."""
    jobs = []
    for number, text in enumerate(texts):
        words = tokenizer.words(text)
        for window in windows.cut(words, notes.from_text(str(number), text).sentences):
            jobs.append((number, words, window))
    order = sorted(range(len(jobs)), key=lambda index: jobs[index][2].end - jobs[index][2].start)
    scores: dict[int, np.ndarray] = {}
    for begin in range(0, len(order), 32):
        group = order[begin : begin + 32]
        for index, score in zip(group, logits([jobs[i] for i in group], model, device), strict=True):
            scores[index] = score
    gathered: list[list[np.ndarray]] = [[] for _ in texts]
    spans: list[list] = [[] for _ in texts]
    for index, (number, words, window) in enumerate(jobs):
        kept = scores[index][window.keep_start - window.start : window.keep_end - window.start]
        gathered[number].append(kept)
        spans[number] = words
    return [mentions(spans[number], parts) for number, parts in enumerate(gathered)]


def logits(group, model, device) -> list[np.ndarray]:
    """The log-probabilities of every word of some windows."""
    batch = []
    for _, words, window in group:
        pieces = words.pieces[window.start : window.end]
        flat = [one for piece in pieces for one in piece]
        ids = np.array([dataset.CLS, *flat[: windows.SIZE], dataset.SEP])
        firsts = 1 + np.concatenate([[0], np.cumsum([len(piece) for piece in pieces])[:-1]]).astype(int)
        none = np.full(len(firsts), -1)
        batch.append(dataset.Item(ids, np.minimum(firsts, len(ids) - 2), none, none))
    ids, mask, rows, places, *_ = dataset.tensors(batch, device)
    with torch.inference_mode():
        logits = model(ids, mask).float()[rows, places, : len(dataset.LABELS)]
        scores = torch.log_softmax(logits, -1).cpu().numpy()
    bounds = np.cumsum([len(item.firsts) for item in batch])[:-1]
    return np.split(scores, bounds)


def mentions(words, parts) -> list[tuple[int, int, str, float]]:
    """The mentions of a whole text."""
    if not parts:
        return []
    scores = np.concatenate(parts)
    chunks = bio.chunks(bio.best_path(scores), np.exp(scores))
    return [
        (words.starts[chunk.start], words.ends[chunk.end - 1], KINDS[chunk.kind], chunk.probability)
        for chunk in chunks
    ]


def strict_f1(model, path: Path, tokenizer, device) -> dict[str, float]:
    """Precision, recall and F1 over the kinds the file annotates completely."""
    model.eval()
    examples = list(dataset.read(path))
    predicted = predict(model, [example["text"] for example in examples], tokenizer, device)
    merged = MERGED if any(len(kinds) > 1 for one in examples for _, _, kinds in one["spans"]) else {}
    hits: Counter = Counter()
    for example, found in zip(examples, predicted, strict=True):
        scored = {merged.get(kind, kind) for kind in example["complete"]}
        gold = {(start, end, merged.get(kinds[0], kinds[0])) for start, end, kinds in example["spans"]}
        ours = {(start, end, merged.get(kind, kind)) for start, end, kind, _ in found}
        ours = {mention for mention in ours if mention[2] in scored}
        gold = {mention for mention in gold if mention[2] in scored}
        for kind in scored:
            for name, group in (("tp", gold & ours), ("fp", ours - gold), ("fn", gold - ours)):
                hits[kind, name] += sum(mention[2] == kind for mention in group)
    return figures(hits)


def figures(hits: Counter) -> dict[str, float]:
    """F1 per kind, and micro precision, recall and F1."""
    kinds = sorted({kind for kind, _ in hits})
    found = {f"f1_{kind}": f1(*(hits[kind, name] for name in ("tp", "fp", "fn")))[2] for kind in kinds}
    total = [sum(hits[kind, name] for kind in kinds) for name in ("tp", "fp", "fn")]
    precision, recall, score = f1(*total)
    return {**found, "precision": precision, "recall": recall, "f1": score}


def f1(right: int, wrong: int, missed: int) -> tuple[float, float, float]:
    """Precision, recall, F1."""
    precision = right / max(1, right + wrong)
    recall = right / max(1, right + missed)
    return round(precision, 4), round(recall, 4), round(2 * right / max(1, 2 * right + wrong + missed), 4)


def main() -> None:
    """Prints the figures as one JSON line per file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--vocabulary", type=Path, help="other pieces than the base model's")
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    options = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = network.loaded(options.weights, dataset.OUTPUTS).to(device)
    tokenizer = WordPiece.of(network.vocabulary(options.vocabulary))
    for path in options.data:
        print(json.dumps({"file": path.name, **strict_f1(model, path, tokenizer, device)}))


if __name__ == "__main__":
    main()
