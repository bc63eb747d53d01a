"""Training examples: what is known of each character of a text; annotated corpora read into that form."""

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

from training import jsonlines
from training.vocabulary import KINDS

Span = tuple[int, int, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class Example:
    """A text with spans (start, end, allowed kinds), completely annotated kinds, ranges certainly outside."""

    id: str
    text: str
    spans: tuple[Span, ...]
    complete: tuple[str, ...]
    outside: tuple[tuple[int, int], ...] = field(default=())


def check(example: Example) -> Example:
    """The example itself; ValueError when offsets overlap, leave the text, or have white space at an edge."""
    last = 0
    for start, end, kinds in example.spans:
        piece = example.text[start:end]
        if start < last or end > len(example.text) or not piece or piece != piece.strip():
            raise ValueError(f"{example.id}: bad span {start}-{end}")
        if not kinds or not set(kinds) <= set(KINDS):
            raise ValueError(f"{example.id}: bad kinds at {start}")
        last = end
    for start, end in example.outside:
        if not 0 <= start < end <= len(example.text):
            raise ValueError(f"{example.id}: bad outside range {start}-{end}")
    return example


def write(path: Path, examples: Iterable[Example]) -> list[Example]:
    """Put checked examples on disk as JSON lines, whole or not at all; gives them back."""
    kept = [check(example) for example in examples]
    part = path.with_suffix(".part")
    part.write_text("".join(json.dumps(asdict(one), ensure_ascii=False) + "\n" for one in kept), "utf-8")
    part.replace(path)
    return kept


def read(path: Path) -> Iterator[Example]:
    """The examples of a JSON lines file."""
    for record in jsonlines.rows(path):
        spans = tuple((start, end, tuple(kinds)) for start, end, kinds in record["spans"])
        outside = tuple((start, end) for start, end in record["outside"])
        yield Example(
            id=record["id"],
            text=record["text"],
            spans=spans,
            complete=tuple(record["complete"]),
            outside=outside,
        )


def records(path: Path) -> Iterator[dict]:
    """The records of a corpus file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines)


def outermost(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Spans without overlap: of two that share a character, the longer stays, then the earlier."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda s: (s[0] - s[1], s[0])):
        if all(span[1] <= other[0] or span[0] >= other[1] for other in kept):
            kept.append(span)
    return tuple(sorted(kept))


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The range without white space at its edges."""
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), end - (len(piece) - len(piece.rstrip()))


def bc5cdr(path: Path) -> Iterator[Example]:
    """BC5CDR abstracts: diseases are conditions or findings, chemicals medications."""
    allowed = {"Disease": ("condition", "finding"), "Chemical": ("medication",)}
    for record in records(path):
        spans = (
            (*trimmed(record["text"], e["start"], e["end"]), allowed[e["label"]]) for e in record["entities"]
        )
        yield Example(
            id=record["id"],
            text=record["text"],
            spans=outermost(spans),
            complete=("condition", "finding", "medication"),
        )


def ncbi(path: Path) -> Iterator[Example]:
    """NCBI abstracts: diseases are conditions or findings, which its abstracts hardly tell apart."""
    for record in records(path):
        spans = (
            (*trimmed(record["text"], e["start"], e["end"]), ("condition", "finding"))
            for e in record["entities"]
        )
        yield Example(
            id=record["id"], text=record["text"], spans=outermost(spans), complete=("condition", "finding")
        )
