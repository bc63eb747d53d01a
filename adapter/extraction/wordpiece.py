"""Text -> BERT word pieces that know their characters.

The uncased WordPiece of BERT (Devlin et al. 2019, https://arxiv.org/abs/1810.04805): control characters
dropped, accents stripped, lower case, split at white space, punctuation and ideographs, then greedy
longest pieces. llama.cpp tokenizes the same way but does not say where a piece came from; here every word
keeps its place in the original text. Must not know what the pieces are for.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

MAX_WORD = 100  # characters; longer words are one unknown piece, as in BERT

_ASCII_WORD = re.compile(r"[a-z0-9]+|[^\sa-z0-9]")
_RUN = re.compile(r"\S+")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_IDEOGRAPHS = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The words of a text: where each stands and the pieces it is made of."""

    starts: list[int]  # first code point of each word in the original text
    ends: list[int]  # one past its last code point
    pieces: list[tuple[int, ...]]  # vocabulary ids of each word, at least one

    def __len__(self) -> int:
        return len(self.starts)


@dataclass(frozen=True, slots=True)
class WordPiece:
    """A vocabulary, ready to cut text into words and pieces."""

    vocabulary: dict[str, int]  # piece (continuations start with ##) -> id
    unknown: int = 100  # id of [UNK]
    _known: dict[str, tuple[int, ...]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, tokens: Sequence[str]) -> "WordPiece":
        """The tokenizer of a BERT vocabulary, in id order.

        GGUF files write word starts as "▁word" and continuations bare; both spellings are taken.
        """
        if any(token.startswith("\u2581") for token in tokens):
            tokens = [_from_gguf(token) for token in tokens]
        vocabulary = {token: index for index, token in enumerate(tokens)}
        return cls(vocabulary, vocabulary["[UNK]"])

    def words(self, text: str) -> Words:
        """The words of `text` in order; offsets are code points of `text` as given."""
        starts: list[int] = []
        ends: list[int] = []
        pieces: list[tuple[int, ...]] = []
        for start, end, word in split(text):
            starts.append(start)
            ends.append(end)
            pieces.append(self._pieces(word))
        return Words(starts=starts, ends=ends, pieces=pieces)

    def _pieces(self, word: str) -> tuple[int, ...]:
        found = self._known.get(word)
        if found is None:
            found = self._cut(word)
            if len(self._known) < 200_000:
                self._known[word] = found
        return found

    def _cut(self, word: str) -> tuple[int, ...]:
        if len(word) > MAX_WORD:
            return (self.unknown,)
        pieces: list[int] = []
        start = 0
        while start < len(word):
            end, piece = self._longest(word, start)
            if piece is None:
                return (self.unknown,)
            pieces.append(piece)
            start = end
        return tuple(pieces)

    def _longest(self, word: str, start: int) -> tuple[int, int | None]:
        prefix = "##" if start else ""
        for end in range(len(word), start, -1):
            piece = self.vocabulary.get(prefix + word[start:end])
            if piece is not None:
                return end, piece
        return start, None


def split(text: str) -> Iterator[tuple[int, int, str]]:
    """The normalised words of `text` with their places in it."""
    if text.isascii() and not _CONTROL.search(text):
        for match in _ASCII_WORD.finditer(text.lower()):
            yield match.start(), match.end(), match.group()
        return
    for run in _RUN.finditer(text):
        chunk = run.group()
        if chunk.isascii() and not _CONTROL.search(chunk):
            for match in _ASCII_WORD.finditer(chunk.lower()):
                yield run.start() + match.start(), run.start() + match.end(), match.group()
        else:
            yield from _split_run(chunk, run.start())


def _split_run(chunk: str, offset: int) -> Iterator[tuple[int, int, str]]:
    """As `_split`, for a run with characters whose normal form has another length."""
    word: list[str] = []
    start = end = 0
    for index, character in enumerate(chunk):
        if word and unicodedata.category(character) == "Mn":
            end = index + 1
        for normal in _normal(character):
            alone = _stands_alone(normal)
            if word and alone:
                yield offset + start, offset + end, "".join(word)
                word = []
            if alone:
                yield offset + index, offset + index + 1, normal
                continue
            if not word:
                start = index
            word.append(normal)
            end = index + 1
    if word:
        yield offset + start, offset + end, "".join(word)


def _normal(character: str) -> str:
    if unicodedata.category(character) in ("Cc", "Cf", "Co", "Cn", "Cs") or character == "\ufffd":
        return ""
    decomposed = unicodedata.normalize("NFD", character)
    return "".join(part for part in decomposed if unicodedata.category(part) != "Mn").lower()


def _stands_alone(character: str) -> bool:
    code = ord(character)
    if code < 128:
        return not character.isalnum()
    return unicodedata.category(character).startswith("P") or any(a <= code <= b for a, b in _IDEOGRAPHS)


def _from_gguf(token: str) -> str:
    if token.startswith("\u2581"):
        return token[1:]
    return token if token.startswith("[") and token.endswith("]") and len(token) > 2 else "##" + token
