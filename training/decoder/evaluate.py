"""`python -m training.decoder.evaluate`: how well a GGUF file answers, bound to the schema, by llama.cpp.

    python -m training.decoder.evaluate --model M.gguf --made HELD.jsonl --corpora CORPORA

Three sets: generated chunks of known truth (`--made`, from `training.decoder.data --held-out`), chunks of the
notes annotated by hand, and chunks of the notes of `held_out.txt`, which nobody annotated: there only the
form and the quotes are judged. A quote that is not in the chunk is dropped, as the engine drops it, before
anything is scored.
"""

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import llama_cpp

from adapter import notes
from training import examples, jsonlines
from training.decoder.answers import ARRAYS, DETAILS, SECTIONS, SYSTEM
from training.gold import score

HERE = Path(__file__).parent
STATES = {
    "problems": ("present", "absent", "possible", "past", "family", "risk"),
    "medications": ("taking", "stopped", "planned", "allergy", "absent"),
    "procedures": ("done", "planned", "absent"),
}
LENGTH = 560  # characters of a chunk of a real note: within what the model was trained for
LONGEST = 512  # tokens of an answer
Chunk = Mapping[str, Any]
Answer = Mapping[str, Sequence[Mapping[str, str]]]


def main() -> None:
    """Prints the figures of each set as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--made", type=Path, help="held-back generated chunks")
    parser.add_argument("--corpora", type=Path, help="folder that holds the real notes")
    parser.add_argument("--count", type=int, default=200, help="how many generated chunks")
    parser.add_argument("--most", type=int, default=150, help="how many chunks of real notes, of either set")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--show", type=int, default=0, help="answers to print as well")
    asked = parser.parse_args()
    answer = reader(asked.model, asked.threads)
    for name, chunks in sets(asked):
        print(json.dumps({"set": name} | judged(chunks, answer, asked.show)), flush=True)


def sets(asked: argparse.Namespace) -> Iterator[tuple[str, list[Chunk]]]:
    """The sets of chunks that were asked for."""
    if asked.made:
        yield "generated", list(jsonlines.rows(asked.made))[: asked.count]
    if asked.corpora:
        listed = (HERE / "held_out.txt").read_text("utf-8").split()
        everything = {one["id"]: one["text"] for one in corpus(asked.corpora)}
        annotated = (HERE / "annotated.txt").read_text("utf-8").split()
        gold = {id: found for id, found in score.gold_notes(score.NOTES).items() if id in annotated}
        yield (
            "annotated",
            drawn([one for id in gold for one in cut(id, everything[id], gold[id])], asked.most),
        )
        yield "held back", drawn([one for id in listed for one in cut(id, everything[id], None)], asked.most)


def corpus(folder: Path) -> Iterator[dict[str, Any]]:
    """Every real note."""
    for split in ("train", "dev"):
        yield from examples.records(folder / "notes" / f"{split}.jsonl.gz")


def drawn(chunks: list[Chunk], most: int) -> list[Chunk]:
    """Some of the chunks, the same ones each time."""
    return random.Random(1).sample(chunks, min(most, len(chunks)))


def cut(id: str, text: str, mentions: Sequence[Mapping[str, Any]] | None) -> Iterator[Chunk]:
    """The chunks of a note, with what a reader marked in each, or None."""
    low, high = None, 0
    for one in [*notes.from_text(id, text).sentences, None]:
        if low is not None and (one is None or one.end - low > LENGTH):
            yield {"id": f"{id}#{low}", "text": text[low:high]} | truth(text, low, high, mentions)
            low = None
        if one:
            low = one.start if low is None else low
            high = one.end


def truth(text: str, low: int, high: int, mentions: Sequence[Mapping[str, Any]] | None) -> dict[str, Answer]:
    """What the mentions of a stretch ask to be answered, statuses left out."""
    if mentions is None:
        return {}
    found: dict[str, list[Mapping[str, str]]] = {array: [] for array in ARRAYS}
    for one in mentions:
        if low <= one["start"] and one["end"] <= high and one["kind"] in SECTIONS:
            found[SECTIONS[one["kind"]]].append({"quote": text[one["start"] : one["end"]]})
    return {"answer": found}


def reader(path: Path, threads: int) -> Callable[[str], str]:
    """Asks the model about a chunk, bound to the schema; the answer may be cut short."""
    model = llama_cpp.Llama(
        str(path), n_ctx=1024, n_threads=threads, n_threads_batch=threads, verbose=False, seed=1
    )
    grammar = llama_cpp.LlamaGrammar.from_json_schema(json.dumps(schema()), verbose=False)

    def ask(text: str) -> str:
        messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]
        said = model.create_chat_completion(messages, grammar=grammar, temperature=0.0, max_tokens=LONGEST)
        return said["choices"][0]["message"]["content"] or ""

    return ask


def schema() -> dict[str, Any]:
    """The JSON Schema of an answer."""
    return closed(
        {array: {"type": "array", "maxItems": 40, "items": item(array)} for array in ARRAYS}, ARRAYS
    )


def item(array: str) -> dict[str, Any]:
    """The JSON Schema of an item of an array."""
    text = {"type": "string", "maxLength": 120}
    keys = {"quote": text, "status": {"enum": STATES[array]}} | {key: text for key in DETAILS[array]}
    return closed(keys, ("quote", "status"))


def closed(properties: Mapping[str, Any], required: Sequence[str]) -> dict[str, Any]:
    """An object with these properties and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


