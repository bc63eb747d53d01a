"""`nlp-task-configuration.json` of the DRAGON benchmark, and the training data beside it -> a task.

Classes and numbers are answered without evidence; entities are quotes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

from adapter.errors import InputError
from adapter.tasks import checking
from adapter.tasks.importing import benchmark, tags
from adapter.tasks.importing.benchmark import CONFIGURATION, TRAINING, Configuration
from adapter.tasks.importing.imported import Imported, name_of, title_of, toml_of
from adapter.tasks.node import Node
from adapter.tasks.schema import MOST_ITEMS, MOST_LENGTH, write
from adapter.tasks.task import Example, Task

__all__ = ["CONFIGURATION", "convert_configuration"]

MOST_EXAMPLES = 16
LONGEST_EXAMPLE = 20_000  # code points
SHOTS = {"binary": 4, "classes": 4, "number": 4, "entities": 2}
TOKENS = {"binary": 256, "classes": 256, "number": 256, "entities": 4096}
ASKED = {
    "binary": "Answer true or false.",
    "classes": "Choose one of the classes.",
    "number": "Answer with the number; null where the note gives none.",
    "entities": "Copy the words of each entity, in the order of the note, and choose what it is.",
}
DUMB = "the configuration does not say what is asked: write the instruction, or rely on the examples"


def convert_configuration(path: Path) -> Imported:
    """The task of a configuration file."""
    asked = benchmark.configuration(path)
    beside = path.parent / TRAINING
    rows = _labelled(asked, benchmark.rows(beside)) if beside.is_file() else []
    node = _node(asked, [row[asked.target] for row in rows])
    examples = tuple(islice(_examples(asked, node, rows), MOST_EXAMPLES))
    return Imported(
        task_toml=_toml(asked, len(examples)),
        schema=write(node),
        examples=examples,
        notes=tuple(_notes(asked, rows, len(examples))),
    )


def _toml(asked: Configuration, examples: int) -> str:
    entities = asked.kind.answer == "entities"
    told = asked.question or f"Label the note as the examples do ({title_of(asked.task_name)})."
    return toml_of(
        {
            "name": name_of(asked.task_name),
            "version": "1",
            "title": title_of(asked.task_name),
            "instruction": f"{told} {ASKED[asked.kind.answer]}",
            "strategy": "naive",
            "evidence": "quote" if entities else "none",
            "shots": min(SHOTS[asked.kind.answer], examples),
            "max_tokens": TOKENS[asked.kind.answer],
        }
    )


def _notes(asked: Configuration, rows: Sequence[object], examples: int) -> Iterator[str]:
    if not asked.question:
        yield DUMB
    if not rows:
        yield f"there is no {TRAINING} beside the configuration: no examples"
    elif examples:
        yield f"{examples} rows of {TRAINING} became examples, as confidential as the notes they are of"
    if asked.truncation:
        yield "recommended_truncation_side is left out: nothing is cut off, a long note is read in stretches"
    if asked.kind.answer == "number" and not asked.kind.several:
        yield "a note without the number is answered with null; DRAGON's files have a number for each"


def _labelled(asked: Configuration, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    found = [row for row in rows if row.get(asked.target) is not None]
    if any(isinstance(row[asked.target], list) is not _listed(asked) for row in found):
        raise InputError(f"{asked.target}: not of the form of its name", path=asked.target)
    return found


def _listed(asked: Configuration) -> bool:
    return asked.kind.several or asked.kind.answer == "entities"


def _node(asked: Configuration, labels: Sequence[Any]) -> Node:
    if asked.kind.answer == "entities":
        return _entities(asked, labels)
    parts = _parts(asked, labels)
    names = part_names(asked, len(parts))
    nodes = {
        name: _part(asked, name, [one for one in part if one is not None])
        for name, part in zip(names, parts, strict=True)
    }
    return Node(type="object", properties=nodes, required=frozenset(nodes))


def part_names(asked: Configuration, count: int) -> tuple[str, ...]:
    """The properties of an answer: `label`, or one for each part of a label that is a list."""
    if not asked.kind.several:
        return ("label",)
    if asked.labels and count != len(asked.labels):
        raise InputError(f"{asked.target}: not {len(asked.labels)} parts", path=asked.target)
    return asked.labels or tuple(f"label_{number}" for number in range(1, count + 1))


def _parts(asked: Configuration, labels: Sequence[Any]) -> list[list[Any]]:
    """The labels of each part, first part first."""
    if not asked.kind.several:
        return [list(labels)]
    sizes = {len(label) for label in labels} or {len(asked.labels)}
    if len(sizes) > 1 or 0 in sizes:
        raise InputError(
            f"{asked.target}: needs {TRAINING}, with as many parts in every row", path=asked.target
        )
    return [list(part) for part in zip(*labels, strict=True)] or [[] for _ in asked.labels]


def _part(asked: Configuration, name: str, labels: Sequence[Any]) -> Node:
    if asked.kind.answer == "binary":
        return Node(type="boolean")
    if asked.kind.answer == "number":
        return Node(type="number", nullable=True)
    classes = tuple(sorted({str(label) for label in labels}))
    if not classes:
        raise InputError(f"{name}: needs {TRAINING} beside the configuration for its classes", path=name)
    return Node(type="string", choices=classes)


def _entities(asked: Configuration, labels: Sequence[Any]) -> Node:
    flat = {tags.kind(str(one)) for row in labels for word in row for one in _as_list(word)} - {""}
    if not flat:
        raise InputError(f"{asked.target}: needs {TRAINING} beside the configuration", path=asked.target)
    most = max(len(_marked(asked, row)) for row in labels)
    item = Node(
        type="object",
        properties={
            "quote": Node(type="string", length=MOST_LENGTH),
            "label": Node(type="string", choices=tuple(sorted(flat))),
        },
        required=frozenset({"quote", "label"}),
    )
    room = min(MOST_ITEMS, max(32, most + most // 2))
    array = Node(type="array", items=item, most=room)
    return Node(type="object", properties={"entities": array}, required=frozenset({"entities"}))


def _as_list(word: Any) -> list[Any]:
    return word if isinstance(word, list) else [word]


def _marked(asked: Configuration, row: Sequence[Any]) -> list[tags.Entity]:
    if not asked.kind.several:
        return tags.entities([str(one) for one in row])
    kinds = sorted({tags.kind(str(one)) for word in row for one in _as_list(word)} - {""})
    lines = (
        [next((str(o) for o in word if tags.kind(str(o)) == name), "O") for word in row] for name in kinds
    )
    return sorted(one for line in lines for one in tags.entities(line))


def _examples(asked: Configuration, node: Node, rows: Sequence[Mapping[str, Any]]) -> Iterator[Example]:
    evidence = "quote" if asked.kind.answer == "entities" else "none"
    task = Task(name="t", version="1", title="t", instruction="t", schema=write(node), evidence=evidence)  # type: ignore[arg-type]
    for row in _mixed(asked, rows):
        example = Example(text=benchmark.text(asked, row), answer=_answer(asked, row))
        fits = example.text.strip() and len(example.text) <= LONGEST_EXAMPLE
        if fits and not any(checking.example_faults(task, node, example)):
            yield example


def _mixed(asked: Configuration, rows: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Rows of every class in turn; of reports with entities or numbers the shorter ones first."""
    if asked.kind.answer in ("number", "entities"):
        yield from sorted(rows, key=lambda row: len(benchmark.text(asked, row)))
        return
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(repr(row[asked.target]), []).append(row)
    for together in zip_longest(*groups.values()):
        yield from (row for row in together if row is not None)


def _answer(asked: Configuration, row: Mapping[str, Any]) -> dict[str, Any]:
    label = row[asked.target]
    if asked.kind.answer == "entities":
        words = benchmark.words(row)
        found = _marked(asked, label)
        return {
            "entities": [{"quote": " ".join(words[e.first : e.last + 1]), "label": e.label} for e in found]
        }
    parts = label if asked.kind.several else [label]
    names = part_names(asked, len(parts))
    return {name: _value(asked, part) for name, part in zip(names, parts, strict=True)}


def _value(asked: Configuration, part: Any) -> Any:
    if part is None or asked.kind.answer == "number":
        return part
    return bool(part) if asked.kind.answer == "binary" else str(part)
