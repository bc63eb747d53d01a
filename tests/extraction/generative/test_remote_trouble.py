"""The remote backend against a server that misbehaves."""

import json
import logging
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from ipaddress import ip_address
from pathlib import Path

import pytest

from adapter.egress.addresses import refusal
from adapter.errors import EngineError, ModelError, SettingsError
from adapter.extraction.generative.backend import Message, Request
from adapter.extraction.generative.remote import Endpoint, RemoteBackend
from adapter.secret import Secret
from tests.extraction.generative import model_server
from tests.extraction.generative.model_server import DONE, good, part, serving, usage

NOTE = "Mrs Secret has had chest pain since March."


def asked(text=NOTE, **more):
    given = {"schema": {"type": "array"}, "max_tokens": 50, "seconds": 10.0} | more
    return Request(messages=(Message(role="user", content=text),), **given)


def opened(url, **options):
    quick = {"tries": 3, "backoff_seconds": 0.02, "first_seconds": 3.0, "pause_seconds": 2.0, "context": 512}
    return RemoteBackend(Endpoint(url=url, **quick | options))


def complete(server, request=None, **options):
    backend = opened(server.url, **options)
    try:
        return backend.complete([request or asked()])[0]
    finally:
        backend.close()


def error_of(server, request=None, **options):
    """The error, which says nothing of the note, the key or the path."""
    with pytest.raises(EngineError) as caught:
        complete(server, request, **options)
    told = f"{caught.value!r} {caught.value.__cause__!r} {caught.value.path}"
    assert "Secret" not in told and "chest" not in told and "/v1" not in told
    return caught.value


def in_turn(*scripts):
    """A script that uses each of these for one chat, the last for ever."""
    return lambda talk, body, number: scripts[min(number, len(scripts) - 1)](talk, body, number)


def status(code, **headers):
    return lambda talk, body, number: talk.reply(code, b'{"error":{"message":"x"}}', **headers)


# a good server


def test_an_answer_with_its_counts():
    with serving(good('["é"]')) as server:
        answer = complete(server)
    assert (answer.text, answer.stop) == ('["é"]', "end")
    assert (answer.prompt_tokens, answer.generated_tokens) == (7, 6)


def test_what_is_asked_for():
    with serving(good()) as server:
        complete(server, asked(seed=7, temperature=0.5, think=30))
    (body,) = server.bodies
    assert body["messages"] == [{"role": "user", "content": NOTE}]
    assert (body["model"], body["seed"], body["temperature"], body["max_tokens"]) == ("m", 7, 0.5, 80)
    assert body["response_format"]["json_schema"]["schema"] == {"type": "array"}
    assert body["stream"] and body["logprobs"]


def test_answers_keep_the_order_and_as_many_run_as_there_are_slots():
    running, most, lock = [0], [0], threading.Lock()

    def slow(talk, body, number):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        time.sleep(0.05 if number % 2 else 0.15)
        with lock:
            running[0] -= 1
        text = json.dumps(body["messages"][0]["content"])
        talk.give(part(text), part(finish="stop"), DONE)

    with serving(slow) as server:
        backend = opened(server.url, slots=3)
        answers = backend.complete([asked(f"note {number}") for number in range(9)])
        backend.close()
    assert [json.loads(one.text) for one in answers] == [f"note {number}" for number in range(9)]
    assert most[0] == 3


def test_a_server_that_does_not_stream():
    whole = {"choices": [{"message": {"content": "[]"}, "finish_reason": "stop"}]}
    with serving(lambda talk, body, number: talk.reply(200, json.dumps(whole).encode())) as server:
        assert complete(server).text == "[]"


def test_thinking_is_cut_off_under_every_name():
    def thinking(talk, body, number):
        said = [part(reasoning_content="hm"), part(reasoning="hm"), part("<think>so </think>\n\n[1]")]
        talk.give(*said, part(finish="stop"), DONE)

    with serving(thinking) as server:
        assert complete(server, asked(think=5)).text == "[1]"


def test_a_length_is_told():
    with serving(good("[1,", finish="length")) as server:
        assert complete(server).stop == "length"


# time


