import numpy as np
import pytest

from adapter.extraction import arbiter, fragments
from adapter.extraction.encoder import Reading
from adapter.extraction.wordpiece import Words
from adapter.model import Mention

RULES = arbiter.load()


def mention(text: str, words: str, kind: str, source: str, confidence: float = 0.9) -> Mention:
    start = text.index(words)
    return Mention(
        start=start, end=start + len(words), text=words, kind=kind, confidence=confidence, sources=(source,)
    )


def reading(text: str, inside: float) -> Reading:
    """An encoder that gives every word the same probability of being in a mention."""
    starts, ends, at = [], [], 0
    for word in text.split():
        start = text.index(word, at)
        starts.append(start)
        ends.append(at := start + len(word))
    rows = np.zeros((len(starts), 31), np.float32)
    rows[:, 0], rows[:, 1] = 1 - inside, inside
    return Reading(
        words=Words(starts=starts, ends=ends, pieces=[(1,)] * len(starts)),
        probabilities=rows,
        said=rows[:, :0],
    )


def merged(
    text: str, read: list[Mention], named: list[Mention], inside: float = 0.0
) -> list[tuple[str, str]]:
    kept = arbiter.merge(read, named, reading(text, inside), RULES)
    return [(one.text, one.kind) for one in kept]


@pytest.mark.parametrize(("named", "sure"), [("condition", 0.9), ("finding", 0.6)])
def test_the_same_words_are_one_mention_with_both_sources_and_the_encoders_kind(named, sure) -> None:
    text = "Has gout today"
    read = mention(text, "gout", "condition", "encoder", 0.6)
    kept = arbiter.merge([read], [mention(text, "gout", named, "dictionary")], reading(text, 0.9), RULES)
    assert [(one.kind, one.sources, one.confidence) for one in kept] == [
        ("condition", ("encoder", "dictionary"), sure)
    ]


@pytest.mark.parametrize(
    ("confidence", "doubt", "named", "kind"),
    [
        (0.7, 0.8, "procedure", "procedure"),
        (0.8, 0.8, "procedure", "condition"),
        (0.7, 0.0, "procedure", "condition"),
        (0.7, 0.8, "finding", "finding"),
    ],
)
def test_the_kind_of_a_name_holds_where_the_encoder_is_in_doubt(confidence, doubt, named, kind) -> None:
    text = "Nächtlich NIV fortführen"
    read = mention(text, "NIV", "condition", "encoder", confidence)
    kept = arbiter.merge(
        [read], [mention(text, "NIV", named, "dictionary")], reading(text, 0.9), RULES, doubt
    )
    assert [(one.text, one.kind) for one in kept] == [("NIV", kind)]


def test_a_test_with_its_result_stays_one() -> None:
    text = "DHC 14 mm"
    read = [mention(text, "DHC", "test", "encoder", 0.5), mention(text, "14 mm", "result", "encoder")]
    named = [mention(text, "DHC", "body_site", "dictionary")]
    kept = arbiter.merge(read, named, reading(text, 0.9), RULES, 0.9)
    assert [one.kind for one in kept] == ["test", "result"]
    kept = arbiter.merge(read[:1], named, reading(text, 0.9), RULES, 0.9)
    assert [one.kind for one in kept] == ["body_site"]


def test_a_long_drug_name_swallows_the_pieces_the_encoder_made_of_it() -> None:
    text = "- metformin hydrochloride 500 mg oral tablet"
    read = [
        mention(text, "metformin hydrochloride", "medication", "encoder"),
        mention(text, "500 mg", "dose", "encoder"),
        mention(text, "oral", "route", "encoder"),
        mention(text, "tablet", "form", "encoder"),
    ]
    named = [mention(text, text[2:], "medication", "dictionary")]
    assert merged(text, read, named) == [(text[2:], "medication")]


