import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.extraction import edges
from adapter.extraction.bio import Chunk
from adapter.extraction.wordpiece import WordPiece, Words

TOKENIZER = WordPiece.of(["[PAD]", *[f"[unused{n}]" for n in range(99)], "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
CONDITION, MEDICATION = 0, 1


def chunk_of(words: Words, start: int, end: int, kind: int) -> Chunk:
    covered = [i for i in range(len(words)) if words.starts[i] < end and start < words.ends[i]]
    return Chunk(start=covered[0], end=covered[-1] + 1, kind=kind, probability=0.9)


def settled(marked: str, kind: int) -> list[str]:
    """What becomes of the mentions written between « and »."""
    text = re.sub("[«»]", "", marked)
    words = TOKENIZER.words(text)
    chunks = []
    for number, match in enumerate(re.finditer("«([^»]*)»", marked)):
        start = match.start() - 2 * number
        chunks.append(chunk_of(words, start, start + len(match.group(1)), kind))
    found = edges.settled(
        text, words, chunks, coded={MEDICATION}, headed={CONDITION}, heads={"tear", "lesion"}
    )
    return [text[words.starts[one.start] : words.ends[one.end - 1]] for one in found]


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("agents such as «NIK»-247 were", "NIK-247"),
        ("given «LY-»171555 daily", "LY-171555"),
        ("uptake of «CB» 3717 rose", "CB 3717"),
        ("«SR» 48,968 given", "SR 48,968"),
        ("started on 5-«FU» last week", "5-FU"),
        ("«ASA»-325 mg daily", "ASA"),
        ("«ASA» 81 daily", "ASA"),
        ("«NS» 1000 ml bolus", "NS"),
        ("«NS» 1000 over an hour", "NS"),
        ("«aspirin» 3717", "aspirin"),
        ("levels of «PGE»(2)", "PGE"),
        ("levels of «PGE(2»)", "PGE(2)"),
        ("the «warfarin-»related bleed", "warfarin"),
        ("binding of «[3H]spiperone» fell", "spiperone"),
        ("«L-[3H]nicotine» bound", "nicotine"),
    ],
)
def test_a_drug_ends_where_its_name_ends(marked: str, expected: str) -> None:
    assert settled(marked, MEDICATION) == [expected]


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("«heart failure (CHF»)", "heart failure"),
        ("«heart failure (systolic)» today", "heart failure (systolic)"),
        ("the «parkinsonian 'off» state", "parkinsonian"),
        ("«Parkinson's disease»", "Parkinson's disease"),
        ("«(heart failure» since", "heart failure"),
        ("«pneumonia,» treated", "pneumonia"),
        ("«CB» 3717 is no drug here", "CB"),
        ("«(»", "("),
        ("a «medial meniscal» tear", "medial meniscal tear"),
        ("a «meniscal tear» lesion", "meniscal tear"),
        ("a «pituitary», lesion", "pituitary"),
        ("as needed for «pain\n\nDISCHARGE» DIAGNOSES", "pain"),
        ("«chronic\nkidney disease»", "chronic\nkidney disease"),
    ],
)
def test_a_condition_holds_whole_brackets_only(marked: str, expected: str) -> None:
    assert settled(marked, CONDITION) == [expected]


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("troponin was <«0.01»", "<0.01"),
        ("CRP >= «200»", ">= 200"),
        ("LDL = «130»", "130"),
        ("INR «2.1»", "2.1"),
        ("<«asthma»", "asthma"),
    ],
)
def test_a_number_keeps_the_sign_before_it(marked: str, expected: str) -> None:
    assert settled(marked, CONDITION) == [expected]


def test_a_mention_stops_before_a_heading() -> None:
    text = "for pain\nPLAN: rest"
    words = TOKENIZER.words(text)
    chunk = chunk_of(words, 4, 13, CONDITION)
    (found,) = edges.settled(text, words, [chunk], coded=(), headings={9})
    assert text[words.starts[found.start] : words.ends[found.end - 1]] == "pain"


def test_a_head_noun_of_another_mention_stays_there() -> None:
    assert settled("«medial meniscal» «tear»", CONDITION) == ["medial meniscal", "tear"]


def test_an_edge_does_not_move_over_another_mention() -> None:
    assert settled("«CB» «3717» rose", MEDICATION) == ["CB", "3717"]


@given(st.text("aB(['-,) 35\n", min_size=1, max_size=40), st.data())
def test_chunks_stay_whole_apart_and_inside_the_text(text: str, data: st.DataObject) -> None:
    words = TOKENIZER.words(text)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(words)), max_size=6)))
    kinds = (CONDITION, MEDICATION)
    chunks = [
        Chunk(start=a, end=b, kind=data.draw(st.sampled_from(kinds)), probability=0.5)
        for a, b in zip(cuts[::2], cuts[1::2], strict=False)
    ]
    found = edges.settled(text, words, chunks, coded={MEDICATION})
    held = [index for one in found for index in range(one.start, one.end)]
    assert len(found) >= len(chunks)  # a chunk over two lines of a list is two
    assert all(0 <= one.start < one.end <= len(words) for one in found)
    assert len(held) == len(set(held))


def test_two_lines_of_a_list_are_two_mentions() -> None:
    assert settled("Dx:\n«arterial hypertension\nDiabetes mellitus»\n", CONDITION) == [
        "arterial hypertension",
        "Diabetes mellitus",
    ]


def test_two_columns_of_a_table_are_two_mentions() -> None:
    assert settled("Vorerkr.: «Asthma     Gicht»", CONDITION) == ["Asthma", "Gicht"]
    assert settled("Vorerkr.: «Asthma\tGicht»", CONDITION) == ["Asthma", "Gicht"]


def test_the_first_column_names_the_row() -> None:
    assert settled("«Kreislauf      Hypertonie»", CONDITION) == ["Hypertonie"]


def test_a_mention_ends_where_its_sentence_ends_with_the_line() -> None:
    line = "a long line that nobody has wrapped because it is over: sister bipolar"
    text = line + "\nthrombosis"
    words = TOKENIZER.words(text)
    chunk = chunk_of(words, text.index("bipolar"), len(text), CONDITION)
    parts = edges.settled(text, words, [chunk], coded=(), sentences={0, text.index("thrombosis")})
    assert [text[words.starts[one.start] : words.ends[one.end - 1]] for one in parts] == [
        "bipolar",
        "thrombosis",
    ]
    assert len(edges.settled(text, words, [chunk], coded=())) == 1


@pytest.mark.parametrize(
    "marked",
    [
        "The patient was then seen by the team for a «severe\nDupuytren contracture» of it",
        "short «chronic\nkidney disease» line",
    ],
)
def test_a_wrapped_mention_stays_whole(marked: str) -> None:
    assert len(settled(marked, CONDITION)) == 1