def test_a_slow_first_token_is_an_error():
    def slow(talk, body, number):
        talk.start()
        for _ in range(400):  # signs of life that are no tokens
            talk.raw(b": ping\n\n")
            time.sleep(0.05)

    with serving(slow) as server:
        began = time.monotonic()
        assert error_of(server, first_seconds=0.3).retryable
        assert time.monotonic() - began < 15


def test_a_silence_between_tokens_is_an_error():
    def slow(talk, body, number):
        talk.start()
        talk.say(part("["))
        time.sleep(2)

    with serving(slow) as server:
        assert "fell silent" in str(error_of(server, pause_seconds=0.3))
        assert server.asked == 1


def test_the_time_for_an_answer_ends_it():
    def drip(talk, body, number):
        talk.start()
        for token in range(200):
            talk.say(part(f"{token},"))
            time.sleep(0.02)

    with serving(drip) as server:
        answer = complete(server, asked(seconds=0.4, max_tokens=500))
    assert answer.stop == "time"
    assert answer.text.startswith("0,1,")


def test_a_server_that_says_nothing_at_all_is_an_error():
    with socket.create_server(("127.0.0.1", 0), backlog=1) as deaf:
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/v1"
        backend = opened(url, model="m", asking_seconds=0.3)
        with pytest.raises(EngineError, match="in time"):
            backend.complete([asked()])
        backend.close()


# loops and floods


def test_the_same_item_again_and_again_is_a_loop():
    def loop(talk, body, number):
        talk.start()
        for _ in range(400):
            talk.say(part('{"quote"'), part(':"pain"'), part("},"))

    with serving(loop) as server:
        assert complete(server, asked(max_tokens=2000)).stop == "loop"


def test_a_server_that_passes_over_max_tokens_is_cut():
    def flood(talk, body, number):
        talk.start()
        for token in range(2000):
            talk.say(part(str(token)))

    with serving(flood) as server:
        answer = complete(server)
    assert answer.stop == "length"
    assert answer.generated_tokens < 100


def test_a_huge_answer_is_not_read():
    def huge(talk, body, number):
        talk.start()
        for _ in range(1000):
            talk.raw(b"data: " + b"x" * 65536)

    with serving(huge) as server:
        error_of(server, max_bytes=1024 * 1024)
        error_of(server)  # one line of it is too long


# what is no answer


@pytest.mark.parametrize(
    "event",
    [
        "{}",
        "[]",
        "null",
        "{",
        '{"choices": {}}',
        '{"choices": [1]}',
        '{"choices": [{"delta": {"content": 5}}]}',
        '{"choices": [{"delta": "x"}]}',
        '{"error": {"message": "Mrs Secret"}}',
        "[" * 100_000,
    ],
)
def test_a_wrong_envelope_is_an_error(event):
    with serving(lambda talk, body, number: talk.give(part("["), event, DONE)) as server:
        error_of(server)
        assert server.asked == 1


@pytest.mark.parametrize("kind", ["text/html", "text/plain", ""])
def test_a_page_is_an_error(kind):
    with serving(lambda talk, body, number: talk.reply(200, b"<html>Login</html>", kind)) as server:
        error_of(server)


def test_a_json_page_is_an_error():
    with serving(lambda talk, body, number: talk.reply(200, b"<html>")) as server:
        assert "no JSON" in str(error_of(server))


def test_an_end_for_another_reason_is_an_error():
    with serving(good(finish="content_filter")) as server:
        error_of(server)


def test_an_error_in_the_stream_counts_as_its_status():
    busy = json.dumps({"error": {"code": 503, "message": "loading"}})
    with serving(in_turn(lambda talk, body, number: talk.give(busy), good())) as server:
        assert complete(server).text == "[1]"
        assert server.asked == 2


# statuses


def test_a_busy_server_is_asked_again_when_it_says():
    with serving(in_turn(status(429, Retry_After=1), good())) as server:
        began = time.monotonic()
        assert complete(server).text == "[1]"
        assert time.monotonic() - began >= 1


def test_a_server_that_asks_for_too_long_a_wait_is_not_waited_for():
    with serving(status(429, Retry_After=3600)) as server:
        assert error_of(server).retryable
        assert server.asked == 1


