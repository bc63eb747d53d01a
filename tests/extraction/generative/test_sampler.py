"""Tasks tried on a note: what is asked, what was answered, lost and spent; opened once, one at a time."""

import json
import threading
from dataclasses import replace

import pytest

from adapter import engines, notes
from adapter.errors import EngineError, InputError
from adapter.extraction.generative import sampler as sampling
from adapter.extraction.generative.backend import Completion
from adapter.language_model import LanguageModel
from adapter.settings import Settings
from adapter.tasks import Example, Task, library
from tests.scripted import Scripted

SCHEMA = {
    "type": "object",
    "required": ["problems", "age"],
    "properties": {
        "problems": {"type": "array", "items": {"type": "string", "maxLength": 40}, "description": "All."},
        "age": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
    },
}
EXAMPLE = Example(text="Gout at 50.", answer={"problems": ["Gout"], "age": 50}, evidence={"/age": "50"})
TASK = Task(
    name="t",
    version="1",
    title="T",
    instruction="List.",
    schema=SCHEMA,
    strategy="advanced",
    examples=(EXAMPLE,),
)
NOTE = notes.from_text("1", "Asthma and gout in a man of 61 years. More gout.", "en")
SAID = {"problems": ["Asthma", "vertigo", "gout"], "age": {"quote": "61 years", "value": 16}}


def made(say, **more):
    opened = []

    def open():
        opened.append(Scripted(say))
        return opened[-1]

    def engine(backend, task):
        return engines.engine(backend, task, LanguageModel(), "generative")

    return sampling.Sampler(open, engine, **more), opened


def test_what_is_asked_needs_no_model():
    sampler, opened = made(None)
    asked = sampler.asked(replace(TASK, shots=1))
    assert [one.role for one in asked.turns] == ["system", "user", "assistant", "user"]
    assert asked.turns[0].text.startswith("List.\n\nDefinitions:\n- problems[]: All.")
    assert json.loads(asked.turns[2].text) == {"problems": ["Gout"], "age": {"quote": "50", "value": 50}}
    assert asked.turns[3].text == sampling.NOTE
    assert asked.grammar.startswith("root ::= ") and asked.schema["properties"]["problems"]["maxItems"] == 32
    assert len(sampler.asked(replace(TASK, strategy="naive", shots=1)).turns) == 2
    assert len(made(None, strategy="retrieved")[0].asked(TASK).turns) == 4
    assert opened == []


def test_an_answer_comes_with_its_words_and_with_what_was_lost():
    completion = Completion(
        text=json.dumps(SAID), stop="end", prompt_tokens=30, cached_tokens=10, generated_tokens=9
    )
    sampler, opened = made(lambda request: completion)
    found = sampler.run(TASK, NOTE)
    assert found.answer == {"problems": ["Asthma", "gout"], "age": None}
    assert [(one.path, one.value, len(one.spans)) for one in found.values] == [
        ("/problems/0", "Asthma", 1),
        ("/problems/1", "gout", 2),
    ]
    assert [(one.path, one.value, one.words, one.reason) for one in found.lost] == [
        ("/problems/1", "vertigo", "vertigo", "quote-not-found"),
        ("/age", 16, "61 years", "value-not-in-quote"),
    ]
    assert (found.prompt_tokens, found.cached_tokens, found.generated_tokens, found.tries) == (30, 10, 9, 1)
    assert found.turns[-1].text == NOTE.text and found.written == (json.dumps(SAID),)
    assert found.model == "scripted 1"
    sampler.run(TASK, NOTE)
    assert len(opened) == 1


def test_a_stretch_that_was_not_read_is_an_issue():
    sampler, _ = made(lambda request: Completion(text='{"problems":[', stop="length"))
    found = sampler.run(TASK, NOTE)
    assert found.values == () and found.lost == ()
    assert {one.reason for one in found.issues} == {"answer-length"}


def test_a_note_is_bounded_and_one_is_read_at_a_time(monkeypatch):
    monkeypatch.setattr(sampling, "QUEUE", 0.05)
    reading, go = threading.Event(), threading.Event()

    def say(request):
        reading.set()
        assert go.wait(10)
        return '{"problems":[],"age":null}'

    sampler, _ = made(say)
    with pytest.raises(InputError):
        sampler.run(TASK, notes.from_text("1", "a" * (sampling.LONGEST + 1), "en"))
    first = threading.Thread(target=sampler.run, args=(TASK, NOTE))
    first.start()
    assert reading.wait(10)
    with pytest.raises(EngineError, match="another note"):
        sampler.run(TASK, NOTE)
    go.set()
    first.join()


def test_a_model_that_is_lent_is_left_open():
    closed = []

    class Closing(Scripted):
        def close(self):
            closed.append(self)

    own, lent = (
        Closing(lambda _: '{"problems":[],"age":null}'),
        Closing(lambda _: '{"problems":[],"age":null}'),
    )
    for backend, told in ((own, False), (lent, True)):
        sampler = sampling.Sampler(
            lambda backend=backend: backend,
            lambda one, task: engines.engine(one, task, LanguageModel(), "generative"),
            lent=told,
        )
        sampler.close()
        sampler.run(TASK, NOTE)
        sampler.close()
    assert closed == [own]


def test_the_small_model_that_ships_is_opened_when_it_is_first_asked(monkeypatch):
    sampler = engines.sampler(Settings(threads=2), None)
    assert sampler.small and not engines.sampler(Settings(remote="http://127.0.0.1:1/v1"), None).small
    found = sampler.run(
        library.named("problems-medications-procedures"), notes.from_text("1", "Aspirin 100 mg daily.", "en")
    )
    sampler.close()
    assert found.generated_tokens > 0 and found.seconds > 0 and "scribe" in found.model
    assert all(span.end <= 21 for one in found.values for span in one.spans)
