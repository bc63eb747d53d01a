"""The page Tasks over HTTP, without a script: built, imported, tried on the shipped model, kept, and run."""

import html
import io
import json
import re
import threading
import zipfile
from types import MappingProxyType

import httpx
import pytest

from adapter import engines, workbench
from adapter.api.watching import logs
from adapter.cli import tasks as command
from adapter.cli.extract import extract
from adapter.extraction.generative import Sampler
from adapter.language_model import LanguageModel
from adapter.settings import Settings
from adapter.tasks import folder, grounded, library
from tests.scripted import Scripted
from tests.workbench.served_pages import serving
from tests.workbench.test_workbench_pages import HOSTILE, markup

OURS = {"Sec-Fetch-Site": "same-origin"}
SOURCE = "from pydantic import BaseModel\n\nclass OutputParser(BaseModel):\n    size: float\n    side: str\n"


class Form(dict):
    """The fields of the form of a page, as a browser would send them."""

    def __init__(self, page):
        text = page.text[page.text.index('id="draft"') :]
        for tag, attributes, inner in re.findall(
            r"<(input|select|textarea)\b([^>]*)>(.*?)(?=<(?:input|select|textarea|/form)\b)", text, re.S
        ):
            told = {
                name: html.unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', attributes)
            }
            if "name" not in told:
                continue
            value = told.get("value", "")
            if told.get("type") == "checkbox" and not re.search(r"\bchecked\b", attributes):
                continue
            if tag == "select":
                offered = re.findall(r'<option value="([^"]*)"( selected)?', inner)
                value = next((one for one, chosen in offered if chosen), offered[0][0])
            if tag == "textarea":
                value = inner[: inner.index("</textarea>")].removeprefix("\n")
            self[told["name"]] = value if tag == "input" else html.unescape(value)


@pytest.fixture(scope="module")
def sampler():
    """A sampler whose model says what is scripted: half of it stands in no note."""
    return Sampler(
        lambda: Scripted(said, context=1024),
        lambda backend, task: engines.engine(backend, task, LanguageModel(), "generative"),
        small=True,
    )


def said(request):
    if "medications" in request.schema["properties"]:
        problems = [{"quote": "asthma", "status": "present"}, {"quote": "gout", "status": "present"}]
        return json.dumps({"problems": problems, "medications": [], "procedures": []})
    return json.dumps({"problems": [{"quote": "asthma"}, {"quote": "vertigo"}], "fell": None})


@pytest.fixture
def home(tmp_path):
    (tmp_path / "tasks").mkdir()
    return tmp_path / "tasks"


@pytest.fixture
def client(pipeline, sampler, home):
    with serving(pipeline, sampler=sampler, tasks=home) as origin, httpx.Client(timeout=120) as found:
        found.base_url = f"{origin}/workbench/tasks"
        yield found


def listed(client):
    """The page itself, whose address has no slash at its end."""
    return client.get(str(client.base_url).rstrip("/"))


def pressed(client, form, do, **changes):
    filled = {**form, **changes, "do": do}
    return client.post("/build", data=filled, headers=OURS)


@pytest.fixture(scope="module")
def form(pipeline, sampler):
    """The form of a small task, built button by button."""
    with serving(pipeline, sampler=sampler) as origin, httpx.Client(timeout=120) as client:
        client.base_url = f"{origin}/workbench/tasks"
        return MappingProxyType(built(client))


def built(client):
    form = Form(client.get("/new"))
    form |= {
        "name": "fall-risk",
        "title": "Falls",
        "instruction": "List the problems of the note.",
        "f:0:name": "fell",
    }
    form |= {"f:0:kind": "boolean", "f:0:presence": "null", "strategy": "naive", "max_tokens": "200"}
    form = Form(pressed(client, form, "add:"))
    form |= {"f:1:name": "problems", "f:1:kind": "list", "f:1:presence": "needed"}
    form = Form(pressed(client, form, "show"))
    form |= {"f:1.0:kind": "group", "f:1:most": "5", "f:1:finding": "condition"}
    form = Form(pressed(client, form, "add:1.0"))
    form |= {"f:1.0.0:name": "quote", "f:1.0.0:bound": "condition", "f:1.0.0:length": "60"}
    return Form(pressed(client, form, "up:1"))


