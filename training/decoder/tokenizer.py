"""Byte-level BPE for texts that are copied: a word is cut the same way with a space before it and without.

Merges are learned on text whose spaces stand alone. Then, at the end of the list, the commonest beginnings
of words get a twin with the space in front. So "chest pain" in a note and in a quote differs in one token
only, and that token is a twin: its vector is the vector of the other plus one vector that means "space"
(`network.Embedding`). The pieces of JSON between two quotes are tokens of their own that no text is ever cut
into: a model writes them, a reader only reads their characters.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

from training import jsonlines

CONTROL = ("<|system|>", "<|user|>", "<|assistant|>", "<|end|>")
KEYS = ("status", "dose", "route", "frequency", "duration", "form", "reason", "date")
SECTIONS = ("problems", "medications", "procedures")
STRUCTURE = (
    '{"problems":[',
    '{"quote":"',
    '"},{"quote":"',
    '],"medications":[',
    '],"procedures":[',
    ']}',
    '"}],"medications":[',
    '"}],"procedures":[',
    '"}]}',
    *(f'","{key}":"' for key in KEYS),
)  # fmt: skip
SPACE = "Ġ"


@dataclass(frozen=True)
class Words:
    """A trained tokenizer: the pieces in order of id, the merges, and what is made of them."""

    pieces: tuple[str, ...]
    merges: tuple[tuple[str, str], ...]
    bpe: Tokenizer
    number: dict[str, int]
    fixed: dict[str, int]  # of control tokens and pieces of JSON, by their characters

    def encode(self, text: str) -> list[int]:
        """The ids of a text; nothing in it is a control token."""
        return self.bpe.encode(text, add_special_tokens=False).ids

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids, control tokens by name."""
        table = {letter: byte for byte, letter in letters().items()}
        out = bytearray()
        for one in ids:
            piece = self.pieces[one]
            out += piece.encode() if piece in CONTROL else bytes(table[letter] for letter in piece)
        return out.decode("utf-8", "replace")

    def structure(self, text: str) -> int:
        """The id of a control token or of a piece of JSON."""
        return self.fixed[text]

    def twins(self) -> list[tuple[int, int]]:
        """(id, id of the same piece without its space) of each twin."""
        added = [piece for piece in self.pieces if len(piece) > 1 and piece.startswith(SPACE)]
        return [(self.number[piece], self.number[piece[1:]]) for piece in added]

    def save(self, path: Path) -> None:
        """Put pieces and merges on disk as JSON."""
        path.write_text(
            json.dumps({"pieces": self.pieces, "merges": self.merges}, ensure_ascii=False), "utf-8"
        )


def letters() -> dict[int, str]:
    """The printable letter that stands for each byte (as GPT-2 has it)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + n) for n, byte in enumerate(rest)}


def spelled(text: str) -> str:
    """A text in those letters."""
    table = letters()
    return "".join(table[byte] for byte in text.encode())


def load(path: Path) -> Words:
    """The tokenizer of a file that `save` wrote."""
    kept = json.loads(path.read_text("utf-8"))
    return made(kept["pieces"], [tuple(pair) for pair in kept["merges"]])


def made(pieces: Sequence[str], merges: Sequence[tuple[str, str]]) -> Words:
    """The tokenizer of these pieces and merges."""
    number = {piece: index for index, piece in enumerate(pieces)}
    bpe = Tokenizer(models.BPE(vocab=number, merges=list(merges)))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    fixed = {text: number[text if text in CONTROL else spelled(text)] for text in (*CONTROL, *STRUCTURE)}
    return Words(pieces=tuple(pieces), merges=tuple(merges), bpe=bpe, number=number, fixed=fixed)


def train(texts: Iterable[str], size: int, twins: int) -> Words:
    """A tokenizer of `size` pieces, `twins` of them with a space in front."""
    kept = list(texts)
    base = learned(kept, size - twins - len(CONTROL) - len(STRUCTURE))
    plain = json.loads(base.to_str())["model"]
    merges = [tuple(pair) for pair in plain["merges"]]
    pieces = sorted(plain["vocab"], key=plain["vocab"].__getitem__)
    added = beginnings(kept, base, twins)
    merges += [(SPACE, piece) for piece in added]
    structure = [spelled(text) for text in STRUCTURE]
    return made([*CONTROL, *structure, *pieces, *(SPACE + piece for piece in added)], merges)


def learned(texts: Iterable[str], size: int) -> Tokenizer:
    """A tokenizer whose pieces never begin with a space."""
    bpe = Tokenizer(models.BPE())
    alone = pre_tokenizers.Split(Regex(" "), "isolated")
    bpe.pre_tokenizer = pre_tokenizers.Sequence(
        [alone, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)]
    )
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    bpe.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False)
    )
    return bpe


def beginnings(texts: Sequence[str], base: Tokenizer, count: int) -> list[str]:
    """The pieces that most often follow a space, the commonest first."""
    seen: Counter[str] = Counter()
    for encoding in base.encode_batch(list(texts), add_special_tokens=False):
        for before, piece in zip(encoding.tokens, encoding.tokens[1:], strict=False):
            if before == SPACE and piece != SPACE and not piece.startswith("Ċ"):
                seen[piece] += 1
    return [piece for piece, _ in seen.most_common(count)]


def main() -> None:
    """Learns a tokenizer from examples and writes it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--examples", type=Path, nargs="+", required=True, help="files of training.decoder.data"
    )
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--size", type=int, default=5632)
    parser.add_argument("--twins", type=int, default=2048)
    asked = parser.parse_args()
    texts = [row["text"] for path in asked.examples for row in jsonlines.rows(path)]
    train([*texts, *["present absent possible past family risk taking stopped planned allergy done"] * 2000],
          asked.size, asked.twins).save(asked.output)  # fmt: skip


if __name__ == "__main__":
    main()
