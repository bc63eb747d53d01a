"""What is left to read, by hand and against a slow, plain computation."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import InputError
from adapter.evaluation import mistakes, readers, redaction
from adapter.evaluation.record import Annotation, Case

TEXT = "Mme Durand, née le 3 mai 1950, tel. 01.23.45.67.89"


def mark(words, kind):
    start = TEXT.index(words)
    return Annotation(kind=kind, places=((start, start + len(words)),))


GOLD = (mark("Durand", "name"), mark("3 mai 1950", "date"), mark("01.23.45.67.89", "phone"))
RUN = (
    mark("Durand", "city"),  # of another kind: gone all the same
    mark("mai 1950, tel", "date"),  # the day is left; "tel" need not go
    mark("01.23.45.67.8", "phone"),  # a digit is left
)


def case(gold=GOLD, predicted=RUN, text=TEXT, **more):
    return Case(id="a", text=text, gold=tuple(gold), predicted=tuple(predicted), **more)


def counts(found, measure, kind="all"):
    one = found.redacted[measure][kind]
    return one.hits, one.wanted, one.given


def test_measures_by_hand():
    found = redaction.evaluate([case()], resamples=5)
    assert counts(found, "tokens") == (1 + 2 + 4, 1 + 3 + 5, 1 + 3 + 5)  # of the last number a part is gone
    assert counts(found, "identifiers") == (1, 3, 1)
    assert counts(found, "documents") == (0, 1, 0)
    assert counts(found, "characters")[:2] == (6 + 8 + 13, 6 + 10 + 14)
    assert counts(found, "tokens", "date")[:2] == (2, 3)
    assert counts(found, "documents", "name")[:2] == (1, 1)
    figures = redaction.figures(found)
    assert figures["redacted.tokens.all.recall"].value == pytest.approx(7 / 9)
    assert figures["redacted.tokens.all.precision"].value == pytest.approx(7 / 9)
    assert figures["redacted.documents.all"].value == 0
    assert figures["strict.micro.f1"].value == 0
    assert figures["overlapping.micro.recall"].value == pytest.approx(2 / 3)
    assert "redacted.tokens.date.precision" not in figures


def test_a_mark_between_tokens_may_stay():
    dots = [Annotation(kind="phone", places=tuple((at, at + 2) for at in range(36, 50, 3)))]
    found = redaction.evaluate([case(gold=GOLD[2:], predicted=dots)], resamples=5)
    assert counts(found, "documents") == (1, 1, 1)
    assert counts(found, "characters")[0] == 10


def test_documents_without_identifiers_do_not_count_and_those_that_failed_do():
    cases = [case(gold=(), predicted=()), case(predicted=(), missing=True), case(predicted=GOLD)]
    found = redaction.evaluate(cases, resamples=5)
    assert counts(found, "documents") == (1, 2, 1)
    told = redaction.as_json(found)
    assert (told["documents"], told["missing"], told["without_identifiers"]) == (3, 1, 1)
    assert told["left"]["tokens"]["all"] == 9 and told["left"]["documents"]["all"] == 1


SPANS = st.lists(st.tuples(st.integers(0, 11), st.integers(1, 5), st.sampled_from("AB")), max_size=4)


@given(st.text("ab .é", min_size=12, max_size=12), SPANS, SPANS)
def test_as_a_reader_would_count(text, gold, predicted):
    def marks(drawn):
        return [Annotation(kind=kind, places=((at, min(12, at + size)),)) for at, size, kind in drawn]

    truth, found = marks(gold), marks(predicted)
    black = {at for one in found for at in range(one.start, one.end)}
    secret = {at for one in truth for at in range(one.start, one.end)}
    words = [range(*one.span()) for one in re.finditer(r"\w+", text)]
    wanted = [word for word in words if secret & set(word)]
    hits = [word for word in wanted if not (secret & set(word)) - black]
    given_ = [word for word in words if black & set(word)]
    measured = redaction.evaluate([case(truth, found, text)], resamples=2)
    assert counts(measured, "tokens") == (len(hits), len(wanted), len(given_))
    assert counts(measured, "characters") == (len(secret & black), len(secret), len(black))
    assert counts(measured, "documents")[0] == (bool(truth) and len(hits) == len(wanted))


def test_what_is_left_is_listed_with_its_sentence_or_without():
    told = mistakes.left([case()], text=True)
    assert [(one.gold, one.found) for one in told] == [("date", "a part of it"), ("phone", "a part of it")]
    shown = [part.text for part in told[0].passage if part.gold and not part.found]
    assert shown == ["3 "]
    assert not any(one.passage for one in mistakes.left([case()], text=False))


def test_lines_with_findings_and_identifiers(tmp_path):
    path = tmp_path / "a.jsonl"
    finding = {"start": 0, "end": 3, "kind": "condition"}
    name = {"start": 4, "end": 10, "label": "NOM"}
    row = {"note_id": 7, "note_text": TEXT, "findings": [finding], "entities": [name]}
    path.write_text(json.dumps(row) + "\n", "utf-8")
    (one,) = readers.read(path, identifiers=True)
    assert (one.id, one.text, one.annotations[0].kind) == ("7", TEXT, "NOM")
    assert readers.read(path)[0].annotations[0].kind == "condition"
    path.write_text(json.dumps({"id": 1, "entities": [{"start": 0, "end": 1}]}), "utf-8")
    with pytest.raises(InputError, match="a kind"):
        readers.read(path)
