"""The tokens of a model: text to tokens and back, and which of them an answer may hold.

What a note says is data: in it no marker of the chat (`<|im_end|>`, `<end_of_turn>`, `</think>`) becomes
the token of that marker, whatever the tokenizer would make of it.
"""

import bisect
import codecs
import ctypes
import re
from collections.abc import Iterable
from typing import Any

import llama_cpp
import numpy as np
from numpy.typing import NDArray

_UNKNOWN, _UNUSED, _CONTROL, _USER = 1 << 0, 1 << 1, 1 << 3, 1 << 4  # llama_token_attr
_MARKER = re.compile(r"[<\[{(|].*[>\]})|]", re.DOTALL)
_PART = 20_000  # characters tokenized at once: some tokenizers recurse over their input
_GUARD = "\n"  # put before a text so that SentencePiece adds no space to it


class Vocabulary:
    """The vocabulary of one model. Only reads after it was made: several threads may use it."""

    def __init__(self, model: Any) -> None:
        self._vocab = llama_cpp.llama_model_get_vocab(model)
        self.size = int(llama_cpp.llama_vocab_n_tokens(self._vocab))
        self.pieces = [self._piece(token, special=False) for token in range(self.size)]
        attributes = [int(llama_cpp.llama_vocab_get_attr(self._vocab, token)) for token in range(self.size)]
        self.ends = frozenset(t for t in range(self.size) if llama_cpp.llama_vocab_is_eog(self._vocab, t))
        self._control = frozenset(t for t, bits in enumerate(attributes) if bits & (_CONTROL | _UNKNOWN))
        silent = (t for t, bits in enumerate(attributes) if bits & (_CONTROL | _UNKNOWN | _UNUSED))
        self.hidden = np.array([t for t in silent if t not in self.ends], np.int32)  # never in an answer
        self._markers = self._find_markers(attributes)
        self._first = self._begin()
        self._guard = self._prefix_guard()
        self.broken = np.array([not _whole(piece) for piece in self.pieces], np.bool_)  # part of a character
        self.firsts = self._by_first_byte()  # for each of the 256 bytes the tokens that begin with it
        self._sorted, self._known = sorted(self.pieces), frozenset(self.pieces)
        self.letters = {piece: token for token, piece in enumerate(self.pieces) if len(piece) == 1}
        self.singles = np.array(sorted(self.letters.values()), np.int32)  # a token for each byte that has one
        self.unlettered = [byte for byte in range(256) if bytes((byte,)) not in self.letters]

    @property
    def pointer(self) -> Any:
        """llama.cpp's own vocabulary."""
        return self._vocab

    def markup(self, tokens: list[int], text: str) -> None:
        """Adds text of a chat template to the tokens; markers in it become control tokens."""
        if not tokens:
            tokens += self._first
        if text:
            found = self._tokens(text, special=True, bare=self._runs_on(tokens))
            tokens += found[1:] if tokens == self._first and found[:1] == self._first else found

    def data(self, tokens: list[int], text: str) -> None:
        """Adds text that is data to the tokens; nothing in it becomes a control token."""
        if not tokens:
            tokens += self._first
        for part in self._parts(text):
            tokens += self._tokens(part, special=False, bare=self._runs_on(tokens))

    def settled(self, text: str) -> list[int]:
        """The first tokens of data that runs on from other text, while no longer token could stand there."""
        tokens, rest = self._tokens(text, special=False, bare=True), text.encode()
        for number, token in enumerate(tokens):
            if self._longer(rest, len(self.pieces[token])):
                return tokens[:number]
            rest = rest[len(self.pieces[token]) :]
        return tokens

    def _longer(self, text: bytes, size: int) -> bool:
        """Whether a token of more than `size` bytes begins as the text does, or with all of it."""
        at = bisect.bisect_right(self._sorted, text)
        beyond = at < len(self._sorted) and self._sorted[at].startswith(text)
        return beyond or any(text[:end] in self._known for end in range(size + 1, len(text) + 1))

    def count(self, text: str) -> int:
        """How many tokens a text is, as data."""
        tokens: list[int] = []
        self.data(tokens, text)
        return len(tokens) - len(self._first)

    def token(self, marker: str) -> int | None:
        """The one token that a marker is, or None."""
        found = self._tokens(marker, special=True, bare=True)
        return found[0] if len(found) == 1 else None

    def text(self, token: int) -> str:
        """What a token looks like in a template; empty for none."""
        return self._piece(token, special=True).decode("utf-8", "replace") if token >= 0 else ""

    def written(self, tokens: Iterable[int]) -> str:
        """What tokens look like together, control tokens included."""
        return b"".join(self._piece(token, special=True) for token in tokens).decode("utf-8", "replace")

    @property
    def bos(self) -> str:
        """How a text begins, as templates write it."""
        return self.text(int(llama_cpp.llama_vocab_bos(self._vocab)))

    @property
    def eos(self) -> str:
        """How a text ends, as templates write it."""
        return self.text(int(llama_cpp.llama_vocab_eos(self._vocab)))

    def _piece(self, token: int, *, special: bool) -> bytes:
        room = 64
        while True:
            buffer = ctypes.create_string_buffer(room)
            size = int(llama_cpp.llama_token_to_piece(self._vocab, token, buffer, room, 0, special))
            if size >= 0:
                return buffer.raw[:size]
            room = -size

    def _begin(self) -> list[int]:
        """What stands before every text of this model: its token of the beginning, or nothing."""
        first = int(llama_cpp.llama_vocab_bos(self._vocab))
        return [first] if llama_cpp.llama_vocab_get_add_bos(self._vocab) and first >= 0 else []

    def _prefix_guard(self) -> list[int]:
        """The tokens of the guard where the tokenizer puts a space before a text, else none."""
        plain = self._raw("a", special=False)
        if not plain or not self.pieces[plain[0]].startswith(b" "):
            return []
        return self._raw(_GUARD, special=False)

    def _runs_on(self, tokens: list[int]) -> bool:
        """Whether a text added here goes on from other text, not from a control token."""
        return bool(tokens) and tokens[-1] not in self._control

    def _tokens(self, text: str, *, special: bool, bare: bool) -> list[int]:
        """The tokens of a text; `bare`: with no space put before it."""
        if bare and self._guard:
            guarded = self._raw(_GUARD + text, special=special)
            if guarded[: len(self._guard)] == self._guard:
                return guarded[len(self._guard) :]
        return self._raw(text, special=special)

    def _raw(self, text: str, *, special: bool) -> list[int]:
        raw = text.encode("utf-8", "replace")
        room = len(raw) + 8
        while True:
            tokens = (llama_cpp.llama_token * room)()
            size = int(llama_cpp.llama_tokenize(self._vocab, raw, len(raw), tokens, room, False, special))
            if size >= 0:
                return tokens[:size]
            room = -size

    def _find_markers(self, attributes: Iterable[int]) -> re.Pattern[str] | None:
        """What must not be read as one token in data; a tokenizer does so for added tokens of every kind."""
        texts = set()
        for token, bits in enumerate(attributes):
            if bits & (_CONTROL | _USER | _UNKNOWN):
                text = self.text(token)
                if len(text) > 1 and (bits & _CONTROL or _MARKER.fullmatch(text.strip())):
                    texts.add(text)
        if not texts:
            return None
        return re.compile("(?=(?:" + "|".join(re.escape(text) for text in sorted(texts)) + "))")

    def _parts(self, text: str) -> Iterable[str]:
        """The text cut inside every marker, and into parts short enough for every tokenizer."""
        cuts = {found.start() + 1 for found in self._markers.finditer(text)} if self._markers else set()
        begin = 0
        for end in (*sorted(cuts), len(text)):
            while end - begin > _PART:
                at = max(text.rfind(" ", begin + _PART // 2, begin + _PART), begin + _PART // 2)
                yield text[begin:at]
                begin = at
            if end > begin:
                yield text[begin:end]
            begin = end

    def _by_first_byte(self) -> list[NDArray[np.int32]]:
        found: list[list[int]] = [[] for _ in range(256)]
        for token, piece in enumerate(self.pieces):
            if piece:
                found[piece[0]].append(token)
        return [np.array(tokens, np.int32) for tokens in found]


def fits(pending: bytes, piece: bytes) -> bool:
    """Whether a piece may follow the begun character `pending` in well-formed UTF-8."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(pending + piece)
    except UnicodeDecodeError:
        return False
    begun = unfinished(pending + piece)
    return begun[:1] != b"\xed" or begun[1:2] < b"\xa0"  # Python sees a surrogate at its third byte only


def unfinished(data: bytes) -> bytes:
    """The bytes at the end that begin a character and do not end it."""
    for back in range(1, min(4, len(data)) + 1):
        byte = data[-back]
        if byte >= 0xC0:
            needed = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return data[-back:] if needed > back else b""
        if byte < 0x80:
            break
    return b""


def _whole(piece: bytes) -> bool:
    try:
        piece.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
