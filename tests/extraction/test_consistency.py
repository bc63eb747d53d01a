import numpy as np
import pytest

from adapter.extraction import bio, consistency
from adapter.extraction.wordpiece import WordPiece, Words

TOKENS = ["[PAD]", *[f"[unused{n}]" for n in range(99)], "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = ["congestive", "heart", "failure", "chf", "(", ")", ".", "worse", "the", "mi"]
TOKENIZER = WordPiece.of([*TOKENS, *WORDS])
CONDITION = 0


def rows(words: Words, inside: dict[int, int], width: int = 5) -> np.ndarray:
    """Probabilities that are sure of the given labels, and of nothing elsewhere."""
    table = np.full((len(words), width), 0.01, np.float32)
    for index in range(len(words)):
        table[index, inside.get(index, 0)] = 0.96
    return table


@pytest.mark.parametrize(
    ("short", "long", "holds"),
    [
        ("CHF", "congestive heart failure", True),
        ("COPD", "chronic obstructive pulmonary disease", True),
        ("NTG", "nitroglycerin", True),
        ("5-HT", "5-hydroxytryptamine", True),
        ("MI", "congestive heart failure", False),
        ("HF", "of failure", False),
        ("CT", "cat", False),
    ],
)
def test_an_abbreviation_is_made_of_letters_in_order(short: str, long: str, holds: bool) -> None:
    assert consistency.abbreviates(short, long) is holds


def test_an_introduced_abbreviation_is_what_it_stands_for_everywhere() -> None:
    text = "congestive heart failure (CHF). the CHF worse. MI"
    words = TOKENIZER.words(text)
    table = rows(words, {0: 1, 1: 2, 2: 2})
    chunks = bio.chunks(bio.best_path(np.log(table)), table)
    told = consistency.abbreviations(text, words, table, chunks, 0.9)
    assert told is not None
    found = bio.chunks(bio.best_path(np.log(told)), told)
    quotes = [text[words.starts[one.start] : words.ends[one.end - 1]] for one in found]
    assert quotes == ["congestive heart failure", "CHF", "CHF"]
    assert np.allclose(told.sum(axis=1), table.sum(axis=1))


def test_an_abbreviation_of_no_mention_is_no_mention() -> None:
    text = "congestive heart failure (CHF). the CHF worse"
    words = TOKENIZER.words(text)
    table = rows(words, {4: 1, 8: 1})
    told = consistency.abbreviations(text, words, table, bio.chunks(bio.best_path(np.log(table)), table), 0.9)
    assert told is not None
    assert bio.chunks(bio.best_path(np.log(told)), told) == []


def test_brackets_after_other_words_introduce_nothing() -> None:
    text = "the worse (CHF)"
    words = TOKENIZER.words(text)
    assert consistency.abbreviations(text, words, rows(words, {}), [], 0.9) is None


def test_a_word_is_partly_what_it_is_elsewhere() -> None:
    words = TOKENIZER.words("CHF worse CHF . CHF")
    table = rows(words, {0: 1, 2: 1})
    shared = consistency.same_words(words, table, 0.5)
    assert shared[4, 1] > table[4, 1]
    assert shared[4, 1] == pytest.approx(0.5 * table[4, 1] + 0.5 * table[[0, 2, 4], 1].mean())
    assert np.array_equal(shared[1], table[1])
    assert np.array_equal(consistency.same_words(words, table, 0.0), table)