@pytest.mark.parametrize("code", [502, 503, 504])
def test_a_passing_trouble_is_tried_again_and_then_an_error(code):
    with serving(status(code)) as server:
        assert error_of(server).retryable
        assert server.asked == 3


def test_an_inner_error_is_not_tried_again():
    with serving(status(500)) as server:
        assert error_of(server).retryable
        assert server.asked == 1


@pytest.mark.parametrize("code", [400, 401, 403, 404, 422])
def test_a_refusal_is_never_tried_again(code):
    with serving(status(code)) as server:
        assert not error_of(server).retryable
        assert server.asked == 1


@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_redirects_are_not_followed(code):
    with serving(good()) as elsewhere, serving(status(code, Location=elsewhere.url)) as server:
        error_of(server)
        assert elsewhere.seen == []


# connections


def reset(talk, body, number):
    """Breaks the connection off hard, in the middle of an answer."""
    talk.start()
    talk.say(part("["))
    time.sleep(0.05)
    talk.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    talk.connection.detach()
    raise OSError


def reset_for_good(talk, body, number):
    descriptor = talk.connection.fileno()
    try:
        reset(talk, body, number)
    finally:
        os.close(descriptor)


def half(talk, body, number):
    talk.start()
    talk.say(part("[1"))
    talk.close_connection = True


def unended(talk, body, number):
    talk.give(part("[1"), DONE)


@pytest.mark.parametrize("broken", [reset_for_good, half, unended])
def test_an_answer_that_broke_off_is_never_taken(broken):
    with serving(in_turn(broken, good("[22]"))) as server:
        assert complete(server).text == "[22]"
        assert server.asked == 2
    with serving(broken) as server:
        assert error_of(server).retryable
        assert server.asked == 3


def test_a_missing_done_does_not_matter_once_the_answer_is_over():
    with serving(lambda talk, body, number: talk.give(part("[]"), part(finish="stop"))) as server:
        assert complete(server).text == "[]"


def test_a_connection_lost_after_the_end_does_not_matter():
    def over(talk, body, number):
        talk.start()
        talk.say(part("[]"), part(finish="stop"))
        talk.close_connection = True

    with serving(over) as server:
        assert complete(server).text == "[]"


def test_parts_that_come_twice_are_no_answer():
    def twice(talk, body, number):
        talk.give(part("["), part("1"), part("1"), part("]"), part(finish="stop"), usage(completion=3), DONE)

    with serving(twice) as server:
        assert "more than it wrote" in str(error_of(server))


def test_events_with_the_same_id_count_once():
    def twice(talk, body, number):
        talk.start()
        for name, event in enumerate([part("["), part("1"), part("]"), part(finish="stop")]):
            talk.raw(f"id: {name}\ndata: {event}\n\n".encode() * 2)
        talk.say(usage(), DONE)
        talk.end()

    with serving(twice) as server:
        assert complete(server).text == "[1]"


def test_a_second_end_does_not_matter_but_a_text_after_it_does():
    end = part(finish="stop")
    with serving(lambda talk, body, number: talk.give(part("[]"), end, end, DONE)) as server:
        assert complete(server).text == "[]"
    with serving(lambda talk, body, number: talk.give(part("[]"), end, part("x"), DONE)) as server:
        error_of(server)


def test_nobody_there_is_an_error_and_later_an_answer():
    with serving(good()) as server:
        port = server.server_port
    backend = opened(f"http://127.0.0.1:{port}/v1")
    with pytest.raises(EngineError, match=f"127.0.0.1:{port}") as error:
        backend.complete([asked()])
    assert error.value.retryable
    with serving(good(), port=port):
        assert backend.complete([asked()])[0].text == "[1]"
    backend.close()