def test_the_tasks_there_are_can_be_opened(client, home):
    (home / "broken").mkdir()
    (home / "broken" / "task.toml").write_text('name = "broken"\n', "utf-8")
    page = listed(client)
    for entry in library.entries():
        assert f'href="/workbench/tasks/task/{entry.name}"' in page.text
        one = client.get(f"/task/{entry.name}")
        assert one.status_code == 200 and "Nothing: the task can be tried" in one.text
        assert "What a model gets" in one.text and "root ::= " in html.unescape(one.text)
    assert "broken/task.toml" in page.text
    assert client.get("/task/broken").status_code == 400
    assert client.get("/task/no-such").status_code == 404
    assert client.get("/task/..%2f..%2fmappings").status_code == 404


def test_a_task_is_built_by_a_form_alone_and_runs_from_the_command_line(
    client, home, core_store, tmp_path, form
):
    assert [form["f:0:name"], form["f:1:name"], form["f:0.0.0:name"]] == ["problems", "fell", "quote"]
    kept = pressed(client, form, "save")
    assert (kept.status_code, kept.headers["location"]) == (303, "/workbench/tasks/task/fall-risk?saved=yes")
    assert command.validate(Settings(), path=home / "fall-risk") == 0
    task = folder.read(home / "fall-risk")
    assert list(task.schema["properties"]) == ["problems", "fell"]
    assert (task.views[0].kind, task.bindings["problems/quote"].kind) == ("condition", "condition")
    notes = tmp_path / "notes.jsonl"
    notes.write_text('{"id": "1", "text": "History: asthma. She denies fever.", "lang": "en"}\n', "utf-8")
    chosen = Settings(engine="generative", task="fall-risk", tasks=home, terminology=core_store, threads=2)
    ended = extract(chosen, input=str(notes), output=str(tmp_path / "out.jsonl"), quiet=True)
    row = json.loads((tmp_path / "out.jsonl").read_text("utf-8"))
    assert ended == any("severity" in one for one in row["left_out"])  # the small model may have no answer
    assert row["task"] == "fall-risk" and (row["answer"] is not None or row["left_out"])
    assert set(row["answer"] or ()) <= {"problems", "fell"}


def test_an_own_task_is_saved_over_and_a_built_in_one_never(client, home, form):
    pressed(client, form, "save")
    again = Form(client.get("/task/fall-risk"))
    assert pressed(client, again, "save", version="2").status_code == 303
    assert folder.read(home / "fall-risk").version == "2"
    late = pressed(client, again, "save", version="3")
    assert late.status_code == 400 and "since it was opened" in late.text and 'value="3"' in late.text
    assert "is there already" in pressed(client, form, "save").text
    shipped = Form(client.get("/task/tumour-board"))
    refused = pressed(client, shipped, "save")
    assert refused.status_code == 400 and "built-in" in refused.text
    assert pressed(client, shipped, "save", name="our-board").status_code == 303
    assert sorted(one.name for one in home.iterdir()) == ["fall-risk", "our-board"]


@pytest.mark.parametrize("name", ["../evil", "a/b", "A b", "", "x" * 65, "..", "/tmp/x"])
def test_no_other_name_is_written(client, home, name, form):
    page = pressed(client, form, "save", name=name)
    assert page.status_code == 400 and "Not saved" in page.text
    assert list(home.iterdir()) == [] and not (home.parent / "evil").exists()


def test_what_is_wrong_stands_at_its_field(client, form):
    filled = form | {"f:0:most": "many", "f:1:name": "problems", "f:0.0.0:name": ""}
    page = pressed(client, filled, "show")
    assert page.status_code == 200
    assert re.search(r'data-wrong="f0"><li>problems, at most: not a whole number', page.text)
    assert re.search(r'data-wrong="f1"><li>problems, name: another field has it already', page.text)
    assert re.search(r'data-wrong="f0.0.0"><li>problems\[\].field 1, name: is empty', page.text)
    assert 'value="many"' in page.text
    assert pressed(client, filled, "run", example="en-clinic").status_code == 400


def test_an_example_that_no_longer_fits_is_said_and_no_error(client):
    filled = Form(client.get("/task/tumour-board"))
    page = pressed(client, filled | {"f:0.0.0:free": "yes"}, "show")
    assert page.status_code == 200 and "a value without the words it rests on" in html.unescape(page.text)
    assert "As soon as what is wrong is mended." in page.text


