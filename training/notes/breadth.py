"""`python -m training.notes.breadth FILE`: how varied generated notes are, as JSON.

With `--against`, how far their words are those of real notes: JSON lines with `text` and their `language`
(or `lang`).
"""

import argparse
import gzip
import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from adapter.model import FLAGS

WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
WINDOW = 1000


def main() -> None:
    """Prints the measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="what `python -m training.notes` wrote")
    parser.add_argument("--against", type=Path, help="real notes: JSON lines, gzipped or not")
    asked = parser.parse_args()
    rows = list(read(asked.file))
    told = {**measures(rows), "words": words([row["text"] for row in rows])}
    if asked.against:
        try:
            real = texts(read(asked.against), {language(row, "note") for row in rows})
        except ValueError as error:
            parser.error(f"{asked.against.name}: {error}")
        told["against"] = overlap([row["text"] for row in rows], real)
    print(json.dumps(told, indent=2, ensure_ascii=False))


def read(path: Path) -> Iterator[Mapping[str, Any]]:
    """The rows of a file of JSON lines, gzipped or not."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def texts(rows: Iterable[Mapping[str, Any]], languages: Collection[str]) -> list[str]:
    """The texts of the notes in these languages.

    Raises ValueError naming the line of a note that does not tell its language, and where there are none.
    """
    told = enumerate(rows, 1)
    found = [row["text"] for number, row in told if language(row, f"line {number}") in languages]
    if not found:
        raise ValueError("no note in " + ", ".join(sorted(languages)))
    return found


def language(row: Mapping[str, Any], place: str) -> str:
    """The primary tag of a note's language; raises ValueError naming the place where it tells none."""
    told = row.get("language") or row.get("lang")
    if not isinstance(told, str):
        raise ValueError(f"{place} has neither `language` nor `lang`")
    return told.lower().split("-")[0]


def measures(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Templates, kinds of documents and styles, mentions by kind, by assertion, with a code, distinct."""
    used = Counter(one for row in rows for one in row["made"]["templates"])
    kinds = Counter(one["kind"] for row in rows for one in row["findings"])
    details = Counter(
        kind
        for row in rows
        for one in row["findings"]
        for table in ("attributes", "relations")
        for kind, items in one[table].items()
        for _ in items
    )
    said = Counter(
        name if name != "experiencer" else value
        for row in rows
        for one in row["findings"]
        for name, value in one["assertion"].items()
        if name in FLAGS or name == "experiencer"
    )
    distinct = {(one["kind"], one["text"].lower()) for row in rows for one in row["findings"]}
    coded = sum(bool(one["codings"]) for row in rows for one in row["findings"])
    return {
        "notes": len(rows),
        "characters": sum(len(row["text"]) for row in rows),
        "templates": {
            "used": sum(used.values()), "distinct": len(used),
            "most_used_share": round(max(used.values(), default=0) / max(sum(used.values()), 1), 4),
        },
        "documents": dict(Counter(row["made"]["document"] for row in rows).most_common()),
        "styles": dict(Counter(row["made"]["style"] for row in rows).most_common()),
        "findings": dict(kinds.most_common()), "details": dict(details.most_common()),
        "assertions": dict(said.most_common()),
        "distinct_findings": dict(Counter(kind for kind, _ in distinct).most_common()),
        "coded": coded,
        "identifiers": dict(Counter(one["kind"] for row in rows for one in row["identifiers"]).most_common()),
    }  # fmt: skip


def words(texts: Sequence[str]) -> dict[str, float]:
    """Words, distinct words, their ratio, and the mean ratio of stretches of a thousand words."""
    found = [word.lower() for text in texts for word in WORD.findall(text)]
    stretches = [
        len(set(found[at : at + WINDOW])) / WINDOW for at in range(0, len(found) - WINDOW + 1, WINDOW)
    ]
    return {
        "tokens": len(found),
        "types": len(set(found)),
        "type_token_ratio": round(len(set(found)) / max(len(found), 1), 4),
        f"ratio_per_{WINDOW}": round(sum(stretches) / max(len(stretches), 1), 4),
    }


def overlap(made: Sequence[str], real: Sequence[str]) -> dict[str, Any]:
    """How much of the real notes' words the made notes have, and the reverse."""
    ours = Counter(word.lower() for text in made for word in WORD.findall(text))
    theirs = Counter(word.lower() for text in real for word in WORD.findall(text))
    usual = {word for word, count in theirs.items() if count >= 10}
    missing = [word for word, _ in theirs.most_common(3000) if word not in ours]
    return {
        "notes": len(real),
        "words": words(real),
        "running_words_known": round(
            sum(count for word, count in theirs.items() if word in ours) / max(sum(theirs.values()), 1), 4
        ),
        "vocabulary_known": round(len(ours.keys() & theirs.keys()) / max(len(theirs), 1), 4),
        "usual_vocabulary_known": round(len(ours.keys() & usual) / max(len(usual), 1), 4),
        "made_words_seen": round(
            sum(count for word, count in ours.items() if word in theirs) / max(sum(ours.values()), 1), 4
        ),
        "most_frequent_missing": missing[:60],
    }


if __name__ == "__main__":
    main()
