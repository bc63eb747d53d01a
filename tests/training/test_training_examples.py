import gzip
import json

import pytest

from training import examples
from training.examples import Example, check, outermost


def example(text, spans, outside=()):
    return Example(id="one", text=text, spans=spans, complete=(), outside=outside)


def test_a_good_example_passes():
    made = example("no chest pain.", ((3, 13, ("finding",)),), ((0, 2),))
    assert check(made) is made


@pytest.mark.parametrize(
    "spans",
    [
        ((2, 13, ("finding",)),),  # white space at the edge
        ((3, 13, ("finding",)), (9, 14, ("finding",))),  # overlap
        ((3, 99, ("finding",)),),  # past the end
        ((3, 3, ("finding",)),),  # empty
        ((3, 13, ("symptom",)),),  # no such kind
        ((3, 13, ()),),  # no kind
    ],
)
def test_a_bad_span_is_refused(spans):
    with pytest.raises(ValueError, match="one: bad"):
        check(example("no chest pain.", spans))


def test_a_bad_outside_range_is_refused():
    with pytest.raises(ValueError, match="outside"):
        check(example("no", (), ((1, 3),)))


def test_the_longer_of_two_overlapping_spans_stays():
    inner, outer, other = (4, 9, ("condition",)), (0, 9, ("condition",)), (10, 12, ("medication",))
    assert outermost([inner, other, outer]) == (outer, other)


def test_what_is_written_is_read_back(tmp_path):
    made = example("line\u2028separator and é pain", ((21, 25, ("finding",)),), ((0, 4),))
    examples.write(tmp_path / "a.jsonl", [made])
    assert list(examples.read(tmp_path / "a.jsonl")) == [made]
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


def corpus(folder, record):
    path = folder / "train.jsonl.gz"
    path.write_bytes(gzip.compress((json.dumps(record) + "\n").encode()))
    return path


def test_bc5cdr_diseases_may_be_findings(tmp_path):
    entities = [
        {"start": 0, "end": 8, "text": "Naloxone", "label": "Chemical"},
        {"start": 18, "end": 29, "text": "hypotension", "label": "Disease"},
    ]
    path = corpus(tmp_path, {"id": "1", "text": "Naloxone reversed hypotension.", "entities": entities})
    (made,) = examples.bc5cdr(path)
    assert made.spans == ((0, 8, ("medication",)), (18, 29, ("condition", "finding")))
    assert made.complete == ("condition", "finding", "medication")


def test_ncbi_diseases_may_be_findings(tmp_path):
    entities = [
        {"start": 0, "end": 6, "text": "Ataxia", "label": "DiseaseClass"},
        {"start": 11, "end": 17, "text": "cancer", "label": "DiseaseClass"},
    ]
    path = corpus(tmp_path, {"id": "1", "text": "Ataxia and cancer", "entities": entities})
    (made,) = examples.ncbi(path)
    assert {span[2] for span in made.spans} == {("condition", "finding")}
    assert made.complete == ("condition", "finding")
