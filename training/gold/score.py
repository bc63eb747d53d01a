"""Compares what the line found in the gold notes with what a reader found.

    python -m training.gold.score --predicted findings.jsonl [--gold NOTES] [--corpora FOLDER [--show]]

Strict: the same span and kind. Relaxed: overlapping spans of the same kind, each mention used once.
Assertions are compared on the relaxed matches of conditions, findings, medications, procedures and tests,
conditions and findings counting as one kind.
"""

import argparse
import gzip
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from adapter.model import KINDS

Mention = Mapping[str, Any]
Notes = Mapping[str, Sequence[Mention]]
Counts = dict[str, tuple[int, int, int]]

NOTES = Path(__file__).parents[2] / "fixtures" / "gold" / "en.jsonl"
ASSERTED = ("condition", "finding", "medication", "procedure", "test")
AXES = ("negated", "uncertain", "hypothetical", "historical", "planned", "experiencer")
MERGED = {"condition": "problem", "finding": "problem"}


def gold_notes(path: Path) -> dict[str, list[Mention]]:
    """Gives the gold mentions of each note by its id, details among them, in text order."""
    found = {record["id"]: _mentions_of(record) for record in _lines(path)}
    return {id: sorted(mentions, key=lambda one: int(one["start"])) for id, mentions in found.items()}


def predicted_notes(path: Path) -> dict[str, list[Mention]]:
    """Gives the mentions of each predicted line, with those a finding carries as attributes, each once."""
    return {record["id"]: _mentions_of(record) for record in _lines(path)}


def strict(gold: Notes, predicted: Notes) -> Counts:
    """Gives true positives, false positives and false negatives per kind, for equal spans."""
    found, missed, extra = Counter[str](), Counter[str](), Counter[str]()
    for note, mentions in gold.items():
        here, there = _spans(mentions), _spans(predicted.get(note, ()))
        found.update(kind for *_, kind in here & there)
        extra.update(kind for *_, kind in there - here)
        missed.update(kind for *_, kind in here - there)
    return _counts(found, extra, missed)


def relaxed(gold: Notes, predicted: Notes) -> Counts:
    """Gives true positives, false positives and false negatives per kind, for overlapping spans."""
    found = Counter(mine["kind"] for mine, _ in pairs(gold, predicted))
    there = Counter(kind for note in gold for *_, kind in _spans(predicted.get(note, ())))
    here = Counter(kind for mentions in gold.values() for *_, kind in _spans(mentions))
    return _counts(found, there - found, here - found)


def pairs(gold: Notes, predicted: Notes) -> Iterator[tuple[Mention, Mention]]:
    """Gives each gold mention with the predicted one of its kind that overlaps it most, each used once."""
    for note, mentions in gold.items():
        others = predicted.get(note, ())
        overlaps = sorted(
            (-_overlap(mine, other), i, j)
            for i, mine in enumerate(mentions)
            for j, other in enumerate(others)
            if mine["kind"] == other["kind"] and _overlap(mine, other) > 0
        )
        taken_here, taken_there = set[int](), set[int]()
        for _, i, j in overlaps:
            if i not in taken_here and j not in taken_there:
                taken_here.add(i)
                taken_there.add(j)
                yield mentions[i], others[j]


def merged(notes: Notes) -> dict[str, list[Mention]]:
    """Gives the notes with conditions and findings as one kind, "problem"."""
    return {
        note: [{**mention, "kind": MERGED.get(mention["kind"], mention["kind"])} for mention in mentions]
        for note, mentions in notes.items()
    }


def assertions(gold: Notes, predicted: Notes) -> dict[str, Counter[tuple[str, str]]]:
    """Gives, per axis, how often (what the reader says, what the line says) occurs on matched mentions.

    An axis that no predicted mention speaks of is left out; one unsaid on a mention counts as its default.
    """
    asserted = {MERGED.get(kind, kind) for kind in ASSERTED}
    matched = [pair for pair in pairs(merged(gold), merged(predicted)) if pair[0]["kind"] in asserted]
    spoken = set(chain.from_iterable(other.get("assertion") or () for _, other in matched))
    return {
        axis: Counter(_said(mine, other, axis) for mine, other in matched) for axis in AXES if axis in spoken
    }


def micro(counts: Counts, kinds: Iterable[str] | None = None) -> tuple[int, int, int]:
    """Gives the sums over all kinds, or over the named ones."""
    chosen = [counts[kind] for kind in (counts if kinds is None else kinds) if kind in counts]
    return sum(c[0] for c in chosen), sum(c[1] for c in chosen), sum(c[2] for c in chosen)


def scores(counts: tuple[int, int, int]) -> tuple[float, float, float]:
    """Gives precision, recall and F1; zero where there is nothing to divide by."""
    tp, fp, fn = counts
    return _ratio(tp, tp + fp), _ratio(tp, tp + fn), _ratio(2 * tp, 2 * tp + fp + fn)


def texts(gold: Path, corpora: Path) -> dict[str, str]:
    """Gives the text of each gold note from the corpora folder.

    Raises `ValueError` when a note is not there or is not the text that was annotated.
    """
    wanted = {record["id"]: record["sha256"] for record in _lines(gold)}
    found = {
        record["id"]: record["text"]
        for path in sorted((corpora / "notes").glob("*.jsonl.gz"))
        for record in _lines(path)
        if record["id"] in wanted
    }
    for note, digest in wanted.items():
        if note not in found:
            raise ValueError(f"{note}: not in {corpora / 'notes'}")
        if hashlib.sha256(found[note].encode()).hexdigest() != digest:
            raise ValueError(f"{note}: not the text that was annotated")
    return found


