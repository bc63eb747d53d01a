import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import InputError
from adapter.evaluation import readers
from adapter.evaluation.record import paired, renamed
from terminology.systems import ICD10CM

TEXT = "Père: asthma 🫁. Denies left\nand right arm pain."


def lines(path, *rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def finding(words, **more):
    start = TEXT.index(words)
    return {"start": start, "end": start + len(words), "text": words, "kind": "condition", **more}


def spans(documents):
    return [(one.kind, one.places) for document in documents for one in document.annotations]


def test_our_lines_say_everything(tmp_path):
    said = {"negated": True, "experiencer": "family"}
    coding = {"system": ICD10CM, "code": "J45", "score": 0.5}
    row = finding(
        "asthma", assertion=said, confidence=0.7, codings=[coding], alternatives=[{**coding, "code": "J44"}]
    )
    row["attributes"] = {"body_site": [{"start": 13, "end": 14, "text": "🫁"}]}
    (document,) = readers.read(lines(tmp_path / "gold", {"id": "a", "text": TEXT, "findings": [row]}))
    asthma, lung = document.annotations
    assert asthma.assertion["negated"] and asthma.assertion["family"] and not asthma.assertion["stopped"]
    assert [(one.code, one.chosen) for one in asthma.codes] == [("J45", True), ("J44", False)]
    assert (lung.kind, lung.places) == ("body_site", ((13, 14),))


def test_the_same_mention_twice_counts_once(tmp_path):
    rows = [finding("asthma"), finding("asthma", confidence=0.5)]
    (document,) = readers.read(lines(tmp_path / "gold", {"id": "a", "text": TEXT, "findings": rows}))
    assert [one.confidence for one in document.annotations] == [0.5]


def test_what_hangs_on_a_mention_by_relation_is_a_detail_and_no_mention(tmp_path):
    said, pain = {"allergen": True}, [{"start": 38, "end": 46, "text": "arm pain"}]
    rows = [
        finding("asthma", assertion=said, relations={"reaction": pain, "date": [{"start": 0, "end": 4}]}),
        finding("asthma", assertion=said, attributes={"finding": pain}),
        finding("asthma", attributes={"finding": pain}),
    ]
    found = [{"id": str(at), "text": TEXT, "findings": [row]} for at, row in enumerate(rows)]
    told, run, plain = readers.read(lines(tmp_path / "gold", *found))
    assert [one.kind for one in told.annotations[0].details] == ["reaction", "date"]
    assert [one.kind for one in run.annotations[0].details] == ["reaction"]
    assert [one.kind for one in plain.annotations[0].details] == ["finding"]
    assert [len(one.annotations) for one in (told, run, plain)] == [1, 2, 2]


@pytest.mark.parametrize(
    "change, what",
    [
        ({"text": "Asthma"}, "do not stand"),
        ({"end": 400}, "outside"),
        ({"start": 9, "end": 9}, "outside"),
        ({"start": "6"}, "whole number"),
        ({"confidence": 3}, "confidence"),
        ({"kind": None}, "kind"),
        ({"assertion": {"negated": "yes"}}, "flag"),
        ({"assertion": {"negatd": True}}, "flag other than"),
        ({"assertion": {"experiencer": "mother"}}, "experiencer"),
        ({"codings": [{"code": "J45"}]}, "system"),
        ({"relations": []}, "relations"),
    ],
)
def test_lines_that_are_wrong_are_refused_by_line_and_document(tmp_path, change, what):
    path = lines(tmp_path / "gold", {"id": "doc-7", "text": TEXT, "findings": [finding("asthma") | change]})
    with pytest.raises(InputError, match=rf"line 1, document doc-7: finding 1.*{what}") as error:
        readers.read(path)
    assert "asthma" not in str(error.value).lower()


def test_predictions_are_checked_against_golds_text(tmp_path):
    path = lines(tmp_path / "run", {"id": "a", "findings": [finding("asthma")]})
    assert len(readers.read(path, texts={"a": TEXT})) == 1
    with pytest.raises(InputError, match="line 1, document a"):
        readers.read(path, texts={"a": "Another text " * 9})


def test_a_note_that_failed_found_nothing_and_one_without_gold_is_refused(tmp_path):
    gold = readers.read(lines(tmp_path / "gold", {"id": "a", "text": TEXT, "findings": [finding("asthma")]}))
    run = readers.read(lines(tmp_path / "run", {"id": "a", "outcome": {"resourceType": "OperationOutcome"}}))
    (case,) = paired(gold, run)
    assert case.missing and case.gold and not case.predicted
    with pytest.raises(InputError, match="not in gold: 1, the first is a"):
        paired([], run)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 60) | st.floats(-1, 2) | st.sampled_from(["a", "s", TEXT]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["start", "end", "text", "system", "code", "dose"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)
NAMES = [
    "start",
    "end",
    "text",
    "kind",
    "spans",
    "assertion",
    "codings",
    "alternatives",
    "attributes",
    "confidence",
]


@given(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6), st.booleans())
def test_whatever_a_line_holds_is_read_or_refused(tmp_path_factory, changes, whole):
    item = finding("asthma") | changes
    row = {"id": "a", "text": TEXT, "findings": [item] if whole else changes.get("spans")}
    path = lines(tmp_path_factory.getbasetemp() / "wild", row)
    try:
        (document,) = readers.read(path)
    except InputError as error:
        assert "asthma" not in str(error)
    else:
        places = [place for one in document.annotations for place in one.places]
        assert all(0 <= start < end <= len(TEXT) for start, end in places)


