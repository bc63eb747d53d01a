import json
from dataclasses import replace

import pytest

from adapter.errors import InputError
from adapter.tasks import elmtex, library
from training.lora import answers, data

TEXT = "A man, 54 years, with crushing chest pain. Metformin 500 mg was stopped."
FLAT = dict.fromkeys(elmtex.KEYS, "N/A") | {
    "signs_symptoms": "crushing chest pain; severe nausea",
    "age": "54 years",
    "gender": "male",
}


def pair(answer, *, flat, evidence=None, text=TEXT):
    return data.Pair(number=1, text=text, answer=answer, evidence=evidence or {}, patient="", flat=flat)


def test_facts_that_the_note_does_not_state_are_left_out_and_counted():
    told = answers.told(library.find("elmtex-15"), [pair(FLAT, flat=True)])
    answer = json.loads(told.examples[0].answer)
    assert answer["signs_symptoms"] == ["crushing chest pain"]
    assert (answer["age"], answer["gender"]) == ("54 years", None)
    assert (told.facts, told.without_words, told.unusable) == (4, 2, [])
    assert list(answer) == list(library.find("elmtex-15").schema["properties"])
    assert not told.examples[0].may_cut


def test_a_task_without_evidence_takes_elmtex_as_it_is():
    keys = {"type": "string", "maxLength": 400}
    schema = {
        "type": "object",
        "required": list(elmtex.KEYS),
        "additionalProperties": False,
        "properties": dict.fromkeys(elmtex.KEYS, keys),
    }
    task = replace(library.find("elmtex-15"), schema=schema, evidence="none", views=(), examples=())
    told = answers.told(task, [pair(FLAT, flat=True)])
    assert json.loads(told.examples[0].answer) == FLAT
    assert told.without_words == 0
    assert told.examples[0].may_cut


def test_values_stand_beside_the_words_they_rest_on():
    schema = {
        "type": "object",
        "required": ["pain"],
        "additionalProperties": False,
        "properties": {
            "pain": {"type": "boolean"},
            "count": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        },
    }
    task = replace(library.find("elmtex-15"), schema=schema, views=(), examples=())
    told = answers.told(task, [pair({"pain": True}, flat=False, evidence={"/pain": "chest pain"})])
    assert json.loads(told.examples[0].answer)["pain"] == {"quote": "chest pain", "value": True}
    with pytest.raises(InputError, match="record 1: /pain"):
        answers.told(task, [pair({"pain": True}, flat=False)])


def test_an_answer_of_another_task_is_refused_by_number_and_place():
    task = library.find("problems-medications-procedures")
    wrong = {"problems": [{"quote": "chest pain", "status": "gone"}], "medications": [], "procedures": []}
    with pytest.raises(InputError, match=r"record 1: /problems/0/status") as refused:
        answers.told(task, [pair(wrong, flat=False)])
    assert "chest" not in str(refused.value)


def test_the_prompt_is_the_engine_s_without_examples():
    task = replace(library.find("elmtex-15"), strategy="naive")
    system, user = answers.messages(task, TEXT)
    assert (system.role, system.content) == ("system", task.instruction)
    assert (user.role, user.content) == ("user", TEXT)