def report(gold: Notes, predicted: Notes) -> Iterator[str]:
    """Gives the lines of the report: strict and relaxed scores, then assertions where there are any."""
    both = merged(gold), merged(predicted)
    for name, count in (("strict", strict), ("relaxed", relaxed)):
        counts = count(gold, predicted)
        rows = [(kind, counts[kind]) for kind in KINDS if kind in counts]
        rows.append(("condition+finding", micro(count(*both), ["problem"])))
        rows += [(f"micro {group}", micro(count(some, predicted))) for group, some in _groups(gold)]
        rows += [("micro", micro(counts)), ("micro merged", micro(count(*both)))]
        yield f"{name:22}{'P':>7}{'R':>7}{'F1':>7}{'tp':>6}{'fp':>6}{'fn':>6}"
        yield from (_row(label, row) for label, row in rows)
        yield ""
    yield from _assertion_lines(assertions(gold, predicted))


def disagreements(gold: Notes, predicted: Notes, text: Mapping[str, str]) -> Iterator[str]:
    """Gives a line for every mention that only one side has, with the words around it."""
    for note, mentions in gold.items():
        here, there = _spans(mentions), _spans(predicted.get(note, ()))
        for start, end, kind in sorted(here ^ there):
            side = "missed" if (start, end, kind) in here else "extra"
            around = text[note][max(0, start - 30) : start], text[note][start:end], text[note][end : end + 30]
            yield f"{note}\t{side}\t{kind}\t" + " ".join("{}[{}]{}".format(*around).split())


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the report; gives 1 when a gold note was not predicted or is not the text that was annotated."""
    options = _parser().parse_args(arguments)
    gold, predicted = gold_notes(options.gold), predicted_notes(options.predicted)
    missing = sorted(gold.keys() - predicted.keys())
    if missing:
        print("No prediction for: " + ", ".join(missing), file=sys.stderr)
        return 1
    if options.corpora:
        try:
            text = texts(options.gold, options.corpora)
        except ValueError as error:
            print(error, file=sys.stderr)
            return 1
        if options.show:
            print("\n".join(disagreements(gold, predicted, text)))
    print("\n".join(report(gold, predicted)))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.gold.score", description=__doc__)
    parser.add_argument("--gold", type=Path, default=NOTES)
    parser.add_argument(
        "--predicted", type=Path, required=True, help="lines of findings or mentions by note id"
    )
    parser.add_argument("--corpora", type=Path, help="the corpora folder; the notes are checked against it")
    parser.add_argument("--show", action="store_true", help="with --corpora: print what only one side has")
    return parser


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    content = path.read_bytes()
    lines = (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8").split("\n")
    return (json.loads(line) for line in lines if line.strip())


def _mentions_of(record: Mapping[str, Any]) -> list[Mention]:
    whole = list(record["findings"] if "findings" in record else record["mentions"])
    parts = [part for mention in whole for part in _attributes(mention.get("attributes") or ())]
    return list({(m["start"], m["end"], m["kind"]): m for m in chain(parts, whole)}.values())


def _attributes(found: Any, kind: str = "") -> Iterator[Mention]:
    """Gives the spans among attributes: a list that says each kind, or an object keyed by kind."""
    if isinstance(found, Mapping) and {"start", "end"} <= found.keys():
        yield {"start": found["start"], "end": found["end"], "kind": found.get("kind", kind)}
    elif isinstance(found, Mapping):
        for key, value in found.items():
            yield from _attributes(value, key)
    elif isinstance(found, (list, tuple)):
        for value in found:
            yield from _attributes(value, kind)


def _spans(mentions: Iterable[Mention]) -> set[tuple[int, int, str]]:
    return {(mention["start"], mention["end"], mention["kind"]) for mention in mentions}


def _overlap(one: Mention, other: Mention) -> int:
    return int(min(one["end"], other["end"]) - max(one["start"], other["start"]))


def _counts(found: Counter[str], extra: Counter[str], missed: Counter[str]) -> Counts:
    return {kind: (found[kind], extra[kind], missed[kind]) for kind in sorted({*found, *extra, *missed})}


def _said(mine: Mention, other: Mention, axis: str) -> tuple[str, str]:
    return _value(mine.get("assertion") or {}, axis), _value(other.get("assertion") or {}, axis)


def _value(said: Mapping[str, Any], axis: str) -> str:
    if axis == "experiencer":
        return str(said.get(axis, "patient"))
    return str(bool(said.get(axis, False))).lower()


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _groups(gold: Notes) -> Iterator[tuple[str, Notes]]:
    """Gives the notes by the corpus they come from, the first part of their id."""
    for group in sorted({note.split("-")[0] for note in gold}):
        yield group, {note: mentions for note, mentions in gold.items() if note.split("-")[0] == group}


def _row(label: str, counts: tuple[int, int, int]) -> str:
    precision, recall, f1 = scores(counts)
    return f"{label:22}{precision:7.3f}{recall:7.3f}{f1:7.3f}" + "".join(f"{count:6}" for count in counts)


def _assertion_lines(axes: Mapping[str, Counter[tuple[str, str]]]) -> Iterator[str]:
    if axes:
        yield f"{'assertion':14}{'accuracy':>9}{'n':>6}  confusion (reader -> line)"
    for axis, seen in axes.items():
        right = sum(count for (reader, line), count in seen.items() if reader == line)
        confusion = ", ".join(f"{reader} -> {line} {n}" for (reader, line), n in sorted(seen.items()))
        yield f"{axis:14}{_ratio(right, seen.total()):9.3f}{seen.total():6}  {confusion}"


if __name__ == "__main__":
    sys.exit(main())
