import json
from dataclasses import replace

import pytest
from scripted import Scripted

from adapter import context, extraction, notes
from adapter.errors import EngineError
from adapter.extraction.generative import GenerativeEngine, Manner
from adapter.extraction.generative.backend import Completion, Token
from adapter.tasks import library

TASK = library.find("problems-medications-procedures")
NOTE = (
    "Known asthma. Denies chest pain. Takes metformin 500 mg twice daily for diabetes. Appendectomy in 2019."
)
ANSWER = {
    "problems": [
        {"quote": "asthma", "status": "past"},
        {"quote": "chest pain", "status": "present"},
        {"quote": "diabetes", "status": "present"},
        {"quote": "hypertension", "status": "present"},
    ],
    "medications": [
        {
            "quote": "metformin 500 mg",
            "status": "taking",
            "dose": "500 mg",
            "route": "oral",
            "frequency": "twice daily",
            "reason": "diabetes",
        }
    ],
    "procedures": [{"quote": "Appendectomy", "status": "done", "date": "2019"}],
}


def note(text, language="en"):
    return notes.from_text("1", text, language)


def empty(**said):
    return json.dumps({"problems": [], "medications": [], "procedures": []} | said)


def engine(say, *, manner=None, task=TASK, chunk_tokens=None, **backend):
    return GenerativeEngine(Scripted(say, **backend), task, manner=manner, chunk_tokens=chunk_tokens)


def read(request):
    return request.messages[-1].content


def test_what_the_note_does_not_say_is_left_out_and_reported():
    answer = engine(lambda _: json.dumps(ANSWER)).answer(note(NOTE))
    assert [one["quote"] for one in answer.value["problems"]] == ["asthma", "chest pain", "diabetes"]
    assert "route" not in answer.value["medications"][0]
    reasons = [(issue.reason, issue.path) for issue in answer.left_out]
    assert ("quote-not-found", "/problems/3/quote") in reasons
    assert ("quote-not-found", "/medications/0/route") in reasons
    for fact in answer.facts:
        assert fact.spans


def test_facts_become_mentions_with_details_and_claims():
    step = extraction.extract(note(NOTE), engine(lambda _: json.dumps(ANSWER)))
    found = {(m.kind, m.text): m for m in step.kept}
    assert found["condition", "asthma"].claims == ("historical",)
    assert found["medication", "metformin"].end == NOTE.index(" 500 mg")
    drug = found["medication", "metformin"]
    for kind, words in (("dose", "500 mg"), ("frequency", "twice daily"), ("reason", "diabetes")):
        assert (found[kind, words].head.start, found[kind, words].head.end) == (drug.start, drug.end)
    assert ("condition", "diabetes") in found
    assert found["date", "2019"].head.start == NOTE.index("Appendectomy")


def test_rules_and_engine_together_take_the_more_cautious_side():
    text = note(NOTE)
    step = extraction.extract(text, engine(lambda _: json.dumps(ANSWER)))
    findings = {one.text: one for one in context.assess(text, step.kept, context.load("en")).kept}
    assert findings["chest pain"].assertion.negated  # the model said present, the note denies it
    assert findings["asthma"].assertion.historical
    assert [cue.rule for cue in findings["asthma"].assertion.cues if cue.axis == "historical"][-1] == "engine"
    assert {one.kind: one.text for one in findings["metformin"].attributes} == {
        "dose": "500 mg",
        "frequency": "twice daily",
        "reason": "diabetes",
    }


def test_a_quote_in_several_places_is_several_mentions():
    said = empty(problems=[{"quote": "pain", "status": "present"}])
    step = engine(lambda _: said).mentions(note("Pain at night. No pain by day. PAIN again."))
    assert [m.start for m in step.kept] == [18]  # letter by letter first
    step = engine(lambda _: said).mentions(note("Some pain at night. No pain by day."))
    assert [m.start for m in step.kept] == [5, 23]


def test_items_with_the_same_words_share_the_places_in_order():
    said = empty(problems=[{"quote": "pain", "status": "present"}, {"quote": "pain", "status": "absent"}])
    step = engine(lambda _: said).mentions(note("Some pain at night. No pain by day."))
    assert [m.claims for m in step.kept] == [(), ("negated",)]


@pytest.mark.parametrize("stop", ["length", "time"])
def test_an_answer_cut_short_is_asked_for_in_halves(stop):
    def say(request):
        if len(read(request).split()) > 4:
            return Completion(text='{"problems":[{"quote":"asthma"', stop=stop)
        return empty(problems=[{"quote": read(request).split()[1].strip("."), "status": "present"}])

    answer = engine(say).answer(note("Has asthma. Has gout. Has fever. Has cough."))
    assert [one["quote"] for one in answer.value["problems"]] == ["asthma", "fever"]
    assert [one.result for one in answer.attempts] == [stop, "read", "read"]


