"""A text -> the stretches of it that are in one language each.

Every line is asked by itself (py3langid: byte n-grams, naive Bayes) and its answer counts by its letters. The
most likely sequence of languages is taken, in which a change has its price: short lines, medication lists and
laboratory values follow their neighbours. Time is linear in the text.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from py3langid.langid import MODEL_FILE, LanguageIdentifier

UNKNOWN = "und"  # BCP 47 for a language that is not determined
READ = ("de", "en", "es", "fr", "nl")
BESIDE = (  # looked for so that they are not taken for one of those
    *("af", "ca", "cs", "da", "el", "et", "eu", "fi", "fy", "ga", "gl", "hr", "hu", "is", "it", "lb", "lt"),
    *("lv", "mt", "no", "pl", "pt", "ro", "ru", "sk", "sl", "sq", "sv", "tr", "uk"),
)
LANGUAGES = READ + BESIDE
LEAST = 0.002  # the least probability a line gives a language: no line decides alone
LETTERS = 25  # letters of a line that counts once
HEAVIEST = 4.0  # the most that one line counts
WITHIN, BETWEEN = 4.0, 2.5  # the price of a change of language: in a paragraph, between two
SURE = 1.0  # margin from which a language is believed, in natural logarithms of odds
AGAINST = 3.0  # margin from which it is believed against what is declared
LINE = re.compile(r"[^\r\n]{1,200}(?:[^\r\n]{0,400}?[.!?](?=\s)|[^\r\n]{0,400})")
WORD = re.compile(r"[^\W\d_]{2,}")

Scores = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Neighbouring lines in one language."""

    start: int
    end: int  # where the next begins; the runs cover the text
    language: str
    margin: float  # how much more likely than in any other language, natural logarithm of the odds
    letters: int


@dataclass(frozen=True, slots=True)
class _Line:
    start: int
    end: int
    letters: int
    apart: bool  # a blank line stands before it


class Detector:
    """Finds the languages of texts. The model is read when first needed; safe to use from several threads."""

    name = f"py3langid {version('py3langid')}"

    def __init__(self) -> None:
        self._lock = Lock()
        self._model: LanguageIdentifier | None = None

    def runs(self, text: str, expected: str | None = None) -> tuple[Run, ...]:
        """The languages of a text in order; none for a text without words.

        `expected` is the language it should be in: another one then has to be clear.
        """
        lines = list(_lines(text))
        if not lines:
            return ()
        scores = self._scores(text, lines)
        known = LANGUAGES.index(expected) if expected in LANGUAGES else None
        path = _path(lines, scores, _edge(known, AGAINST / 2))
        if known is None and any(language != path[0] for language in path):
            path = _path(lines, scores, _edge(_main(lines, path), BETWEEN))
        return tuple(_runs(lines, scores, path, len(text)))

    def _scores(self, text: str, lines: Sequence[_Line]) -> Scores:
        """The weighted logarithm of the probability of each language, for each line."""
        rank = self._identifier().rank
        found = [dict(rank(text[line.start : line.end])) for line in lines]
        shares = np.array([[one[language] for language in LANGUAGES] for one in found])
        weights = np.minimum([line.letters / LETTERS for line in lines], HEAVIEST)
        scores: Scores = np.log(np.maximum(shares, LEAST)) * weights[:, None]
        return scores

    def _identifier(self) -> LanguageIdentifier:
        with self._lock:
            if self._model is None:
                model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
                model.set_languages(LANGUAGES)
                self._model = model
            return self._model


def sureness(margin: float) -> float:
    """The probability that a margin stands for."""
    return round(1 / (1 + math.exp(-max(margin, -50.0))), 4)


def _lines(text: str) -> Iterator[_Line]:
    """The lines that have words; long ones in pieces."""
    before = 0
    for match in LINE.finditer(text):
        letters = sum(map(len, WORD.findall(match.group())))
        if letters:
            apart = text.count("\n", before, match.start()) > 1
            yield _Line(match.start(), match.end(), letters, apart)
            before = match.end()


def _edge(language: int | None, price: float) -> Scores:
    """What it costs to begin or to end in each language: nothing in the one that is expected."""
    costs = np.full(len(LANGUAGES), 0.0 if language is None else price)
    costs[language if language is not None else slice(0, 0)] = 0.0
    return costs


def _main(lines: Sequence[_Line], path: Sequence[int]) -> int:
    """The language of most letters."""
    letters: Counter[int] = Counter()
    for line, language in zip(lines, path, strict=True):
        letters[language] += line.letters
    return letters.most_common(1)[0][0]


def _path(lines: Sequence[_Line], scores: Scores, edge: Scores) -> list[int]:
    """The most likely language of each line (Viterbi; every change between two languages costs the same)."""
    best = scores[0] - edge
    came: list[tuple[NDArray[np.bool_], int]] = []
    for line, own in zip(lines[1:], scores[1:], strict=True):
        top = int(best.argmax())
        changed = best[top] - (BETWEEN if line.apart else WITHIN)
        stays = best >= changed
        came.append((stays, top))
        best = np.where(stays, best, changed) + own
    path = [int((best - edge).argmax())]
    for stays, top in reversed(came):
        path.append(path[-1] if stays[path[-1]] else top)
    return path[::-1]


def _runs(lines: Sequence[_Line], scores: Scores, path: Sequence[int], length: int) -> Iterator[Run]:
    first = 0
    for index in range(1, len(lines) + 1):
        if index < len(lines) and path[index] == path[first]:
            continue
        total = scores[first:index].sum(axis=0)
        yield Run(
            start=lines[first].start if first else 0,
            end=lines[index].start if index < len(lines) else length,
            language=LANGUAGES[path[first]],
            margin=float(total[path[first]] - np.delete(total, path[first]).max()),
            letters=sum(line.letters for line in lines[first:index]),
        )
        first = index
