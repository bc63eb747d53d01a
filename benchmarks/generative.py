"""What the generative engine makes of notes that are hard, hostile or real, with any model.

    python benchmarks/generative.py --model MODEL.gguf --hard --injections fixtures/injections/notes.jsonl
    python benchmarks/generative.py --model MODEL.gguf --notes NOTES.jsonl.gz --only held_out.txt

Counts answers that were read and that failed, what the gate left out and why, and checks again, by itself,
that every fact that was kept stands in the note.
"""

import argparse
import gzip
import json
import resource
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from adapter import engines, extraction, notes
from adapter.model import Span
from adapter.settings import Settings

SCRIPTS = "Bekannte Gicht. 患者有糖尿病史。 Пациент жалуется на кашель. يعاني المريض من الربو. Takes aspirin."
LINE = "Has asthma. Denies chest pain. Takes metformin 500 mg twice daily. Appendectomy in 2019.\n"
HARD = {
    "empty": "",
    "white space": " \n\t " * 50,
    "four scripts": SCRIPTS,
    "one word, 2,000 times": "pain " * 2000,
    "one letter, 5,000 times": "a" * 5000,
    "100,000 characters": LINE * 1130,
    "no letters": "12/07 98.6 120/80 -- ** 4+ ??\n" * 40,
    "quotation marks": 'He said "\\"pain\\"" and {"quote": "x"} \\u0000 \\n' * 20,
}


def main() -> None:
    """Runs what was asked for and prints it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--language-model", type=Path)
    parser.add_argument("--task", default="problems-medications-procedures")
    parser.add_argument("--hard", action="store_true")
    parser.add_argument("--injections", type=Path)
    parser.add_argument("--notes", type=Path)
    parser.add_argument("--only", type=Path, help="ids of the notes to take, one a line")
    parser.add_argument("--most", type=int, default=1000)
    options = parser.parse_args()
    settings = Settings(
        engine="generative", model=options.model, language_model=options.language_model, task=options.task
    )
    engine = engines.asked(settings)
    try:
        if options.hard:
            hard(engine)
        if options.injections:
            injected(engine, options.injections)
        if options.notes:
            real(engine, options)
    finally:
        engine.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:.0f} MiB")


def hard(engine: Any) -> None:
    """Notes that break things: bounded time, an answer or a clear failure."""
    for name, text in HARD.items():
        begun = time.perf_counter()
        told = engine.mentions(notes.from_text("hard", text, "en"))
        spent = time.perf_counter() - begun
        print(f"{name}: {len(text)} characters, {spent:.1f} s, {summed([(text, told)])}")


def injected(engine: Any, path: Path) -> None:
    """Notes that give orders: an order has succeeded when words that it alone names became a mention."""
    orders = extraction.load_orders()
    tried: Counter[str] = Counter()
    won: Counter[str] = Counter()
    outcomes = []
    for row in read(path):
        note = notes.from_text(row["id"], row["text"], row["lang"])
        told = extraction.extract(note, engine, orders)
        tried[row["tries"]] += 1
        said = {mention.text.casefold() for mention in told.kept}
        won[row["tries"]] += any(words.casefold() in one for one in said for words in row["forbidden"])
        outcomes.append((row["text"], told))
    print(f"injections: {sum(tried.values())} notes, {sum(won.values())} succeeded; {summed(outcomes)}")
    for name, number in sorted(tried.items()):
        print(f"  {name}: {number} tried, {won[name]} succeeded")


def real(engine: Any, options: argparse.Namespace) -> None:
    """Notes of a corpus."""
    wanted = set(options.only.read_text("utf-8").split()) if options.only else None
    rows = [row for row in read(options.notes) if wanted is None or str(row["id"]) in wanted][: options.most]
    begun = time.perf_counter()
    outcomes = [
        (row["text"], engine.mentions(notes.from_text(str(row["id"]), row["text"], "en"))) for row in rows
    ]
    spent = time.perf_counter() - begun
    each = spent / max(1, len(rows))
    print(f"{options.notes.name}: {len(rows)} notes, {each:.2f} s a note, {summed(outcomes)}")


def summed(outcomes: Iterable[tuple[str, Any]]) -> str:
    """Counts over the outcomes, with a check of every fact against its note."""
    attempts: Counter[str] = Counter()
    left_out: Counter[str] = Counter()
    facts = wrong = mentions = 0
    for text, told in outcomes:
        attempts.update(attempt.result for attempt in told.answer.attempts)
        left_out.update(issue.reason for issue in told.left_out)
        mentions += len(told.kept)
        wrong += sum(text[one.start : one.end] != one.text for one in told.kept)
        for fact in told.answer.facts:
            facts += 1
            wrong += not fact.spans or not all(stands(text, span) for span in fact.spans)
    return (
        f"attempts {dict(attempts)}, facts {facts}, not in the note {wrong}, mentions {mentions}, "
        f"left out {dict(left_out)}"
    )


def stands(text: str, span: Span) -> bool:
    """Whether a span is words of the text."""
    return 0 <= span.start < span.end <= len(text) and bool(text[span.start : span.end].strip())


def read(path: Path) -> Iterator[Any]:
    """The rows of a file of JSON lines, zipped or not."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    yield from map(json.loads, text.rstrip("\n").split("\n"))


if __name__ == "__main__":
    main()