@pytest.mark.parametrize(
    "bad",
    [
        Completion(text="", stop="loop"),
        "no JSON",
        "[]",
        '{"problems":[]}',
        empty(problems=[{"quote": 5}]),
        "null",
    ],
)
def test_an_answer_that_is_none_is_asked_for_again_with_some_chance(bad):
    def say(request):
        return bad if request.temperature == 0 else empty(problems=[{"quote": "gout", "status": "present"}])

    answer = engine(say).answer(note("Has gout."))
    assert answer.value["problems"] == [{"quote": "gout", "status": "present"}]
    assert [(one.result, one.temperature) for one in answer.attempts][1:] == [("read", 0.4)]


def test_what_never_succeeds_is_reported_and_never_guessed():
    step = engine(lambda _: Completion(text="", stop="loop")).mentions(note("Has gout. Has asthma."))
    assert step.kept == ()
    assert step.answer.value is None
    assert {(one.reason, one.severity) for one in step.left_out} == {("answer-loop", "error")}
    places = sorted((one.start, one.end) for one in step.left_out)
    assert (places[0][0], places[-1][1]) == (0, 21)


def test_a_stretch_that_fails_leaves_the_others():
    def say(request):
        if "fever" in read(request):
            return Completion(text="", stop="time")
        return empty(problems=[{"quote": "gout", "status": "present"}])

    step = engine(say, chunk_tokens=16).mentions(
        note("Has gout today. " * 5 + "Has fever. " + "No pain here. " * 5)
    )
    assert {m.text for m in step.kept} == {"gout"}
    assert "answer-time" in {one.reason for one in step.left_out}


def test_a_note_that_takes_too_long_is_given_up():
    slow = engine(lambda _: empty(), manner=Manner(patience=0.0))
    assert {one.reason for one in slow.mentions(note("Has gout.")).left_out} == {"answer-time"}


def test_an_empty_note_is_not_asked_about():
    told = engine(lambda _: pytest.fail("asked"))
    assert told.answer(note("  \n")).value is None
    assert told.mentions(note("")).kept == ()


def test_several_runs_are_voted_on_and_the_vote_is_the_confidence():
    def say(request):
        status = "present" if request.seed < 200 else "absent"
        more = [{"quote": "fever", "status": "present"}] if request.seed == 0 else []
        return empty(problems=[{"quote": "gout", "status": status}, *more])

    step = engine(say, manner=Manner(runs=3)).mentions(note("Has gout. Had fever."))
    assert [(m.text, m.confidence, m.claims) for m in step.kept] == [("gout", 1.0, ())]
    facts = {fact.path: fact.confidence for fact in step.answer.facts}
    assert facts["/problems/0/status"] == pytest.approx(2 / 3)


def test_token_probabilities_are_the_confidence_of_a_single_run():
    text = empty(problems=[{"quote": "gout", "status": "present"}])
    at = text.index('"gout"')
    tokens = (Token(start=at, end=at + 6, logprob=-0.5),)
    step = engine(lambda _: Completion(text=text, stop="end", tokens=tokens)).mentions(note("Has gout."))
    assert step.kept[0].confidence == pytest.approx(0.6065, abs=1e-4)


def test_values_out_of_bounds_are_left_out_by_themselves():
    schema = {
        "type": "object",
        "properties": {
            "age": {"type": ["integer", "null"], "minimum": 0, "maximum": 120},
            "sex": {"type": "string"},
        },
        "required": ["age"],
    }
    task = replace(TASK, schema=schema, views=())
    said = json.dumps({"age": {"quote": "aged 430", "value": 430}, "sex": "woman"})
    answer = engine(lambda _: said, task=task).answer(note("A woman aged 430."))
    assert answer.value == {"age": None, "sex": "woman"}
    assert [one.reason for one in answer.left_out] == ["value-out-of-bounds"]


def test_an_instruction_that_leaves_no_room_is_refused():
    with pytest.raises(EngineError, match="tokens for the note"):
        engine(lambda _: empty(), context=40)


def test_the_model_says_what_it_was_asked():
    details = engine(lambda _: empty()).model.details
    assert details["task"] == TASK.name
    assert len(details["task-digest"]) == 64
    other = engine(lambda _: empty(), manner=Manner(seed=1)).model.details
    assert other["task-digest"] != details["task-digest"]
    adapted = Scripted(lambda _: empty())
    adapted.model = replace(adapted.model, details={"adapters": "ward=00"})
    assert GenerativeEngine(adapted, TASK).model.details["task-digest"] != details["task-digest"]


def test_a_task_in_a_language_without_rules_still_has_its_answer():
    german = note("Bekannte Gicht.", "de")
    step = engine(lambda _: empty(problems=[{"quote": "Gicht", "status": "present"}])).mentions(german)
    assert step.answer.value["problems"][0]["quote"] == "Gicht"
