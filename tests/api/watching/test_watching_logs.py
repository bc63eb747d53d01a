import contextlib
import io
import json
import logging
import subprocess
import sys
import threading
import warnings

import httpx
import pytest
from fastapi import FastAPI, Request
from hypothesis import given
from hypothesis import strategies as st

from adapter.api.watching import logs
from adapter.api.watching.logs import Known
from adapter.api.watching.requests import Requests
from adapter.errors import SettingsError

MARKERS = [f"zq{word}xj" for word in ("name", "mrn", "note", "token", "path", "query", "header", "class")]
NAME, MRN, NOTE, TOKEN, PATH, QUERY, HEADER, CLASS = MARKERS


@pytest.fixture
def written():
    """What is logged while a test runs."""
    stream = io.StringIO()
    undo = logs.configure("DEBUG", stream)
    yield stream
    undo()


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def free_of_markers(stream):
    text = stream.getvalue().lower()
    return [marker for marker in MARKERS if marker in text] == []


def fails():
    try:
        raise KeyError(MRN)
    except KeyError as cause:
        raise ValueError(f"{NOTE} {NAME}") from cause


def test_an_event_of_ours_with_its_fields(written):
    told = {"status": 200, "method": Known("POST"), "milliseconds": 1.23456, "route": Known("/fhir/{id}")}
    logging.getLogger("adapter.api").info("request", extra=told)
    (line,) = lines(written)
    assert line["event"] == "request" and line["level"] == "INFO" and line["logger"] == "adapter.api"
    assert line["method"] == "POST" and line["milliseconds"] == 1.235 and line["route"] == "/fhir/{id}"
    assert "at" not in line and line["time"].endswith("+00:00")


@pytest.mark.parametrize("name", ["adapter.api", "uvicorn.error", "dbos", "httpx", "unheard.of", NOTE])
def test_nothing_free_gets_through_any_logger(written, name):
    for one in (logging.getLogger(), logging.getLogger("dbos")):
        one.handlers = one.handlers[:1]  # pytest's own format what they get
    logger = logging.getLogger(name)
    logger.warning(NOTE)
    logger.warning("%s of %s", NAME, MRN)
    logger.warning("%d", NOTE)  # arguments that do not fit: the standard library prints them
    logger.warning({"note": NOTE})
    extra = {"route": f"/Patient/{PATH}", "status": NOTE, "note": NOTE, "target": TOKEN, "request_id": MRN}
    logger.warning("request", extra=extra)
    logger.warning("request", extra={"route": Known(f"/{PATH} {NOTE}\n"), "count": float("nan")})
    with contextlib.suppress(ValueError):
        fails()
    try:
        fails()
    except ValueError:
        logger.exception("request-failed", stack_info=True)
    logger.handle(
        logging.makeLogRecord({"name": name, "msg": NOTE, "levelno": 30, "levelname": NAME, "exc_text": MRN})
    )
    assert free_of_markers(written)
    assert len(lines(written)) == 8


def test_an_exception_is_named_by_class_and_place(written):
    try:
        fails()
    except ValueError:
        logging.getLogger("adapter.jobs").exception("request-failed")
    (line,) = lines(written)
    assert line["error"] == ["ValueError", "KeyError"]
    assert line["trace"][-1].startswith(f"{__name__}:fails:")
    assert free_of_markers(written)


def test_what_a_library_says_is_told_by_a_word_of_ours(written):
    logging.getLogger("uvicorn.error").info("Started server process [%d]", 77)
    logging.getLogger("uvicorn.error").info(f"Loaded {PATH}")
    started, unknown = lines(written)
    assert started["event"] == "server-started" and "at" not in started
    assert unknown["event"] == "library" and unknown["at"].startswith("test_watching_logs:")


def test_warnings_threads_and_dbos_take_the_same_way(written, capfd):
    from dbos._logger import init_logger

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(NOTE, stacklevel=1)
    thread = threading.Thread(target=fails)
    thread.start()
    thread.join()
    init_logger()
    logging.getLogger("dbos").error(f"workflow {NOTE} failed")
    logging.getLogger("dbos").exception(NAME)
    assert free_of_markers(written)
    assert [line["logger"] for line in lines(written)] == ["py.warnings", "adapter", "dbos", "dbos"]
    shown = capfd.readouterr()
    assert shown.out == shown.err == ""


@given(st.text(), st.text(), st.dictionaries(st.sampled_from(logs.FIELDS), st.text() | st.binary()))
def test_no_text_reaches_a_line(message, argument, extra):
    record = logging.makeLogRecord({"name": "adapter", "msg": message, "args": (argument,), **extra})
    line = json.loads(logs.Lines().format(record))
    assert set(line) <= {"time", "level", "logger", "event", "at"}
    assert line["event"] in logs.EVENTS | {"other"}


def test_a_whole_process_keeps_quiet():
    """An exception nobody caught, in a process of its own: class and place on standard error, no words."""
    code = f"""
from adapter.api.watching import logs
logs.configure("info")
def work():
    raise RuntimeError("{NOTE}")
work()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    (line,) = (json.loads(one) for one in done.stderr.splitlines())
    assert done.returncode == 1 and done.stdout == ""
    assert line["event"] == "uncaught" and line["error"] == ["RuntimeError"]
    assert line["trace"][-1].startswith("__main__:work")


def test_a_server_that_gets_markers_in_every_place_writes_none(server, metrics, written, capfd):
    app = FastAPI()

    @app.post("/fhir/DocumentReference/{id}")
    async def post(id: str, request: Request):
        logging.getLogger("adapter.api").warning("got %s", await request.body())
        raise RuntimeError(f"{id} {await request.body()!r}")

    @app.get("/fine")
    def fine():
        return {"note": NOTE}

    bare = f"/fine?name={QUERY}"
    headers = {"authorization": f"Bearer {TOKEN}", "x-request-id": f"{HEADER} {MRN}", "user-agent": HEADER}
    with server(Requests(app, metrics=metrics), access_log=True) as port:
        logging.getLogger("uvicorn.access").setLevel(logging.DEBUG)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
            failed = client.post(f"/fhir/DocumentReference/{PATH}?patient={QUERY}", content=NOTE)
            assert client.get(bare).status_code == 200
            assert client.get(f"/{PATH}/{MRN}?x={QUERY}").status_code == 404
    assert failed.status_code == 500
    assert free_of_markers(written)
    told = lines(written)
    requests = [line for line in told if line["logger"].endswith("watching.requests")]
    assert [(line["route"], line["status"]) for line in requests] == [
        ("/fhir/DocumentReference/{id}", 500),
        ("/fine", 200),
        ("unmatched", 404),
    ]
    assert requests[0]["error"] == ["RuntimeError"] and "trace" in requests[0]
    assert any(line["logger"] == "uvicorn.access" and line["event"] == "library" for line in told)
    shown = capfd.readouterr()
    assert shown.out == shown.err == ""
    _, scraped = metrics.render()
    assert not [marker for marker in MARKERS if marker.encode() in scraped.lower()]
    assert NOTE not in failed.text


def test_logging_can_be_put_back():
    root = logging.getLogger()
    before = list(root.handlers), root.level, sys.excepthook
    logs.configure("ERROR", io.StringIO())()
    assert (list(root.handlers), root.level, sys.excepthook) == before


def test_an_unknown_level_is_refused():
    with pytest.raises(SettingsError):
        logs.configure("loud")
