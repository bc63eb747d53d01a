"""The `dictionary` engine: names of the terminology store that stand in the note, word for word.

A second source of mentions beside the encoder, strong on long names that a site has loaded ("24 hr metformin
hydrochloride 500 mg extended release oral tablet"). On its own it knows no context, so short names need the
encoder's word for it: see `arbiter`.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

from adapter.model import DICTIONARY, Mention, Note, Step, Stretch, primary
from terminology import TermMatch

_SHORT = 3  # letters; an abbreviation no longer than this counts only where it is not written small
CONFIDENCE = 0.9  # that a verbatim name of a terminology means what the terminology says


class Gazetteer(Protocol):
    """What the dictionary needs of a terminology store."""

    def matches(
        self, text: str, *, kinds: Sequence[str] = ..., languages: Sequence[str] = ..., uncoded: bool = ...
    ) -> Sequence[TermMatch]:
        """The store's names of these kinds and languages: the longest, not overlapping, in text order.

        With `uncoded` names that have no code too.
        """


class Dictionary:
    """Finds the store's names; `kinds` maps terminology kinds to mention kinds, others are not reported.

    Names that begin with one of `context_words` are left to the context stage, unless they carry their tag.
    In the languages of `uncoded` names that have no code are found too.
    """

    name = DICTIONARY
    languages: Collection[str] | None = None
    model = None

    def __init__(
        self,
        gazetteer: Gazetteer,
        kinds: Mapping[str, str],
        context_words: tuple[str, ...] = (),
        uncoded: Collection[str] = (),
    ) -> None:
        self.gazetteer, self._kinds, self._context_words = gazetteer, kinds, context_words
        self._uncoded = uncoded

    def mentions(self, note: Note) -> Step[Mention]:
        """See `Engine.mentions`."""
        parts = note.parts if self._kinds else ()  # a store that is asked for no kind gives all
        found = (mention for part in parts for mention in self._named(note, part))
        return Step(name="extraction", kept=tuple(found))

    def _named(self, note: Note, part: Stretch) -> Iterator[Mention]:
        """The names in a part of the note, which are in its language or in English."""
        text = note.text[part.start : part.end] if note.stretches else note.text
        language = primary(part.language)
        found = self.gazetteer.matches(
            text,
            kinds=tuple(self._kinds),
            languages=tuple(dict.fromkeys((language, "en"))),
            uncoded=language in self._uncoded,
        )
        for match in found:
            mention = self._mention(note, match, part.start)
            if mention is not None:
                yield mention

    def _mention(self, note: Note, match: TermMatch, offset: int) -> Mention | None:
        start, end = match.start + offset, match.end + offset
        words = note.text[start:end]
        if words.lower().startswith(self._context_words) and not words.endswith(")"):
            return None
        if len(words) <= _SHORT and words.islower() and match.term.isupper():
            return None  # French "pas" is no PAS, German "als" no ALS
        return Mention(
            start=start,
            end=end,
            text=words,
            kind=self._kinds[match.kind],
            confidence=CONFIDENCE,
            sources=(DICTIONARY,),
        )

    def close(self) -> None:
        """Nothing to free: the store belongs to who opened it."""