def test_lines_that_are_not_utf_8_are_refused(tmp_path):
    (tmp_path / "gold").write_bytes('{"id": "a", "text": "Père", "findings": []}'.encode("latin-1"))
    with pytest.raises(InputError, match="line 1: not UTF-8 at byte 22"):
        readers.read(tmp_path / "gold")


def test_a_document_twice_is_refused(tmp_path):
    with pytest.raises(InputError, match="2 times"):
        readers.read(lines(tmp_path / "gold", *[{"id": "a", "text": TEXT, "findings": []}] * 2))


def brat(folder, *told):
    (folder / "sub").mkdir()
    (folder / "sub" / "a.txt").write_bytes(TEXT.encode())
    (folder / "sub" / "a.ann").write_text("".join(f"{line}\n" for line in told), "utf-8")
    return folder


def test_brat_with_words_apart_attributes_and_codes(tmp_path):
    folder = brat(
        tmp_path,
        "A1\tNegated T2",
        "T1\tCondition 6 12\tasthma",
        "T2\tCondition 23 27;38 46\tleft arm pain",
        "A2\tExperiencer T1 family",
        "N1\tReference T1 ICD10CM:J45.909\tAsthma",
        "R1\tCauses Arg1:T1 Arg2:T2",
        "#1\tAnnotatorNotes T1\tanything",
    )
    (document,) = readers.read(folder)
    assert document.id == "sub/a"
    assert document.discontinuous == 1
    asthma, pain = document.annotations
    assert pain.places == ((23, 27), (38, 46))
    assert pain.assertion["negated"] and not pain.assertion["family"]
    assert asthma.assertion["family"] and not asthma.assertion["negated"]
    assert [(one.system, one.code) for one in asthma.codes] == [(ICD10CM, "J45.909")]


def test_brat_of_another_person(tmp_path):
    folder = brat(tmp_path, "T1\tCondition 6 12\tasthma", "A1\tExperiencer T1 Other")
    ((asthma,),) = (one.annotations for one in readers.read(folder))
    assert asthma.assertion["other"] and not asthma.assertion["family"]


def test_brat_puts_places_that_touch_together_and_reads_a_line_break_as_a_blank(tmp_path):
    (document,) = readers.read(brat(tmp_path, "T1\tCondition 23 27;28 46\tleft and right arm pain"))
    assert spans([document]) == [("condition", ((23, 27), (28, 46)))]
    assert document.annotations[0].assertion is None


