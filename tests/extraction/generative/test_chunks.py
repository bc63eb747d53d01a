from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from adapter import notes
from adapter.extraction.generative import chunks


def words(text):
    return len(text.split())


def cut(text, most):
    note = notes.from_text("1", text, "en")
    return note, chunks.split(note, most, words)


def test_a_note_that_fits_is_read_at_once():
    note, spans = cut("Has asthma. Takes salbutamol.", 50)
    assert [note.text[s.start : s.end] for s in spans] == ["Has asthma. Takes salbutamol."]


def test_a_note_without_words_has_no_stretches():
    assert cut("  \n ", 50)[1] == ()
    assert cut("", 50)[1] == ()


def test_a_long_note_is_cut_where_a_section_begins():
    history = "HISTORY:\nHas asthma since school. Smokes ten a day.\n\n"
    text = history + "MEDICATIONS:\nSalbutamol as needed. Metformin 500 mg twice a day.\n"
    note, spans = cut(text, 16)
    assert [note.text[s.start : s.end].split()[0] for s in spans][:2] == ["HISTORY:", "MEDICATIONS:"]


def test_one_word_for_ever_is_cut_and_ends():
    note, spans = cut("ha " * 5000, 40)
    assert all(words(note.text[s.start : s.end]) <= 40 for s in spans)
    assert sum(words(note.text[s.start : s.end]) for s in spans) == 5000


@given(st.text(alphabet="ab .\n:A", max_size=400), st.integers(2, 20))
def test_stretches_cover_every_word_once_in_order(text, most):
    note, spans = cut(text, most)
    assert all(a.end <= b.start for a, b in pairwise(spans))
    covered = "".join(note.text[s.start : s.end] for s in spans)
    assert "".join(covered.split()) == "".join(note.text.split())


@given(st.text(alphabet="ab .", min_size=1, max_size=100))
def test_halves_are_the_whole(text):
    note = notes.from_text("1", text, "en")
    for span in chunks.split(note, 10_000, words):
        parts = chunks.halves(note, span)
        if parts:
            first, second = parts
            assert (first.start, second.end) == (span.start, span.end)
            assert first.end == second.start
            assert first.start < first.end < second.end
