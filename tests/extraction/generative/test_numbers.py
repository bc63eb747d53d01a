import pytest

from adapter.extraction.generative import numbers

SAID = numbers.load()


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("a mass of 4 cm", 40),
        ("4.5 cm", 45),
        ("4,5 cm", 4.5),
        ("1,500 mg", 1500),
        ("1.500 mg", 1.5),
        ("12 500", 12500),
        ("two lesions", 2),
        ("keine Läsion", 0),
        ("trois fois", 3),
        ("0", 0),
        ("PSA 9.7", 9.7),
        ("-3", 3),
        ("aged 43", 43),
    ],
)
def test_words_say_their_number(words, value):
    assert SAID.say(words, value)


@pytest.mark.parametrize(
    ("words", "value"),
    [("4 cm", 7), ("4 cm", 400_000), ("several lesions", 3), ("", 1), ("none", 1), ("0 of 3", 2)],
)
def test_words_do_not_say_another(words, value):
    assert not SAID.say(words, value)