def test_a_value_set_is_typed_and_what_is_wrong_with_it_is_said(client, form):
    within = "<< 404684003 |Clinical finding|"
    page = pressed(client, form | {"f:0.0.0:within": within}, "show")
    assert "Nothing: the task can be tried" in page.text and Form(page)["f:0.0.0:within"] == within
    page = pressed(client, form | {"f:0.0.0:within": "<< finding"}, "show")
    assert re.search(r'data-wrong="f0.0.0"><li>problems\[\].quote, codes from: ECL', page.text)


def test_what_was_built_can_be_taken_along(client, tmp_path, form):
    answer = pressed(client, form, "zip")
    assert answer.headers["content-disposition"] == 'attachment; filename="task.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        packed.extractall(tmp_path)
    assert folder.read(tmp_path / "fall-risk").title == "Falls"
    stored = client.get("/task/tumour-board/zip")
    with zipfile.ZipFile(io.BytesIO(stored.content)) as packed:
        packed.extractall(tmp_path)
    assert folder.read(tmp_path / "tumour-board").examples


NOTE = "History: asthma.\nSince 2001 asthma, no <b>fever</b>."


def test_a_task_is_tried_and_its_answer_becomes_an_example(client):
    filled = Form(client.get("/task/problems-medications-procedures")) | {"name": "own-problems"}
    page = pressed(client, filled, "run", text=NOTE, language="en")
    assert page.status_code == 200
    assert re.search(r"What scripted 1 answered <b>[\d.]+ s · \d+ tokens written, \d+ read", page.text)
    assert re.findall(r'<mark class="borne">(.*?)<sup>(.*?)</sup>', page.text) == [
        ("asthma", "1 2"),
        ("asthma", "1 2"),
    ]
    text = re.search(r'<div class="text" lang="en">(.*?)</div>', page.text, re.S).group(1)
    assert html.unescape(re.sub(r"<sup>.*?</sup>|<[^>]+>", "", text)) == NOTE
    after = Form(pressed(client, Form(page), "take"))
    number = max(int(name.split(":")[1]) for name in after if name.startswith("s:"))
    assert after[f"s:{number}:text"] == NOTE
    assert (after[f"v:{number}:0.0.0"], after[f"v:{number}:0.0.1"]) == ("asthma", "present")
    assert after[f"n:{number}:0"] == "1"


@pytest.mark.parametrize("entry", library.entries(), ids=lambda entry: entry.name)
def test_a_task_that_ships_comes_back_from_its_form(client, entry, tmp_path):
    answer = pressed(client, Form(client.get(f"/task/{entry.name}")), "zip")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        packed.extractall(tmp_path)
    found, task = folder.read(tmp_path / entry.name), entry.read()
    assert (found.schema, found.views, found.bindings) == (task.schema, task.views, task.bindings)
    assert [one.text for one in found.examples] == [one.text for one in task.examples]
    said = [(grounded.written(task, one.answer, one.evidence), one.evidence) for one in task.examples]
    assert [
        (grounded.written(task, one.answer, one.evidence), one.evidence) for one in found.examples
    ] == said


def test_an_example_is_filled_in_without_json(client, form):
    filled = Form(pressed(client, form, "shot"))
    filled |= {"s:0:text": "Fell twice; vertigo.", "v:0:1": "true", "w:0:1": "Fell twice"}
    filled = Form(pressed(client, filled, "item:0.0"))
    assert filled["n:0:0"] == "1" and filled["v:0:1"] == "true"
    filled |= {"v:0:0.0.0": "vertigo", "shots": "1", "strategy": "advanced"}
    page = pressed(client, filled, "show", **{"f:1:name": "tumbled"})
    assert "Nothing: the task can be tried" in page.text
    assert "Fell twice; vertigo." in html.unescape(page.text.split("assistant")[0].split('class="beside"')[1])
    wrong = pressed(client, filled, "show", **{"w:0:1": "Fell thrice"})
    assert re.search(r'data-wrong="s0"><li>example 1, answer/fell: its words are not in the text', wrong.text)
    after = Form(pressed(client, filled, "unitem:0.0.0"))
    assert after["n:0:0"] == "0" and after["v:0:1"] == "true"
    assert pressed(client, filled, "item:0.7").status_code == 400


