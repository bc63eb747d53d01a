import json
from dataclasses import replace

import pytest
from scripted import Scripted

from adapter import notes
from adapter.errors import EngineError
from adapter.extraction.generative import GenerativeEngine
from adapter.extraction.generative.showing import Showing, size
from adapter.tasks import Example, library

TASK = replace(library.find("problems-medications-procedures"), strategy="retrieved", max_tokens=50)
NONE = {"problems": [], "medications": [], "procedures": []}


def example(words, name="gout"):
    answer = NONE | {"problems": [{"quote": name, "status": "present"}]}
    return Example(text=f"Has {name}. " + "Well otherwise. " * (words // 2), answer=answer)


BARE = 510  # words of the chat without examples, and the template's


def words(text):
    return len(text.split())


def test_of_examples_that_do_not_all_fit_the_nearest_stays():
    chosen = (example(200), example(20, "asthma"), example(20, "fever"))
    showing = Showing(TASK, lambda _: chosen, count=words, room=BARE + 120)
    chat = showing.messages("Has a cough.")
    assert ["Has asthma" in turn.content for turn in chat] == [False, True, False, False, False, False]
    assert size(chat, words) <= BARE + 120
    assert len(Showing(TASK, lambda _: chosen, count=words, room=BARE).messages("Has a cough.")) == 2


def test_a_long_note_is_read_beside_long_examples():
    """The examples of a site are not known beforehand, so half of the room is kept for them."""
    backend = Scripted(lambda _: json.dumps(NONE), context=BARE + 350)
    engine = GenerativeEngine(backend, TASK, shots=lambda _: (example(300), example(40)))
    assert engine.answer(notes.from_text("1", "Has a cough and fever. " * 300, "en")).value == NONE
    assert {len(request.messages) for request in backend.asked} == {4}
    assert all(size(request.messages, words) <= BARE + 300 for request in backend.asked)


@pytest.mark.parametrize("answer", [{"diagnoses": []}, NONE | {"problems": ["gout"]}, {"problems": [{}]}])
def test_an_example_of_another_task_is_not_shown(answer):
    shown = (Example(text="Has gout.", answer=answer),)
    engine = GenerativeEngine(Scripted(lambda _: json.dumps(NONE)), TASK, shots=lambda _: shown)
    with pytest.raises(EngineError, match="answer of another shape") as raised:
        engine.answer(notes.from_text("1", "Has a cough.", "en"))
    assert not raised.value.retryable
    assert raised.value.issue().code == "processing"
