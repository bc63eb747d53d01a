"""A folder of brat (https://brat.nlplab.org/standoff.html) -> documents: NAME.txt beside NAME.ann.

T lines are mentions, several places where the words do not stand together; A and M lines say something of
them, N lines code them. Relations, events and notes are left out. An attribute named as one of our axes, in
any case (`Negated`), alone or with a value (`Experiencer family`), is an assertion; where a file of the
folder has one, the silence of the others means that nothing holds.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from adapter.errors import InputError
from adapter.evaluation.record import AXES, Annotation, Coded, Document, Places, sorted_
from terminology.systems import SHORT

LINES = "TAMNER*#"  # what a line may begin with
WHOSE = ("patient", "family", "other")
PLACE = re.compile(r"(\S+) (\d+ \d+(?:;\d+ \d+)*)")
WORDS = {
    "negation": "negated",
    "uncertainty": "uncertain",
    "history": "historical",
    "speculation": "uncertain",
}
NO = ("no", "false", "0", "patient", "present", "none")


@dataclass(slots=True)
class _Read:
    """What the lines of one file told so far."""

    marked: dict[str, Annotation] = field(default_factory=dict)  # by T id
    said: dict[str, dict[str, bool]] = field(default_factory=dict)  # by T id


def read(path: Path, _texts: Mapping[str, str]) -> list[Document]:
    """The documents of a folder and the folders in it; the id of one is its path without ending.

    Raises InputError naming document and line.
    """
    if not path.is_dir():
        raise InputError(f"{path.name}: brat is a folder of .txt and .ann files")
    texts = _names(path, "txt")
    if alone := sorted(_names(path, "ann").keys() - texts.keys()):
        raise InputError(f"document {alone[0]}: no .txt file beside its .ann")
    found = {id: (_text(one, id), _marks(one, id)) for id, one in texts.items()}
    says = any(marks.said for _, marks in found.values())
    return [
        Document(id=id, text=text, annotations=sorted_(list(_finished(marks, says))))
        for id, (text, marks) in found.items()
    ]


def _names(path: Path, ending: str) -> dict[str, Path]:
    """The files of an ending, by the id of their document."""
    found = sorted(path.rglob(f"*.{ending}"))
    return {one.relative_to(path).with_suffix("").as_posix(): one for one in found}


def _marks(path: Path, id: str) -> _Read:
    beside = path.with_suffix(".ann")
    if not beside.is_file():
        raise InputError(f"document {id}: no .ann file beside its .txt")
    text, marks = _text(path, id), _Read()
    lines = [line.rstrip("\r") for line in _text(beside, id).split("\n")]
    numbered = sorted(enumerate(lines, start=1), key=lambda one: not one[1].startswith("T"))  # mentions first
    for number, line in numbered:
        _line(line, text, f"{beside.name}: line {number}, document {id}", marks)
    return marks


def _text(path: Path, id: str) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name}, document {id}: not UTF-8 at byte {error.start}") from None


def _line(line: str, text: str, where: str, marks: _Read) -> None:
    id, *parts = line.split("\t")
    if line.strip() and id[:1] not in LINES:
        raise InputError(f"{where}: it begins with none of {', '.join(LINES)}")
    if id.startswith("T"):
        if id in marks.marked:
            raise InputError(f"{where}: {id} stands there twice")
        marks.marked[id] = _mark(parts, text, where)
    elif id[:1] in ("A", "M") and parts:
        _say(parts[0].split(" "), where, marks)
    elif id.startswith("N") and parts:
        _code(parts[0].split(" "), where, marks)


def _mark(parts: list[str], text: str, where: str) -> Annotation:
    found = PLACE.fullmatch(parts[0]) if len(parts) > 1 else None
    if found is None:
        raise InputError(f"{where}: not a kind, offsets and words")
    places = _places(found[2], text, where)
    words = " ".join(text[start:end] for start, end in places)
    if _even(words) != _even(parts[1]):
        raise InputError(f"{where}: its words do not stand at its offsets")
    return Annotation(kind=found[1].lower(), places=places)


def _places(told: str, text: str, where: str) -> Places:
    pairs = (place.split(" ") for place in told.split(";"))
    places = sorted((int(start), int(end)) for start, end in pairs)
    if any(not start < end <= len(text) for start, end in places):
        raise InputError(f"{where}: its offsets are outside the text")
    return tuple(_joined(places))


def _joined(places: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """The places, those that touch as one."""
    begun, ended = places[0]
    for start, end in places[1:]:
        if start > ended:
            yield begun, ended
            begun = start
        ended = max(end, ended)
    yield begun, ended


def _even(words: str) -> str:
    """The words as brat writes them: in one line, and the parts with one blank between."""
    return "".join(words.split())


def _say(parts: list[str], where: str, marks: _Read) -> None:
    name, target, value = (
        parts[0].lower(),
        parts[1] if len(parts) > 1 else "",
        parts[2].lower() if len(parts) > 2 else "",
    )
    if not target.startswith("T"):
        return  # of an event or a relation
    if target not in marks.marked:
        raise InputError(f"{where}: of a mention that is not there")
    axis = WORDS.get(name, name)
    said = marks.said.setdefault(target, {}) if axis in (*AXES, "experiencer") else {}
    if axis == "experiencer":
        if value not in WHOSE:
            raise InputError(f"{where}: experiencer is not one of {', '.join(WHOSE)}")
        said |= {whose: value == whose for whose in WHOSE[1:]}
    else:
        said[axis] = value not in NO


def _code(parts: list[str], where: str, marks: _Read) -> None:
    """`Reference T1 ICD10CM:J45`: a normalisation."""
    if len(parts) != 3 or ":" not in parts[2] or parts[1] not in marks.marked:
        raise InputError(f"{where}: not a mention that is there and SYSTEM:CODE")
    system, _, code = parts[2].rpartition(":")
    one = marks.marked[parts[1]]
    coded = Coded(system=SHORT.get(system.lower().replace("-", ""), system), code=code)
    marks.marked[parts[1]] = replace(one, codes=(*one.codes, coded))


def _finished(marks: _Read, says: bool) -> Iterator[Annotation]:
    """The mentions; `says`: something is said of some mention of the folder."""
    for id, one in marks.marked.items():
        said = {axis: marks.said.get(id, {}).get(axis, False) for axis in (*AXES, *WHOSE[2:])}
        yield replace(one, assertion=said) if says else one
