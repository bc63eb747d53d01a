"""BIO labels in columns (CoNLL) -> documents: the word first, its label last, an empty line after a sentence.

`-DOCSTART-` begins a document, and what follows it in its line is the id, else its number. The file has no
text, so one is made: words with a blank between, sentences with a line break.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from adapter.errors import InputError
from adapter.evaluation.record import Annotation, Document, sorted_
from adapter.tasks.importing import tags

BEGIN = "-DOCSTART-"
Word = tuple[str, str]  # the word and its label


@dataclass(slots=True)
class _Open:
    """A document that is being read."""

    id: str
    sentences: list[list[Word]] = field(default_factory=lambda: [[]])


def read(path: Path, texts: Mapping[str, str]) -> list[Document]:
    """The documents of a file.

    Raises InputError naming line and document.
    """
    try:
        whole = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path.name}: not UTF-8 at byte {error.start}") from None
    return [_document(one, texts, path.name) for one in _opened(whole, path.name)]


def _opened(whole: str, name: str) -> list[_Open]:
    found = [_Open(id="1")]
    for number, line in enumerate(whole.split("\n"), start=1):
        parts = line.split()
        if not parts:
            found[-1].sentences.append([])
        elif parts[0] == BEGIN:
            found = [one for one in found if any(one.sentences)]
            named = [part for part in parts[1:] if part not in ("O", "-X-", "-")]
            found.append(_Open(id=named[0] if named else str(len(found) + 1)))
        else:
            where = f"{name}: line {number}, document {found[-1].id}"
            found[-1].sentences[-1].append((parts[0], _label(parts, where)))
    return [one for one in found if any(one.sentences)]


def _label(parts: list[str], where: str) -> str:
    if len(parts) < 2 or not (parts[-1] == "O" or parts[-1][:2] in ("B-", "I-")):
        raise InputError(f"{where}: the last column is no O, B- or I- label")
    return parts[-1]


def _document(one: _Open, texts: Mapping[str, str], name: str) -> Document:
    sentences = [sentence for sentence in one.sentences if sentence]
    text = "\n".join(" ".join(word for word, _ in sentence) for sentence in sentences)
    if texts.get(one.id, text) != text:
        raise InputError(f"{name}: document {one.id}: other words than in gold")
    return Document(id=one.id, text=text, annotations=sorted_(list(_annotations(sentences))))


def _annotations(sentences: list[list[Word]]) -> Iterator[Annotation]:
    begun = 0
    for sentence in sentences:
        places = []
        for word, _ in sentence:
            places.append((begun, begun + len(word)))
            begun += len(word) + 1
        for entity in tags.entities([label for _, label in sentence]):
            place = (places[entity.first][0], places[entity.last][1])
            yield Annotation(kind=entity.label.lower(), places=(place,))
