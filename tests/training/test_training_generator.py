import random
import re

import pytest

from training import generator, generator_noise
from training.examples import check
from training.generator import Source, expand, joined
from training.vocabulary import KINDS, load, parts, table


@pytest.fixture(scope="module")
def vocabulary(tmp_path_factory):
    return load(core=tmp_path_factory.mktemp("core"))


@pytest.fixture(scope="module")
def made(vocabulary):
    return list(generator.notes(vocabulary, count=60, seed=3))


def test_every_offset_is_exact_and_every_kind_occurs(made):
    for example in made:
        check(example)
        assert example.complete == KINDS
    assert {span[2][0] for example in made for span in example.spans} == set(KINDS)


def test_the_same_seed_gives_the_same_notes(vocabulary, made):
    assert list(generator.notes(vocabulary, count=60, seed=3)) == made
    assert list(generator.notes(vocabulary, count=60, seed=4)) != made


def test_no_mark_of_a_template_is_left(made):
    for example in made:
        assert not re.search(r"[{}]|\|(?:finding|condition|test|social)", example.text)


def test_the_guideline_leaves_severity_and_sides_outside(made):
    leading = re.compile(
        r"(?i)^(no|denies|history of|mild|severe|worsening|the|(left|right|bilateral)"
        r"(?! (ventric|bundle|atri|heart|upper|lower)))\b"
    )
    for example in made:
        for start, end, (kind,) in example.spans:
            if kind in ("condition", "finding"):
                assert not leading.match(example.text[start:end]), example.text[start:end]


def test_there_are_many_templates_and_all_of_them_expand(vocabulary):
    data = table("templates.toml")
    blocks = {name: generator.lines_of(text) for name, text in data["sentences"].items()}
    assert len({line for lines in blocks.values() for line in lines}) >= 300
    macros = blocks | {name: generator.lines_of(text) for name, text in data["macros"].items()}
    macros |= {name: parts(text) for name, text in data["fillers"].items()}
    source = Source(vocabulary=vocabulary, macros=macros, dice=random.Random(0))
    for lines in macros.values():
        for line in lines:
            assert {kind for _, kind in expand(line, source)} <= {None, *KINDS}


def test_held_out_templates_are_not_trained_on():
    lines = [str(number) for number in range(40)]
    held = generator.parted(lines, random.Random(1), True)
    kept = generator.parted(lines, random.Random(1), False)
    assert len(held) == 4
    assert sorted(held + kept, key=int) == lines


def test_a_sentence_begins_with_a_capital_and_keeps_its_spans(vocabulary):
    text, spans = joined([("he reports ", None), ("cough", "finding"), (". she left.", None)])
    assert text == "He reports cough. She left."
    assert text[spans[0][0] : spans[0][1]] == "cough"


def test_edits_move_spans_and_never_cross_their_edges():
    text, spans = "no  cough or fever", [(4, 9, ("finding",)), (13, 18, ("finding",))]
    edits = [(2, 4, " "), (5, 7, "uo"), (8, 10, "x"), (12, 13, "  ")]
    after, moved = generator_noise.applied(text, spans, edits)
    assert [after[start:end] for start, end, _ in moved] == ["cuogh", "fever"]
    assert after == "no cuogh or  fever"


def test_recasing_keeps_the_length():
    assert generator_noise.recased("Straße ŉ", str.upper) == "STRAßE ŉ"


def test_an_open_mark_is_an_error(vocabulary):
    with pytest.raises(ValueError, match="never closes"):
        expand("{condition", Source(vocabulary=vocabulary, macros={}, dice=random.Random(0)))
