"""`python -m training.decoder.data`: notes of known mentions -> chunks and their answers.

How a note speaks of its mentions is judged by the context rules on the chunk alone: an answer holds nothing
that the chunk does not show.
"""

import argparse
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from adapter import context, notes
from adapter.context import ContextRules
from adapter.model import Mention
from training import examples, generator, jsonlines, vocabulary
from training.decoder import answers, disturbance
from training.decoder.answers import Item
from training.decoder.teach import held_out
from training.examples import Example

Spans = Sequence[tuple[int, int, str]]
LENGTHS = (100, 220, 400, 640, 640)  # characters of note text; the tokenizer makes about 3.4 of a token
MONTH = "January|February|March|April|May|June|July|August|September|October|November|December"
DATE = re.compile(
    r"\(?(?:\d{1,2}/\d{1,2}/\d{2,4}|\d{4}-\d\d-\d\d"
    rf"|(?:{MONTH})(?: \d{{1,2}},)? \d{{4}}|(?:19|20)\d\d|\d{{1,2}}/\d{{1,2}}(?![/\d]))"
)
BEFORE_DATE = re.compile(
    r",? ?(?:was |were )?(?:done |performed |placed |diagnosed )?(?:(?:on|in|since|of) |\()?$"
)
BEFORE_REASON = re.compile(
    r",? ?(?:used |given |taken |as needed |p\.?r\.?n\.? )?(?:for|to treat|due to) "
    r"(?:the |his |her |a |an )?$"
)


def main() -> None:
    """Writes one file of examples: {"id", "text", "answer"} a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    kind = parser.add_mutually_exclusive_group(required=True)
    kind.add_argument("--made", type=int, help="how many notes to generate")
    kind.add_argument("--taught", type=Path, help="a file of training.decoder.teach")
    kind.add_argument(
        "--distant", type=Path, help="a file of training.distant: only sentences wholly decided"
    )
    parser.add_argument("--held-out", action="store_true", help="from sentences that training never uses")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--disturb", type=float, default=0.5, help="share of chunks that are disturbed")
    parser.add_argument("--output", type=Path, required=True)
    asked = parser.parse_args()
    dice = random.Random(asked.seed)
    with asked.output.open("w", encoding="utf-8") as out:
        for record in chunks(sources(asked), dice, asked.disturb):
            out.write(json.dumps(record, ensure_ascii=False) + "\n")


def sources(asked: argparse.Namespace) -> Iterator[tuple[str, str, Spans]]:
    """(id, text, spans with their kind) of each piece of text whose mentions are all known."""
    if asked.made:
        terms = vocabulary.load(None)
        for one in generator.notes(terms, count=asked.made, seed=asked.seed, held_out=asked.held_out):
            yield one.id, one.text, [(start, end, kinds[0]) for start, end, kinds in one.spans]
    elif asked.taught:
        yield from map(taught, jsonlines.rows(asked.taught))
    else:
        shut = held_out()
        for one in examples.read(asked.distant):
            if one.id not in shut:
                yield from decided(one)


def taught(record: dict[str, Any]) -> tuple[str, str, Spans]:
    """The mentions a teacher found, details included."""
    spans = {(one["start"], one["end"]): one["kind"] for one in record["findings"]}
    for finding in record["findings"]:
        for one in finding["attributes"]:
            spans.setdefault((one["start"], one["end"]), one["kind"])
    return record["id"], record["text"], sorted((*place, kind) for place, kind in spans.items())


def decided(example: Example) -> Iterator[tuple[str, str, Spans]]:
    """Runs of sentences of which every word is labelled one way only, or known to be outside."""
    known = bytearray(len(example.text))
    for start, end, kinds in example.spans:
        known[start:end] = bytes([len(kinds) == 1]) * (end - start)
    for start, end in example.outside:
        known[start:end] = b"\1" * (end - start)
    run: list[tuple[int, int]] = []
    for one in [*notes.from_text(example.id, example.text).sentences, None]:
        if one and all(known[at] or not example.text[at].isalnum() for at in range(one.start, one.end)):
            run.append((one.start, one.end))
        elif run:
            low, high = run[0][0], run[-1][1]
            inside = [(s - low, e - low, k[0]) for s, e, k in example.spans if low <= s and e <= high]
            if high - low > 40:
                yield example.id, example.text[low:high], inside
            run = []


def chunks(
    found: Iterator[tuple[str, str, Spans]], dice: random.Random, share: float
) -> Iterator[dict[str, Any]]:
    """The chunks of each text, some of them disturbed, with their answers."""
    rules = context.load("en")
    for id, text, spans in found:
        for index, (low, high) in enumerate(runs(id, text, dice)):
            inside = [(s - low, e - low, kind) for s, e, kind in spans if low <= s and e <= high]
            piece = text[low:high]
            if dice.random() < share:
                piece, inside = disturbance.disturb(piece, inside, dice)
            items = stated(piece, inside, rules)
            yield {"id": f"{id}#{index}", "text": piece, "answer": answers.answer(piece, items)}


def runs(id: str, text: str, dice: random.Random) -> Iterator[tuple[int, int]]:
    """Stretches of whole sentences, of varied length."""
    longest, low, high = dice.choice(LENGTHS), None, 0
    for one in notes.from_text(id, text).sentences:
        if low is not None and one.end - low > longest:
            yield low, high
            longest, low = dice.choice(LENGTHS), None
        low = one.start if low is None else low
        high = one.end
    if low is not None:
        yield low, high


def stated(text: str, spans: Spans, rules: ContextRules) -> list[Item]:
    """The items a chunk states: its mentions, judged by the rules, with the dates and reasons after them."""
    note = notes.from_text("chunk", text)
    mentions = [Mention(start=s, end=e, text=text[s:e], kind=kind, confidence=1.0) for s, e, kind in spans]
    found = [answers.item(one) for one in context.assess(note, mentions, rules).kept]
    items = sorted((one for one in found if one), key=lambda one: one.start)
    return [more(text, one, items) for one in items]


def more(text: str, one: Item, items: Sequence[Item]) -> Item:
    """The item with its date and its reason, where the words right after it tell them."""
    after = max([one.end, *(end for _, end in one.details.values())])
    details = dict(one.details)
    date = DATE.search(text, one.end, one.end + 45)
    if one.array != "medications" and date and BEFORE_DATE.fullmatch(text[one.end : date.start()]):
        details["date"] = (date.start() + date[0].startswith("("), date.end())
        after = date.end()
    for other in items:
        near = other.array == "problems" and one.array != "problems" and after <= other.start <= after + 30
        if near and BEFORE_REASON.fullmatch(text[after : other.start]):
            details["reason"] = (other.start, other.end)
    return replace(one, details=details)


if __name__ == "__main__":
    main()
