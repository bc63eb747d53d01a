"""A WordPiece vocabulary for four languages in the size of the English one it comes from.

    python -m training.pieces --keep ENGLISH.jsonl ... --learn GERMAN.jsonl=1 HELP.jsonl=0.1 ... --output FILE

Pieces that the English texts hardly use (proper names, other scripts) give way to pieces learned from the
other texts, so that file and speed stay as they were. Every text is a line of JSON with `text`; the number
behind a file weighs its words.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from adapter.extraction import wordpiece
from training import jsonlines, network

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def texts(path: Path) -> Iterator[str]:
    """The texts of a file."""
    return (row["text"] for row in jsonlines.rows(path))


def words(path: Path) -> Counter[str]:
    """How often each normalised word occurs in a file."""
    found: Counter[str] = Counter()
    for text in texts(path):
        found.update(word for _, _, word in wordpiece.split(text))
    return found


def used(path: Path, tokenizer: wordpiece.WordPiece) -> Counter[int]:
    """How often each piece occurs in a file."""
    found: Counter[int] = Counter()
    for text in texts(path):
        for pieces in tokenizer.words(text).pieces:
            found.update(pieces)
    return found


def learned(counts: Counter[str], size: int) -> list[str]:
    """Word pieces of these words, those that matter most first."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers  # noqa: PLC0415

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.WordPieceTrainer(vocab_size=size, special_tokens=["[UNK]"], show_progress=False)
    tokenizer.train_from_iterator(repeated(counts), trainer)
    order = tokenizer.get_vocab()
    return sorted(order, key=lambda piece: order[piece])


def repeated(counts: Counter[str]) -> Iterator[str]:
    """Each word as often as it is counted, in few lines."""
    for word, count in counts.items():
        for _ in range(min(count, 2000)):
            yield word


def exchanged(old: list[str], uses: Counter[int], new: Iterable[str], least: int) -> list[str]:
    """The old vocabulary with new pieces in the places of those used less than `least` times."""
    known = set(old)
    free = [
        at
        for at, piece in enumerate(old)
        if uses[at] < least and piece not in SPECIAL and len(piece.removeprefix("##")) > 1
    ]
    free += [at for at, piece in enumerate(old) if foreign(piece)]
    free = sorted(dict.fromkeys(free), key=lambda at: uses[at])
    result = list(old)
    for piece in new:
        if not free:
            break
        if piece not in known and not foreign(piece):
            result[free.pop(0)] = piece
    return result


def foreign(piece: str) -> bool:
    """Whether a piece is one character of a script that none of the languages is written in."""
    bare = piece.removeprefix("##")
    return (
        len(bare) == 1
        and ord(bare) > 0x24F
        and not 0x370 <= ord(bare) < 0x400
        and not 0x2000 <= ord(bare) < 0x2300
    )


def main() -> None:
    """Writes the vocabulary, a piece a line, and prints how many places changed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keep", type=Path, nargs="+", required=True)
    parser.add_argument("--learn", nargs="+", required=True, help="FILE=WEIGHT")
    parser.add_argument("--least", type=int, default=2)
    parser.add_argument("--size", type=int, default=16000, help="pieces to learn")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    old = network.vocabulary()
    uses = sum((used(path, wordpiece.WordPiece.of(old)) for path in options.keep), Counter[int]())
    counts: Counter[str] = Counter()
    for named in options.learn:
        path, _, weight = named.partition("=")
        for word, count in words(Path(path)).items():
            counts[word] += round(count * float(weight or 1))
    result = exchanged(old, uses, learned(counts, options.size), options.least)
    options.output.write_text("".join(piece + "\n" for piece in result), "utf-8")
    print(json.dumps({"pieces": len(result), "new": sum(a != b for a, b in zip(old, result, strict=True))}))


if __name__ == "__main__":
    main()