def test_what_the_model_made_up_is_left_out_and_said(client, form):
    page = pressed(client, form, "run", text="History: asthma.")
    assert "trained for one task alone" in page.text
    assert "<h3>Left out <b>1</b></h3>" in page.text and "bears out <b>1</b>" in page.text
    assert re.search(r"problems\[1\]\.quote</code></td><td>vertigo</td><td>“vertigo”</td>", page.text)
    assert re.search(
        r"<td>asthma <small>SNOMED CT \d+ asthma</small></td>", page.text
    )  # it is bound to conditions


def test_who_tried_and_saved_what_is_in_the_audit(pipeline, sampler, home, form):
    acts = []
    with (
        serving(pipeline, sampler=sampler, tasks=home, audit=acts.append) as origin,
        httpx.Client() as client,
    ):
        client.base_url, client.timeout = f"{origin}/workbench/tasks", 60
        pressed(client, form, "run", text="Zq7 has asthma.")
        pressed(client, form, "run", text="a" * 20_001)
        pressed(client, form, "save")
    assert [(one.what, one.status) for one in acts] == [
        ("$answer", 200),
        ("$answer", 400),
        ("$task-save", 303),
    ]
    assert len(acts[0].digest) == 64 and "Zq7" not in repr(acts)


def test_a_task_too_long_for_the_model_is_said_and_nothing_typed_is_lost(client, form):
    filled = Form(client.get("/task/tumour-board")) | {"title": "Zq title"}
    page = pressed(client, filled, "run", text="Tumour of the colon.")
    assert page.status_code == 503
    assert (
        "tokens for the note" in page.text and "Zq title" in page.text and "Tumour of the colon." in page.text
    )
    longer = pressed(client, form, "run", text="asthma " * 4000)
    assert longer.status_code == 400 and "longer than" in longer.text


def test_one_note_is_read_at_a_time(client, sampler, monkeypatch, form):
    monkeypatch.setattr("adapter.extraction.generative.sampler.QUEUE", 0.05)
    with sampler._reading:
        page = pressed(client, form, "run", text="Asthma.")
    assert page.status_code == 503 and "reads another note" in page.text


@pytest.mark.parametrize(
    ("told", "fields"),
    [
        ({"source": SOURCE, "called": "sizes"}, ["size", "side"]),
        (
            {
                "source": json.dumps(
                    {"Description": "Size.", "Parser_Format": {"size": {"type": "float"}}, "Data_Path": "x"}
                )
            },
            ["size"],
        ),
        (
            {
                "source": json.dumps(
                    {
                        "task_name": "Task105_Example",
                        "input_name": "text",
                        "label_name": "named_entity_recognition_target",
                    }
                ),
                "rows": json.dumps(
                    [
                        {
                            "uid": "1",
                            "text_parts": ["Big", "mass"],
                            "named_entity_recognition_target": ["O", "B-X"],
                        }
                    ]
                ),
            },
            ["entities"],
        ),
    ],
)
def test_tasks_of_other_tools_become_drafts(client, told, fields):
    page = client.post("/import", data=told, headers=OURS)
    assert page.status_code == 200 and "Imported; not saved yet." in page.text
    form = Form(page)
    assert [form[f"f:{number}:name"] for number in range(len(fields))] == fields
    assert "What was changed or left out" in page.text


@pytest.mark.parametrize("source", ["", "import os\nos.system('x')", "{", "print(1)", *HOSTILE[:4]])
def test_what_is_no_task_is_refused_and_not_run(client, source):
    page = client.post("/import", data={"source": source}, headers=OURS)
    assert page.status_code == 400
    assert not source or (source not in page.text)


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_drafts_are_only_text(client, number, form):
    wild, filled = HOSTILE[number], dict(form)
    for name in ("title", "name", "instruction", "rules", "text", "s:0:text", "s:0:answer", "s:0:evidence"):
        filled[name] = wild
    for name in ("f:0:name", "f:0:description", "f:0:most", "f:0.0.0:name", "f:1:description"):
        filled[name] = wild
    page = pressed(client, filled, "show")
    assert page.status_code == 200
    read = markup(page)
    assert [one["src"].rpartition("/")[2] for one in read.scripts] == ["workbench.js", "tasks.js"]
    assert not [name for name in read.attributes if name.startswith("on") or name in ("style", "srcdoc")]
    assert not read.tags & {"iframe", "svg", "math", "base", "style", "object", "embed"}
    again = Form(page)
    assert again["f:0:description"] == wild.replace("\0", "")
    assert pressed(client, filled, "save").status_code == 400


