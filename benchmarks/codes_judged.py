"""How many codes of mentions are right, by verdicts given on them one by one.

    notewright extract --input gold.jsonl --output findings.jsonl
    python benchmarks/codes_judged.py --gold gold.jsonl --findings findings.jsonl --verdicts VERDICTS ...

A verdict is a line {"id", "start", "end", "kind", "system", "code", "verdict"}; `verdict` is right, broader,
narrower, wrong, or not-a-mention: the words are no such mention, so no code can be right. Shares are of what
is a mention. Intervals hold 95 of 100 sets of such notes (bootstrap over notes). A code without a verdict
counts in what is given alone; `--missing` writes such codes with their words, to be judged.

`given` is the share of mentions with a code: of all that were found, of those that overlap a gold mention of
their kind (`of real`), and of all gold mentions (`of gold`).
"""

import argparse
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from adapter.evaluation import resampling

VERDICTS = ("right", "broader", "narrower", "wrong", "not-a-mention")
KINDS = ("condition", "medication", "finding", "procedure", "test")
BOTH = ("condition", "medication")
SEED = 6

Verdicts = dict[tuple[str, int, int, str, str, str], str]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A code that a mention was given."""

    note: str
    kind: str
    start: int
    end: int
    system: str
    code: str
    top: bool  # the first of its mention
    verdict: str | None


def rows(path: Path) -> list[Row]:
    """The lines of a JSON lines file."""
    return [json.loads(line) for line in path.read_bytes().splitlines() if line]


def verdicts(paths: Iterable[Path]) -> Verdicts:
    """Every verdict by what it is about; a later one replaces an earlier one."""
    found = {}
    for path in paths:
        for number, one in enumerate(rows(path), 1):
            if one["verdict"] not in VERDICTS:
                raise SystemExit(f"{path}:{number}: verdict must be {', '.join(VERDICTS)}")
            key = tuple(one[name] for name in ("id", "start", "end", "kind", "system", "code"))
            found[key] = one["verdict"]
    return found


def mentions(note: Row) -> list[Row]:
    """The findings of a note that are measured."""
    return [one for one in note.get("findings", ()) if one["kind"] in KINDS]


def given(note: Row, judged: Verdicts) -> Iterator[Given]:
    """Every code of a note's mentions, the first of each system."""
    for one in mentions(note):
        seen = set[str]()
        for place, coding in enumerate(one["codings"]):
            if coding["system"] in seen:
                continue
            seen.add(coding["system"])
            where = (note["id"], one["start"], one["end"], one["kind"], coding["system"], coding["code"])
            yield Given(
                note=note["id"],
                kind=one["kind"],
                start=one["start"],
                end=one["end"],
                system=coding["system"],
                code=coding["code"],
                top=place == 0,
                verdict=judged.get(where),
            )


def real(gold: Row, note: Row, kinds: Sequence[str]) -> tuple[int, int]:
    """How many mentions that overlap a gold mention of their kind have a code, and how many there are."""
    wanted = [one for one in gold["findings"] if one["kind"] in kinds]
    found = [one for one in mentions(note) if any(_alike(one, two) for two in wanted)]
    return sum(bool(one["codings"]) for one in found), len(found)


def _alike(one: Row, two: Row) -> bool:
    return bool(one["kind"] == two["kind"] and one["start"] < two["end"] and two["start"] < one["end"])


def coded_gold(gold: Row, note: Row, kinds: Sequence[str]) -> tuple[int, int]:
    """How many gold mentions overlap a mention of the kind with a code, and how many there are."""
    wanted = [one for one in gold["findings"] if one["kind"] in kinds]
    coded = [one for one in mentions(note) if one["codings"]]
    return sum(any(_alike(one, two) for two in coded) for one in wanted), len(wanted)


def share(counts: Sequence[tuple[int, int]]) -> str:
    """A share over notes with its interval, of (part, whole) by note."""
    table = np.array(counts, np.int64)
    part, whole = table.sum(0)
    if not whole:
        return "-"
    drawn = resampling.resampled(table, seed=SEED)
    inside = resampling.between(resampling.share(drawn[:, 0], drawn[:, 1]))
    return f"{part / whole:.3f} [{inside.low:.3f}, {inside.high:.3f}]"


