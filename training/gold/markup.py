"""How a person writes an annotation down, and what it is in our JSON lines.

    python -m training.gold.markup inline NOTE.marked ... [--language de]    # {"id", "text", "findings"}
    python -m training.gold.markup listed NOTES.jsonl LISTS/ [--show]        # {"id", "sha256", "findings"}

Inline, for notes written here: `[[Vorhofflimmern|condition historical]]`,
`[[Metoprolol|medication @m1]] [[47,5 mg|dose >m1]]`: `@m1` names a mention, `>m1` hangs this one on it.
Other words: an axis (`negated`, `uncertain`, ...), `family` or `other` with `relative=mother`,
`code=SYSTEM:CODE`. Listed, for texts that may not be kept: a file ID.tsv beside each note, a mention a line
in text order, `words TAB kind and the rest`, or `left¦words¦right TAB ...` where the words stand earlier too.
"""

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapter.model import FLAGS, KINDS
from training import jsonlines

MARKED = re.compile(r"\[\[(?P<words>[^|\[\]]+)\|(?P<said>[^\[\]]+)\]\]")
SYSTEMS = {
    "icd10": "http://hl7.org/fhir/sid/icd-10",
    "icd10cm": "http://hl7.org/fhir/sid/icd-10-cm",
    "sct": "http://snomed.info/sct",
    "rxnorm": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "atc": "http://www.whocc.no/atc",
}


class MarkupError(ValueError):
    """A mark that cannot be read: the message names file and number of the mention."""


@dataclass(slots=True, kw_only=True)
class Said:
    """What the words of a mark say beside its kind."""

    name: str | None = None  # @
    of: str | None = None  # >
    assertion: dict[str, Any] = field(default_factory=dict)
    codings: list[dict[str, str]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Mark(Said):
    """One mention as it was marked."""

    start: int
    end: int
    text: str
    kind: str


def inline(marked: str) -> tuple[str, list[dict[str, Any]]]:
    """The text without its marks, and the findings."""
    text, marks, last = "", [], 0
    for number, match in enumerate(MARKED.finditer(marked), start=1):
        text += marked[last : match.start()]
        marks.append(_mark(len(text), match["words"], match["said"], f"mention {number}"))
        text, last = text + match["words"], match.end()
    text += marked[last:]
    if "[[" in text or "]]" in text:
        raise MarkupError(f"a mark is not closed near {text[: text.find('[[')].count(chr(10)) + 1}")
    return text, findings(marks)


def listed(text: str, lines: Sequence[str]) -> list[dict[str, Any]]:
    """The findings of a list of mentions in text order, each found after the one before.

    A blank in the list may be a line break in the text.
    """
    plain = text.replace("\n", " ")
    marks: list[Mark] = []
    place = 0
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        quoted, _, said = line.partition("\t")
        left, words, right = quoted.split("¦") if "¦" in quoted else ("", quoted, "")
        at = plain.find(left + words + right, max(place - len(left), 0))
        if at < 0:
            raise MarkupError(f"line {number}: does not stand after the one before: {quoted!r}")
        start = at + len(left)
        marks.append(_mark(start, text[start : start + len(words)], said, f"line {number}"))
        place = marks[-1].end
    return findings(marks)


def findings(marks: Sequence[Mark]) -> list[dict[str, Any]]:
    """Our JSON of marks; what hangs on another stands among its attributes."""
    names = {mark.name: mark for mark in marks if mark.name}
    rows = {id(mark): _finding(mark) for mark in marks if not mark.of}
    for mark in marks:
        if mark.of:
            if mark.of not in names or id(names[mark.of]) not in rows:
                raise MarkupError(f"{mark.kind} hangs on {mark.of}, which is nowhere")
            attributes = rows[id(names[mark.of])].setdefault("attributes", {})
            attributes.setdefault(mark.kind, []).append(_span(mark))
    return list(rows.values())


def _mark(start: int, words: str, said: str, where: str) -> Mark:
    kind, *rest = said.split()
    if kind not in KINDS or words != words.strip():
        raise MarkupError(f"{where}: {kind} is no kind, or the words begin or end with a blank")
    mark = Mark(start=start, end=start + len(words), text=words, kind=kind)
    for word in rest:
        if not say(mark, word):
            raise MarkupError(f"{where}: {word} is not known")
    return mark


def say(said: Said, word: str) -> bool:
    """Adds what a word of a mark says; False for a word that is not known."""
    name, _, value = word.partition("=")
    if word[0] == "@":
        said.name = word[1:]
    elif word[0] == ">":
        said.of = word[1:]
    elif word in FLAGS:
        said.assertion[word] = True
    elif word in ("family", "other"):
        said.assertion["experiencer"] = word
    elif name == "relative":
        said.assertion["relative"] = value
    elif name == "code" and value.partition(":")[0] in SYSTEMS:
        system, _, code = value.partition(":")
        said.codings.append({"system": SYSTEMS[system], "code": code})
    else:
        return False
    return True


def _span(mark: Mark) -> dict[str, Any]:
    return {"start": mark.start, "end": mark.end, "text": mark.text}


def _finding(mark: Mark) -> dict[str, Any]:
    row = {"kind": mark.kind, **_span(mark), "assertion": mark.assertion}
    return {**row, "codings": mark.codings} if mark.codings else row


def rendered(text: str, rows: Sequence[dict[str, Any]]) -> str:
    """The text with its marks, to be read again."""
    spans = [(row, row["kind"]) for row in rows]
    for row in rows:
        spans += [(item, kind) for kind, items in row.get("attributes", {}).items() for item in items]
    shown, last = "", 0
    for item, kind in sorted(spans, key=lambda pair: pair[0]["start"]):
        flags = " ".join(
            str(value) if name == "experiencer" else name for name, value in item.get("assertion", {}).items()
        )
        shown += f"{text[last : item['start']]}[[{item['text']}|{' '.join((kind, flags)).strip()}]]"
        last = item["end"]
    return shown + text[last:]


def _bare(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Findings without words."""
    shorn = []
    for row in rows:
        kept = {name: value for name, value in row.items() if name != "text"}
        for kind, items in kept.get("attributes", {}).items():
            kept["attributes"][kind] = [{"start": item["start"], "end": item["end"]} for item in items]
        shorn.append(kept)
    return shorn


def _inline_rows(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    for path in map(Path, options.files):
        text, rows = inline(path.read_text(encoding="utf-8"))
        yield {"id": path.stem, "language": options.language, "text": text, "findings": rows}


def _listed_rows(options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    notes, folder = map(Path, options.files)
    for note in jsonlines.rows(notes):
        path = folder / f"{note['id']}.tsv"
        if not path.exists():
            continue
        try:
            rows = listed(note["text"], path.read_text(encoding="utf-8").splitlines())
        except MarkupError as error:
            raise MarkupError(f"{path.name}: {error}") from None
        if options.show:
            print(f"=== {note['id']}\n{rendered(note['text'], rows)}", file=sys.stderr)
        digest = hashlib.sha256(note["text"].encode()).hexdigest()
        yield {"id": note["id"], "sha256": digest, "findings": _bare(rows)}


def main() -> None:
    """Prints a line a note."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("form", choices=("inline", "listed"))
    parser.add_argument("files", nargs="+")
    parser.add_argument("--language", default="en")
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    for row in _inline_rows(options) if options.form == "inline" else _listed_rows(options):
        print(json.dumps(row, ensure_ascii=False))


if __name__ == "__main__":
    main()
