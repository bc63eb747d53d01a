"""The remote backend against the server that llama-cpp-python ships, with a small real model."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import httpx
import pytest

from adapter.errors import EngineError
from adapter.extraction.generative.backend import Message, Request
from adapter.extraction.generative.remote import Endpoint, RemoteBackend
from tests import tiny_llama

SCHEMA = {
    "type": "object",
    "properties": {
        "problems": {
            "type": "array",
            "minItems": 1,
            "maxItems": 2,
            "items": {
                "type": "object",
                "properties": {
                    "quote": {"type": "string", "minLength": 1, "maxLength": 12, "x-evidence": "value"},
                    "status": {"enum": ["present", "absent"]},
                },
                "required": ["quote", "status"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["problems"],
    "additionalProperties": False,
}
LINE = {"type": "string", "minLength": 60, "maxLength": 60}
LONG = {"type": "array", "minItems": 60, "maxItems": 60, "items": LINE}


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def started(model, *options):
    """A process of the server, and its URL, once it answers."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "llama_cpp.server", "--model", str(model)]
    process = subprocess.Popen(
        [
            *command,
            "--port",
            str(port),
            "--n_ctx",
            "8192",
            "--n_threads",
            "1",
            "--n_threads_batch",
            "1",
            *options,
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(600):
        try:
            httpx.get(f"http://127.0.0.1:{port}/docs")
            return process, f"http://127.0.0.1:{port}/v1"
        except httpx.TransportError:
            assert process.poll() is None, "the server ended"
            time.sleep(0.05)
    raise AssertionError("the server did not start")


@contextmanager
def running(model, **options):
    """A process of the server of its own, and a backend that speaks to it."""
    process, url = started(model)
    made = RemoteBackend(Endpoint(url=url, dialect="llama-cpp-python", context=8192, **options))
    try:
        yield process, made
    finally:
        made.close()
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return tiny_llama.write(tmp_path_factory.mktemp("remote") / "tiny.gguf", context=8192)


@pytest.fixture(scope="module")
def server(model):
    process, url = started(model)
    yield url
    process.kill()
    process.wait()


@pytest.fixture
def backend(server):
    made = RemoteBackend(Endpoint(url=server, dialect="llama-cpp-python", context=8192))
    yield made
    made.close()


def asked(text, **more):
    given = {"schema": SCHEMA, "max_tokens": 400} | more
    return Request(messages=(Message(role="user", content=text),), **given)


@pytest.mark.parametrize("text", ["Chest pain since March.", "Мигрень, 頭痛 und Übelkeit", ""])
def test_the_answer_follows_the_schema(backend, text):
    (answer,) = backend.complete([asked(text)])
    assert answer.stop == "end"
    problems = json.loads(answer.text, strict=False)["problems"]  # this server's strings may hold controls
    assert 1 <= len(problems) <= 2
    assert all(set(one) == {"quote", "status"} and 1 <= len(one["quote"]) <= 12 for one in problems)


def test_answers_come_in_the_order_of_the_requests_and_again_the_same(backend):
    words = {"type": "array", "minItems": 3, "maxItems": 3, "items": {"enum": list("abcdefgh")}}
    requests = [asked("note", schema=words, temperature=2.0, seed=seed) for seed in range(4)]
    together = [one.text for one in backend.complete(requests)]
    assert together == [backend.complete([one])[0].text for one in requests]
    assert len(set(together)) > 1


def test_an_answer_that_is_cut_short_says_so(backend):
    (answer,) = backend.complete([asked("note", max_tokens=5)])
    assert answer.stop == "length"
    assert answer.generated_tokens == 5


def test_tokens_are_counted_by_the_server(backend):
    assert backend.count("heart attack") == 12  # every letter is a token of this model
    assert backend.count("é") == 2


def test_the_model_is_known_by_its_name_alone(backend, model):
    assert backend.model.name == model.name
    assert backend.model.digest == ""
    assert backend.slots == 1


def test_a_prompt_over_the_context_is_an_error_without_the_note(backend):
    with pytest.raises(EngineError) as error:
        backend.complete([asked("secret " * 1300)])
    assert "secret" not in str(error.value)


def test_the_openai_dialect_is_refused_by_a_server_that_would_not_bind_the_answer(server):
    backend = RemoteBackend(Endpoint(url=server, context=8192))
    with pytest.raises(EngineError, match="answered 500"):  # it wraps what is wrong with a request
        backend.complete([asked("note")])


def test_the_time_limit_ends_an_answer(model):
    with running(model) as (_, backend):  # of its own: this server hangs when an answer is given up
        (answer,) = backend.complete([asked("note", schema=LONG, max_tokens=7000, seconds=0.7)])
        assert answer.stop == "time"
        assert answer.seconds < 3


def test_a_server_killed_while_it_answers_gives_no_answer(model):
    with running(model, tries=2, backoff_seconds=0.05) as (process, backend):
        assert backend.complete([asked("note")])[0].stop == "end"
        threading.Timer(0.5, process.send_signal, [signal.SIGKILL]).start()
        with pytest.raises(EngineError) as error:
            backend.complete([asked("note", schema=LONG, max_tokens=7000)])
        assert error.value.retryable
        assert process.wait() == -signal.SIGKILL
        with pytest.raises(EngineError, match="failed"):
            backend.complete([asked("note")])
