import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from training.notes import noise
from training.notes.noise import abbreviations, applied, edits, recased, respelled, wrapped

ALL = {"abbreviations": 1, "typos": 1, "spaces": 1, "wrap": 1, "spoken": 1}
KNOWN = abbreviations({"patient": "pt|Pt", "by mouth": "p.o."})


@given(
    st.lists(
        st.sampled_from(["patient", "by mouth", "chest", "pain,", "Schmerzen", "äöü.", "\n", "10"]),
        max_size=60,
    ),
    st.integers(0, 999),
    st.data(),
)
def test_places_stay_at_the_words_they_were_at(words, seed, data):
    text = " ".join(words)
    picked = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=10)))
    changes = edits(text, random.Random(seed), ALL, KNOWN, {",": "comma"})
    after, moved = applied(text, picked, changes)
    assert moved == sorted(moved)
    assert all(0 <= place <= len(after) for place in moved)
    for (start, end), (now, then) in zip(pairwise(picked), pairwise(moved), strict=True):
        inside = [one for one in changes if one[0] < end and one[1] > start]
        if not inside:
            assert after[now:then] == text[start:end]


def test_words_are_written_short():
    text = "the patient takes it by mouth, patiently"
    changes = edits(text, random.Random(1), {"abbreviations": 1}, abbreviations({"by mouth": "p.o."}), {})
    assert applied(text, [], changes)[0] in ("the patient takes it p.o., patiently", text)


def test_no_change_crosses_an_edge():
    assert applied("no chest pain", [3, 8, 13], [(7, 9, "\n"), (8, 9, "  ")]) == (
        "no chest  pain",
        [3, 8, 14],
    )


def test_lines_are_wrapped_at_blanks():
    text = "one two three four five six\nseven"
    after = applied(text, [], wrapped(text, 10))[0]
    assert after.replace("\n", " ") == text.replace("\n", " ")
    assert max(map(len, after.split("\n"))) <= 10


def test_old_systems_have_no_umlauts():
    assert respelled("größer als Öl", [0, 6, 11], "de") == ("groesser als Oel", [0, 8, 13])
    assert respelled("œdème aigu", [0, 5], "fr") == ("œdeme aigu", [0, 5])


def test_recasing_keeps_the_length():
    assert recased("Straße ŉ", upper=True) == "STRAßE ŉ"


def test_the_same_dice_give_the_same_noise():
    text = "the patient has had severe headaches and nausea since yesterday " * 5
    one, two = (edits(text, random.Random(3), ALL, KNOWN, {}) for _ in range(2))
    assert one == two


def test_typos_keep_the_ends_of_words():
    text = "tachycardia"
    for start, end, _ in noise.typos(text * 1, random.Random(1), 1.0):
        assert 0 < start < end < len(text) + 1