def test_a_process_killed_while_it_answers():
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.extraction.generative.model_server"],
        stdout=subprocess.PIPE,
        cwd=Path(model_server.__file__).parents[3],
    )
    port = int(process.stdout.readline())

    def kill():
        while int(process.stdout.readline()) < 10:
            pass
        process.send_signal(signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    backend = opened(f"http://127.0.0.1:{port}/v1", tries=2)
    with pytest.raises(EngineError) as error:
        backend.complete([asked(max_tokens=100_000)])
    killer.join()
    assert error.value.retryable and NOTE not in str(error.value)
    assert process.wait() == -signal.SIGKILL
    process.stdout.close()
    backend.close()


def test_one_failure_gives_the_others_up():
    def script(talk, body, number):
        if "bad" in body["messages"][0]["content"]:
            return talk.reply(400)
        talk.start()
        with_tokens = (talk.say(part(f"{token} ")) or time.sleep(0.02) for token in range(2000))
        return any(with_tokens)

    with serving(script) as server:
        backend = opened(server.url, slots=2)
        began = time.monotonic()
        with pytest.raises(ModelError):
            backend.complete([asked("bad"), asked(max_tokens=1000), asked("x"), asked("x")])
        backend.close()
        assert time.monotonic() - began < 30
    assert server.asked <= 3


def test_a_closed_backend_calls_nobody():
    with serving(good()) as server:
        backend = opened(server.url)
        assert backend.complete([asked()])[0].text == "[1]"
        backend.close()
        with pytest.raises(EngineError):
            backend.complete([asked()])
        assert server.asked == 1


# who is called, and with what key


def test_the_key_is_sent_and_read_anew(tmp_path):
    file = tmp_path / "key"
    file.write_text("key-one\n")
    with serving(good()) as server:
        backend = opened(server.url, key=Secret.of_file(file))
        backend.complete([asked()])
        file.write_text("second\n")
        backend.complete([asked()])
        keys = [head["Authorization"] for path, head, _ in server.seen if path.endswith("completions")]
        assert keys == ["Bearer key-one", "Bearer second"]
        assert "key-one" not in repr(backend)
        for broken in ("a\nb", "ä", ""):
            file.write_text(broken)
            with pytest.raises(EngineError) as error:
                backend.complete([asked()])
            assert broken == "" or broken not in str(error.value)
        backend.close()


def test_neither_note_nor_key_is_logged(tmp_path, caplog):
    (tmp_path / "key").write_text("key-of-ours")
    caplog.set_level(logging.DEBUG)
    said = part("Mrs Secret")
    with serving(
        in_turn(lambda talk, body, number: talk.give(said, part(finish="stop")), status(400))
    ) as server:
        backend = opened(server.url, key=Secret.of_file(tmp_path / "key"))
        assert backend.complete([asked()])[0].text == "Mrs Secret"
        with pytest.raises(EngineError):
            backend.complete([asked()])
        backend.close()
    assert caplog.text  # the HTTP library does log
    assert "Secret" not in caplog.text and "key-of-ours" not in caplog.text


def test_proxies_of_the_environment_play_no_part(monkeypatch):
    with serving(good()) as proxy, serving(good()) as server:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert complete(server).text == "[1]"
        assert proxy.seen == []


@pytest.mark.parametrize(
    "url",
    [
        "http://models.example.org/v1",
        "http://10.0.0.7:8080/v1",
        "http://127.0.0.1.nip.test/v1",
        "ftp://127.0.0.1/v1",
        "https://user:pass@models.example.org/v1",
        "https://models.example.org/v1?key=x",
        "models.example.org",
        "",
    ],
)
def test_urls_that_are_not_called(url):
    with pytest.raises(SettingsError):
        Endpoint(url=url)


def test_plain_http_to_another_machine_must_be_meant():
    assert Endpoint(url="http://10.0.0.7:8080", insecure=True).base == "http://10.0.0.7:8080/v1"
    assert Endpoint(url="https://models.example.org/llm/v1/").base == "https://models.example.org/llm/v1"
    assert Endpoint(url="http://localhost:1/v1").root == "http://localhost:1"


def test_only_the_addresses_a_site_can_mean_are_called():
    near, far = Endpoint(url="http://localhost:1/v1").policy(), Endpoint(url="https://m.example.org").policy()
    for address, local, remote in [
        ("127.0.0.1", True, False),
        ("::1", True, False),
        ("10.1.2.3", False, True),
        ("192.168.1.1", False, True),
        ("fd12::1", False, True),
        ("8.8.8.8", True, True),
        ("169.254.169.254", False, False),
    ]:
        assert (refusal(ip_address(address), near.networks) is None) == local
        assert (refusal(ip_address(address), far.networks) is None) == remote
