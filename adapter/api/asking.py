"""$answer, a task asked of a language model about a document, and $tasks, what may be asked.

Nothing is stored and nothing is sent. Which tasks there are is data (docs/tasks.md); a caller names one, and
cannot bring one along.
"""

import json
from collections.abc import Iterator
from typing import Any

from adapter.api import operations
from adapter.api.call import Answer, Call
from adapter.engines import Fact, Questions, Told
from adapter.errors import EngineError, InputError
from adapter.fhir import outcome
from adapter.model import Coding, Note, Resource


def tasks(call: Call) -> Answer:
    """A Parameters resource that names each task there is, with its version and title."""
    rows = [
        _part("task", _value("name", task.name), _value("version", task.version), _value("title", task.title))
        for task in _questions(call).tasks()
    ]
    return Answer(resource={"resourceType": "Parameters", "parameter": rows})


def answer(call: Call) -> Answer:
    """A Parameters resource with the answer for each text of the document, and the characters it rests on.

    What the task binds to the terminology has its codes there too.

    Takes a Parameters with the document and the name of the task; without one, the site's own is asked.
    """
    questions, (document, about) = _questions(call), operations.given_documents(call)
    if call.service.deriver is None or call.service.pipeline is None:
        raise EngineError("this process has no model")
    notes, issues = call.service.deriver.notes(document)
    rows: list[Resource] = []
    for note in notes:
        told = call.service.pipeline.told(note, questions.ask(_named(call.resource), note))
        rows += _note(note, told)
        issues = (*issues, *told.left_out)
    rows.append({"name": "outcome", "resource": outcome.of(issues)})
    return Answer(
        resource={"resourceType": "Parameters", "parameter": rows}, concerns=about[0], besides=about[1:]
    )


def _questions(call: Call) -> Questions:
    if call.service.questions is None:
        raise EngineError("this process has no language model")
    return call.service.questions


def _named(resource: Resource) -> str | None:
    """The task the caller named."""
    for one in resource.get("parameter") or ():
        if isinstance(one, dict) and one.get("name") == "task":
            name = one.get("valueString", one.get("valueCode"))
            if not isinstance(name, str):
                raise InputError("a task is named by a string", path="Parameters.parameter")
            return name
    return None


def _note(note: Note, told: Told) -> Iterator[Resource]:
    answer = told.answer
    yield _part(
        "answer",
        _value("path", note.path),
        _value("task", told.task.name),
        _value("version", told.task.version),
        _value("value", json.dumps(answer.value, ensure_ascii=False)),
        *(_part("fact", *_fact(fact)) for fact in answer.facts),
    )


def _fact(fact: Fact) -> Iterator[Resource]:
    yield _value("path", fact.path)
    yield _value("value", json.dumps(fact.value, ensure_ascii=False))
    if fact.confidence is not None:
        yield {"name": "confidence", "valueDecimal": round(fact.confidence, 4)}
    if fact.codings is not None:
        yield {"name": "concept", "valueCodeableConcept": _concept(fact)}
    for span in fact.spans:
        yield _part(
            "span",
            {"name": "start", "valueInteger": span.start},
            {"name": "end", "valueInteger": span.end},
        )


def _concept(fact: Fact) -> Resource:
    """What the words are called; words alone where no concept is sure enough."""
    codings = [_coding(one) for one in fact.codings or ()]
    return {**({"coding": codings} if codings else {}), "text": str(fact.value)}


def _coding(one: Coding) -> Resource:
    told = {"system": one.system, "version": one.version, "code": one.code, "display": one.display}
    return {name: value for name, value in told.items() if value}


def _part(name: str, *parts: Resource) -> Resource:
    return {"name": name, "part": list(parts)}


def _value(name: str, value: str) -> dict[str, Any]:
    return {"name": name, "valueString": value}
