"""The nouns of an evaluation: an annotation, a document with its annotations, gold beside prediction.

Gold and prediction have the same form, whatever file they came from. Offsets count code points.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace

from adapter.errors import InputError
from adapter.model import FLAGS, Attribute

Places = tuple[tuple[int, int], ...]

AXES = (*FLAGS, "family")
"""What may be said of a mention; `family` is an experiencer that is a relative."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Coded:
    """A code that an annotation was given."""

    system: str
    code: str
    score: float | None = None
    chosen: bool = True  # False: a candidate that was not chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """A mention that a person or a system marked, with what is said of it."""

    kind: str
    places: Places  # half-open, in order; several where the words do not stand together
    confidence: float | None = None
    assertion: Mapping[str, bool] | None = None  # by axis, and `other`: neither the patient nor family
    codes: tuple[Coded, ...] = ()  # best first
    details: tuple[Attribute, ...] = ()

    @property
    def start(self) -> int:
        """Its first code point."""
        return self.places[0][0]

    @property
    def end(self) -> int:
        """One past its last code point."""
        return self.places[-1][1]

    @property
    def key(self) -> tuple[str, Places]:
        """What two annotations that mark the same have in common."""
        return self.kind, self.places


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document with its annotations, in text order, none twice."""

    id: str
    text: str | None  # None: the file does not hold it
    annotations: tuple[Annotation, ...]
    failed: bool = False  # the system gave an error for it

    @property
    def discontinuous(self) -> int:
        """How many annotations have words that do not stand together."""
        return sum(len(one.places) > 1 for one in self.annotations)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is true of a document, and what a system said of it."""

    id: str
    text: str
    gold: tuple[Annotation, ...]
    predicted: tuple[Annotation, ...]
    missing: bool = False  # the system said nothing: an error, or no line at all
    others: tuple[str, ...] = ()  # the kind of each predicted mention that is not measured


def sorted_(annotations: Sequence[Annotation]) -> tuple[Annotation, ...]:
    """The annotations in text order; of those that mark the same, the first, with all that was told."""
    found: dict[tuple[str, Places], Annotation] = {}
    for one in annotations:
        if one.key not in found or _told(one) > _told(found[one.key]):
            found[one.key] = one
    return tuple(sorted(found.values(), key=lambda one: (one.places, one.kind)))


def _told(one: Annotation) -> int:
    return (
        bool(one.assertion is not None) + bool(one.codes) + bool(one.details) + (one.confidence is not None)
    )


def renamed(documents: Sequence[Document], names: Mapping[str, str]) -> list[Document]:
    """The documents with other names for their kinds."""
    return [
        replace(one, annotations=sorted_([_renamed(each, names) for each in one.annotations]))
        for one in documents
    ]


def _renamed(one: Annotation, names: Mapping[str, str]) -> Annotation:
    details = tuple(replace(each, kind=names.get(each.kind, each.kind)) for each in one.details)
    return replace(one, kind=names.get(one.kind, one.kind), details=details)


def paired(
    gold: Sequence[Document],
    predicted: Sequence[Document],
    kinds: Sequence[str] = (),
    *,
    name: str = "predicted",
) -> list[Case]:
    """Every gold document with what was predicted for it, of `kinds`; where none are given, of gold's.

    Raises InputError where a prediction is for no gold document; `name` is that of its file.
    """
    given = {one.id: one for one in predicted}
    if unknown := sorted(given.keys() - {one.id for one in gold}):
        raise InputError(
            f"{name}: documents that are not in gold: {len(unknown)}, the first is {unknown[0]}",
            path="--predicted",
        )
    measured = frozenset(kinds) or {each.kind for one in gold for each in one.annotations}
    return [_case(one, given.get(one.id), measured) for one in gold]


def _case(gold: Document, predicted: Document | None, kinds: Set[str]) -> Case:
    found = predicted.annotations if predicted is not None else ()
    return Case(
        id=gold.id,
        text=gold.text or (predicted.text if predicted else None) or "",
        gold=tuple(one for one in gold.annotations if one.kind in kinds),
        predicted=tuple(one for one in found if one.kind in kinds),
        missing=predicted is None or predicted.failed,
        others=tuple(one.kind for one in found if one.kind not in kinds),
    )
