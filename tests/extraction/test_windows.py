from hypothesis import example, given
from hypothesis import strategies as st

from adapter.extraction import windows
from adapter.extraction.wordpiece import Words
from adapter.model import Span


def words_of(lengths: list[int]) -> Words:
    starts = list(range(0, 2 * len(lengths), 2))
    pieces = [tuple(range(length)) for length in lengths]
    return Words(starts=starts, ends=[start + 1 for start in starts], pieces=pieces)


@example([9, 1, 9], [], 10)
@given(
    st.lists(st.integers(1, 9), max_size=120),
    st.lists(st.integers(0, 119), max_size=20),
    st.integers(10, 40),
)
def test_every_word_is_kept_once_and_every_window_fits(
    lengths: list[int], cuts: list[int], size: int
) -> None:
    words = words_of(lengths)
    sentences = [Span(start=2 * cut, end=2 * cut + 1) for cut in sorted(set(cuts)) if cut < len(lengths)]
    found = windows.cut(words, sentences, size, size // 4)
    kept = [index for window in found for index in range(window.keep_start, window.keep_end)]
    assert kept == list(range(len(lengths)))
    for window in found:
        assert window.start <= window.keep_start < window.keep_end <= window.end
        assert sum(lengths[window.start : window.end]) <= size


def test_sentences_share_a_window_while_they_fit() -> None:
    words = words_of([1] * 10)
    sentences = [Span(start=0, end=7), Span(start=8, end=13), Span(start=14, end=19)]
    found = windows.cut(words, sentences, 8, 2)
    assert [(one.start, one.end) for one in found] == [(0, 7), (7, 10)]


def test_words_of_a_long_sentence_are_read_away_from_the_edge() -> None:
    found = windows.cut(words_of([1] * 20), [Span(start=0, end=39)], 12, 4)
    assert [(one.start, one.end) for one in found] == [(0, 12), (8, 20)]
    assert [(one.keep_start, one.keep_end) for one in found] == [(0, 10), (10, 20)]


def test_a_word_longer_than_a_window_does_not_stop_it() -> None:
    found = windows.cut(words_of([500, 1]), [], 126, 32)
    assert [(one.keep_start, one.keep_end) for one in found] == [(0, 1), (1, 2)]