@pytest.mark.parametrize(
    ("text", "detail", "kind"),
    [
        ("1% lidocaine", "1%", "dose"),
        ("oral antibiotics", "oral", "route"),
        ("Betadine solution", "solution", "form"),
    ],
)
def test_a_short_name_does_not_swallow_a_detail(text: str, detail: str, kind: str) -> None:
    drug = text.replace(detail, "").strip()
    read = [mention(text, drug, "medication", "encoder"), mention(text, detail, kind, "encoder")]
    named = [mention(text, text, "medication", "dictionary")]
    assert set(merged(text, read, named)) == {(drug, "medication"), (detail, kind)}


def test_a_short_name_needs_the_encoders_suspicion() -> None:
    text = "The cold room"
    named = [mention(text, "cold", "condition", "dictionary")]
    assert merged(text, [], named, inside=0.01) == []
    assert merged(text, [], named, inside=0.6) == [("cold", "condition")]


@pytest.mark.parametrize(
    ("text", "inside", "kept"),
    [("KHK", 0.4, True), ("KHK", 0.1, False), ("pas", 0.9, False), ("RA", 0.9, False)],
)
def test_an_abbreviation_in_capitals_may_be_short(text: str, inside: float, kept: bool) -> None:
    named = [mention(text, text, "condition", "dictionary")]
    assert bool(merged(text, [], named, inside=inside)) is kept


def test_a_long_name_stands_alone() -> None:
    text = "assessment of anxiety (procedure)"
    named = [mention(text, text, "procedure", "dictionary")]
    assert merged(text, [], named) == [(text, "procedure")]


def test_a_name_with_its_semantic_tag_stands_alone() -> None:
    text = "Presenting with stress (finding)."
    named = [mention(text, "stress (finding)", "finding", "dictionary")]
    assert merged(text, [], named) == [("stress (finding)", "finding")]


def test_a_longer_name_of_another_kind_wins() -> None:
    text = "depression screening (procedure)"
    read = [mention(text, "depression", "condition", "encoder")]
    named = [mention(text, text, "procedure", "dictionary")]
    assert merged(text, read, named) == [(text, "procedure")]


def test_a_name_of_another_kind_does_not_swallow_a_mention() -> None:
    text = "chest pain"
    read = [mention(text, "chest pain", "finding", "encoder")]
    named = [mention(text, "pain", "condition", "dictionary")]
    assert merged(text, read, named) == [("chest pain", "finding")]


def test_a_crossing_name_gives_way() -> None:
    text = "acute chest pain syndrome"
    read = [mention(text, "acute chest", "finding", "encoder")]
    named = [mention(text, "chest pain syndrome", "condition", "dictionary")]
    assert merged(text, read, named) == [("acute chest", "finding")]


@pytest.mark.parametrize("order", [1, -1])
def test_nothing_overlaps_and_all_is_in_text_order(order: int) -> None:
    text = "gout and chronic kidney disease stage 3 with edema"
    read = [
        mention(text, "edema", "finding", "encoder"),
        mention(text, "kidney disease", "condition", "encoder"),
    ]
    named = [
        mention(text, "chronic kidney disease stage 3", "condition", "dictionary"),
        mention(text, "gout", "condition", "dictionary"),
    ][::order]
    assert merged(text, read[::order], named, inside=0.5) == [
        ("gout", "condition"),
        ("chronic kidney disease stage 3", "condition"),
        ("edema", "finding"),
    ]


@pytest.mark.parametrize(
    ("words", "kind", "fragment"),
    [
        ("Recurrent", "condition", True),
        ("death", "finding", True),
        ("recurrent fever", "finding", False),
        ("elevated", "result", False),
        ("left", "body_site", False),
    ],
)
def test_a_word_that_alone_names_nothing_is_a_fragment(words: str, kind: str, fragment: bool) -> None:
    one = mention(words, words, kind, "encoder")
    assert fragments.is_fragment(one, RULES.fragments) is fragment


def test_a_name_with_its_semantic_tag_stands_over_what_is_read_inside_it() -> None:
    text = "Done: medication reconciliation (procedure)."
    read = [mention(text, "medication reconciliation", "procedure", "encoder")]
    named = [mention(text, "medication reconciliation (procedure)", "procedure", "dictionary")]
    assert merged(text, read, named) == [("medication reconciliation (procedure)", "procedure")]