def shares(codes: Sequence[Sequence[Given]], fit: Callable[[Given], bool]) -> list[str]:
    """Judged, right, right or broader, wrong, no mention, without verdict, of codes by note that fit."""
    kept = [[one for one in note if fit(one)] for note in codes]
    real = [[one for one in note if one.verdict not in (None, "not-a-mention")] for note in kept]

    def of(*names: str) -> str:
        return share([(sum(one.verdict in names for one in note), len(note)) for note in real])

    flat = [one for note in kept for one in note]
    return [
        str(sum(map(len, real))),
        of("right"),
        of("right", "broader"),
        of("wrong"),
        str(sum(one.verdict == "not-a-mention" for one in flat)),
        str(sum(one.verdict is None for one in flat)),
    ]


def lines(gold: Sequence[Row], found: dict[str, Row], judged: Verdicts) -> Iterator[str]:
    """The table."""
    notes = [found.get(one["id"], {"id": one["id"], "findings": []}) for one in gold]
    codes = [list(given(note, judged)) for note in notes]
    head = ["", "mentions", "given", "of real", "of gold", "judged", "right", "right or broader", "wrong"]
    yield row([*head, "no mention", "no verdict"])
    for kinds in (*((kind,) for kind in KINDS), BOTH):
        every = [[one for one in mentions(note) if one["kind"] in kinds] for note in notes]
        total = sum(map(len, every))
        if not total:
            continue
        some = share([(sum(bool(one["codings"]) for one in note), len(note)) for note in every])
        pairs = list(zip(gold, notes, strict=True))
        of_real = share([real(*pair, kinds) for pair in pairs])
        of_gold = share([coded_gold(*pair, kinds) for pair in pairs])
        top = shares(codes, lambda one, kinds=kinds: one.top and one.kind in kinds)
        given_to = [one.split(" ")[0] for one in (some, of_real, of_gold)]
        yield row([" + ".join(kinds), str(total), *given_to, *top])
        systems = {one.system for note in codes for one in note if one.kind in kinds}
        for system in sorted(systems):
            fit = shares(codes, lambda one, s=system, kinds=kinds: one.system == s and one.kind in kinds)
            yield row([f"  {system.split('/')[-1]}", "", "", "", "", *fit])
    gone = set(judged) - {
        (one.note, one.start, one.end, one.kind, one.system, one.code) for note in codes for one in note
    }
    yield f"{len(judged)} verdicts, {len(gone)} of them on codes that are not given any more"


def row(cells: Sequence[str]) -> str:
    """A line of the table."""
    sizes = (24, 8, 6, 7, 7, 6, 22, 22, 22, 10, 10)
    return "  ".join(f"{cell:<{size}}" for cell, size in zip(cells, sizes, strict=True)).rstrip()


def missing(gold: Sequence[Row], found: dict[str, Row], judged: Verdicts) -> Iterator[Row]:
    """Codes without a verdict, with their words and the names of the codes."""
    for one in gold:
        note = found.get(one["id"], {"id": one["id"], "findings": []})
        names = {(c["system"], c["code"]): c["display"] for f in mentions(note) for c in f["codings"]}
        for code in given(note, judged):
            if code.verdict is None:
                yield {
                    "id": code.note,
                    "start": code.start,
                    "end": code.end,
                    "kind": code.kind,
                    "system": code.system,
                    "code": code.code,
                    "verdict": None,
                    "text": one["text"][code.start : code.end],
                    "display": names[code.system, code.code],
                }


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gold", type=Path, required=True)
    parser.add_argument("--findings", type=Path, required=True)
    parser.add_argument("--verdicts", type=Path, nargs="*", default=[])
    parser.add_argument("--missing", type=Path)
    options = parser.parse_args()
    gold, judged = rows(options.gold), verdicts(options.verdicts)
    found = {one["id"]: one for one in rows(options.findings) if "findings" in one}
    for line in lines(gold, found, judged):
        print(line)
    if options.missing:
        told = (json.dumps(one, ensure_ascii=False) + "\n" for one in missing(gold, found, judged))
        options.missing.write_text("".join(told), "utf-8")


if __name__ == "__main__":
    main()