def judged(chunks: Sequence[Chunk], answer: Callable[[str], str], show: int) -> dict[str, Any]:
    """The figures of a set."""
    tally: Counter[str] = Counter()
    begun = time.monotonic()
    for index, chunk in enumerate(chunks):
        said = answer(chunk["text"])
        if index < show:
            print(
                json.dumps(
                    {"text": chunk["text"], "said": said, "truth": chunk.get("answer")}, ensure_ascii=False
                )
            )
        found = parsed(said)
        tally["valid"] += found is not None
        kept = verbatim(chunk["text"], found, tally)
        if "answer" in chunk:
            compare(kept, chunk["answer"], tally)
    figures = {"chunks": len(chunks), "valid": tally["valid"], "seconds": round(time.monotonic() - begun, 1)}
    figures |= {"quotes": tally["quotes"], "verbatim": share(tally["verbatim"], tally["quotes"])}
    return figures | {
        array: ratios(tally, array) for array in (*ARRAYS, "status", "details") if tally[f"{array} wanted"]
    }


def parsed(said: str) -> Answer | None:
    """The answer as an object, or None where it is cut short."""
    try:
        return json.loads(said)
    except ValueError:
        return None


def verbatim(text: str, found: Answer | None, tally: Counter[str]) -> dict[str, list[Mapping[str, str]]]:
    """The items whose quote stands in the chunk."""
    kept: dict[str, list[Mapping[str, str]]] = {array: [] for array in ARRAYS}
    for array, items in (found or {}).items():
        for one in items:
            there = bool(one["quote"]) and one["quote"] in text
            tally["quotes"] += 1
            tally["verbatim"] += there
            if there:
                kept[array].append(one)
    return kept


def compare(kept: Answer, wanted: Answer, tally: Counter[str]) -> None:
    """Counts what was found, wanted and right: the same words, case apart; then their status and details."""
    for array in ARRAYS:
        mine = {one["quote"].lower(): one for one in kept[array]}
        theirs = {one["quote"].lower(): one for one in wanted[array]}
        both = mine.keys() & theirs.keys()
        tally[f"{array} found"] += len(mine)
        tally[f"{array} wanted"] += len(theirs)
        tally[f"{array} right"] += len(both)
        tally[f"{array} near"] += sum(any(one in other or other in one for other in mine) for one in theirs)
        for quote in both:
            if "status" in theirs[quote]:
                details(mine[quote], theirs[quote], tally)


def details(mine: Mapping[str, str], theirs: Mapping[str, str], tally: Counter[str]) -> None:
    """Counts status and details of an item that was found."""
    for name, keys in (
        ("status", {"status"}),
        ("details", (mine.keys() | theirs.keys()) - {"quote", "status"}),
    ):
        tally[f"{name} found"] += len(keys & mine.keys())
        tally[f"{name} wanted"] += len(keys & theirs.keys())
        tally[f"{name} right"] += sum(mine.get(key) == theirs.get(key) for key in keys)


def ratios(tally: Counter[str], name: str) -> dict[str, float]:
    """Precision, recall and their mean, and recall where overlapping words count."""
    right, found, wanted = (tally[f"{name} {what}"] for what in ("right", "found", "wanted"))
    figures = {"wanted": wanted, "precision": share(right, found), "recall": share(right, wanted)}
    figures["f1"] = share(2 * right, found + wanted)
    return figures | (
        {"overlap_recall": share(tally[f"{name} near"], wanted)} if f"{name} near" in tally else {}
    )


def share(part: int, whole: int) -> float:
    """A part of a whole, rounded."""
    return round(part / whole, 4) if whole else 0.0


if __name__ == "__main__":
    main()