@pytest.mark.parametrize(
    "fields",
    [
        {"f:0:kind": "object"},
        {"f:x:kind": "text"},
        {"f:0:presence": "never"},
        {"f:" + "0." * 30 + "0:kind": "text"},
        {"f:0:of": "array"},
        {"do": "drop"},
        {"do": "add:x"},
        {"s:1.x:text": "a"},
        {"s::text": "a"},
        {"title": "a" * 300_001},
    ],
)
def test_forms_that_are_not_ours_are_refused(client, fields):
    page = client.post("/build", data={"do": "show", "name": "a", **fields}, headers=OURS)
    assert page.status_code == 400


@pytest.mark.parametrize(
    "do",
    [
        "remove:9",
        "up:9",
        "down:3.1",
        "add:7.7",
        "unshot:4",
        "unshot:",
        "remove:",
        "up:",
        "item:",
        "unitem:",
        "item:0",
        "unitem:0.1",
    ],
)
def test_buttons_for_what_is_not_there_change_nothing_much(client, do, form):
    assert pressed(client, form, do).status_code in (200, 400)


def test_who_only_looks_cannot_build(pipeline, sampler, home):
    def admit(*_):
        return workbench.Person(name="reader", roles=frozenset({"viewer"}))

    with serving(pipeline, admit, sampler=sampler, tasks=home) as origin, httpx.Client(timeout=60) as client:
        client.base_url = f"{origin}/workbench/tasks"
        assert "New task" not in listed(client).text
        page = client.get("/task/tumour-board")
        assert page.status_code == 200 and '<fieldset class="sheet" id="fields" disabled>' in page.text
        assert 'value="save"' not in page.text and 'value="run"' not in page.text
        assert client.get("/task/tumour-board/zip").status_code == 200
        for answer in (
            client.get("/new"),
            client.post("/build", data={"do": "save"}, headers=OURS),
            client.post("/import", data={"source": SOURCE}, headers=OURS),
        ):
            assert answer.status_code == 403
    assert list(home.iterdir()) == []


def test_without_a_directory_nothing_is_saved_and_without_a_model_nothing_run(pipeline):
    with serving(pipeline) as origin, httpx.Client(timeout=60) as client:
        client.base_url = f"{origin}/workbench/tasks"
        page = client.get("/task/tumour-board")
        assert 'value="save"' not in page.text and 'value="run"' not in page.text
        assert "no language model" in page.text
        form = Form(page)
        assert "no directory" in pressed(client, form, "save", name="x").text
        assert pressed(client, form, "run", text="Asthma.").status_code == 503


def test_forms_of_other_pages_are_refused(client, home, form):
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}):
        assert client.post("/build", data={**form, "do": "save"}, headers=headers).status_code == 403
    assert list(home.iterdir()) == []


def test_the_log_has_nothing_of_a_draft_or_a_note(client, form):
    stream = io.StringIO()
    undo = logs.configure("DEBUG", stream)
    try:
        filled = form | {"title": "Zq7Marker", "s:0:text": "Zq7Marker", "s:0:answer": "{Zq7Marker"}
        pressed(client, form, "run", title="Zq7Marker", text="Zq7Marker has asthma.")
        pressed(client, filled, "save")
        client.post("/import", data={"source": "Zq7Marker("}, headers=OURS)
    finally:
        undo()
    assert "/workbench/tasks/build" in stream.getvalue() and "Zq7" not in stream.getvalue()


def test_several_people_build_at_the_same_time(client, form):
    pages = []

    def work(number):
        pages.append((number, pressed(client, replace_title(form, number), "show").text))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(f'value="T{number}"' in text for number, text in pages) and len(pages) == 6


def replace_title(form, number):
    return {**form, "title": f"T{number}"}