@pytest.mark.parametrize(
    "line",
    [
        "T1\tCondition 6 12\tAsthma!",
        "T1\tCondition 6 900\tasthma",
        "T1\tCondition x\tasthma",
        "A1\tNegated T9",
        "Condition 6 12 asthma",
    ],
)
def test_brat_that_does_not_fit_is_refused(tmp_path, line):
    with pytest.raises(InputError, match=r"line 1, document sub/a") as error:
        readers.read(brat(tmp_path, line))
    assert "asthma" not in str(error.value).lower()


@pytest.mark.parametrize("line", ["T1\tFinding 38 46\tarm pain", "A1\tExperiencer T1 Mother"])
def test_brat_that_contradicts_itself_is_refused(tmp_path, line):
    with pytest.raises(InputError, match=r"line 2, document sub/a"):
        readers.read(brat(tmp_path, "T1\tCondition 6 12\tasthma", line))


def test_brat_annotations_without_their_text_are_refused(tmp_path):
    folder = brat(tmp_path)
    (folder / "b.ann").write_text("", "utf-8")
    with pytest.raises(InputError, match=r"document b: no \.txt"):
        readers.read(folder)


PUBTATOR = """7|t|Asthma in naïve mice
7|a|Lithium was given.
7\t0\t6\tAsthma\tDisease\tD001249
7\t21\t28\tLithium\tChemical\tMESH:D008094|OMIM:1
7\tCID\tD008094\tD001249

8|t|Nothing
8|a|
"""


def test_pubtator(tmp_path):
    path = tmp_path / "corpus.txt"
    path.write_text(PUBTATOR, "utf-8")
    seven, eight = readers.read(path)
    assert (seven.id, seven.text) == ("7", "Asthma in naïve mice\nLithium was given.")
    assert spans([seven]) == [("disease", ((0, 6),)), ("chemical", ((21, 28),))]
    assert [(one.system, one.code) for one in seven.annotations[1].codes] == [
        ("MESH", "D008094"),
        ("OMIM", "1"),
    ]
    assert not eight.annotations
    assert spans(renamed([seven], {"disease": "condition"}))[0] == ("condition", ((0, 6),))


@pytest.mark.parametrize(
    "old, new",
    [
        ("7\t0\t6", "7\t1\t7"),
        ("7\t0\t6", "9\t0\t6"),
        ("7\t0\t6", "7\t0\t600"),
        ("Asthma\tDisease\tD001249", "Asthma"),
    ],
)
def test_pubtator_that_does_not_fit_is_refused(tmp_path, old, new):
    path = tmp_path / "corpus.txt"
    path.write_text(PUBTATOR.replace(old, new), "utf-8")
    with pytest.raises(InputError, match="line 3, document 7") as error:
        readers.read(path)
    assert "sthma" not in str(error.value)


BIO = """-DOCSTART- -X- O n1

Severe NN B-Condition
asthma NN I-Condition
. . O

No DT O
pain NN B-Condition

-DOCSTART- -X- O n2

Pain O
"""


def test_bio_makes_its_text(tmp_path):
    path = tmp_path / "corpus.conll"
    path.write_text(BIO, "utf-8")
    one, other = readers.read(path)
    assert (one.id, one.text, other.id) == ("n1", "Severe asthma .\nNo pain", "n2")
    assert [one.text[start:end] for _, ((start, end),) in spans([one])] == ["Severe asthma", "pain"]


def test_bio_with_other_labels_or_words_is_refused(tmp_path):
    path = tmp_path / "corpus.conll"
    path.write_text(BIO.replace("B-Condition", "Condition"), "utf-8")
    with pytest.raises(InputError, match="line 3, document n1"):
        readers.read(path)
    path.write_text(BIO, "utf-8")
    with pytest.raises(InputError, match="other words"):
        readers.read(path, texts={"n1": "Else"})
