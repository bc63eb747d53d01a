"""What the remote backend knows of a server: as each kind of server tells it."""

import pytest

from adapter.errors import EngineError, ModelError
from adapter.extraction.generative.backend import Message, Request
from adapter.extraction.generative.remote import Endpoint, RemoteBackend
from tests.extraction.generative.model_server import good, serving


def models(*ids, **more):
    return {"object": "list", "data": [{"id": one, "object": "model"} | more for one in ids]}


LLAMA = {
    "/v1/models": models("/srv/models/big-Q4.gguf", owned_by="llamacpp", meta={"n_ctx": 1000, "size": 123}),
    "/props": {
        "default_generation_settings": {"n_ctx": 4096},
        "total_slots": 3,
        "model_path": "/srv/models/big-Q4.gguf",
        "model_ftype": "Q4_K - Medium",
        "build_info": "b9-abc",
    },
    "/lora-adapters": [{"id": 0, "path": "/srv/lora/notes.gguf", "scale": 1.0}],
    "/tokenize": lambda body: {"tokens": list(body["content"].split())},
}
VLLM = {
    "/v1/models": models("big", owned_by="vllm", root="org/big", max_model_len=8192),
    "/version": {"version": "0.11.0"},
    "/tokenize": lambda body: {"count": len(body["prompt"].split()), "max_model_len": 8192},
}
OLLAMA = {
    "/v1/models": models("big:latest", "other:7b", owned_by="library"),
    "/api/version": {"version": "0.12.0"},
    "/api/tags": {
        "models": [{"name": "big:latest", "digest": "ab12", "details": {"quantization_level": "Q8_0"}}]
    },
    "/api/ps": {"models": [{"name": "big:latest", "context_length": 4096}]},
}


def known(routes, **options):
    with serving(good(), routes) as server:
        backend = RemoteBackend(Endpoint(url=server.url, tries=1, **options))
        yield backend
        yield server
        backend.close()


@pytest.fixture
def opened():
    left = []

    def start(routes, **options):
        steps = known(routes, **options)
        left.append(steps)
        return next(steps), next(steps)

    yield start
    for steps in left:
        next(steps, None)


def test_llama_server_is_known_by_what_it_says(opened):
    backend, server = opened(LLAMA)
    assert (backend.model.name, backend.model.quantization) == ("big-Q4.gguf", "Q4_K - Medium")
    assert backend.model.details == {"server": "llama-server b9-abc", "file": "big-Q4.gguf", "bytes": "123"}
    assert backend.model.digest == ""  # no server tells the digest of its file
    assert (backend.context, backend.slots, backend.count("a b c")) == (4096, 3, 3)
    ask = {"schema": {}, "max_tokens": 9, "messages": (Message(role="user", content="x"),)}
    backend.complete([Request(**ask), Request(**ask, adapters=(("notes", 0.5),))])
    assert sorted(body["lora"][0]["scale"] for body in server.bodies) == [0.0, 0.5]


def test_vllm_is_known_by_what_it_says(opened):
    backend, _ = opened(VLLM, slots=8)
    assert backend.model.name == "big"
    assert backend.model.details == {"server": "vLLM 0.11.0", "root": "org/big"}
    assert (backend.context, backend.slots, backend.count("a b c")) == (8192, 8, 3)


def test_ollama_is_known_by_what_it_says(opened):
    backend, _ = opened(OLLAMA, dialect="ollama", model="big")
    assert (backend.model.name, backend.model.quantization) == ("big:latest", "Q8_0")
    assert backend.model.details == {"server": "Ollama 0.12.0", "manifest": "ab12"}
    assert (backend.context, backend.model.digest) == (4096, "")


def test_a_server_that_says_little_is_known_by_the_options(opened):
    backend, server = opened({"/v1/models": None}, model="m", context=2048)
    assert (backend.model.name, backend.context, backend.slots) == ("m", 2048, 1)
    assert backend.count("abcé") == 3  # half the bytes
    assert [path for path, _, _ in server.seen] == ["/v1/models"]


def test_a_context_that_nobody_says_is_an_error(opened):
    backend, _ = opened({})
    with pytest.raises(ModelError, match="how long its context is"):
        assert backend.context


def test_tokens_are_counted_once(opened):
    backend, server = opened(LLAMA)
    assert backend.count("a b") == backend.count("a b") == 2
    assert [path for path, _, _ in server.seen].count("/tokenize") == 1


def test_a_server_that_does_not_count_leaves_an_estimate(opened):
    backend, _ = opened(VLLM | {"/tokenize": None})
    assert backend.count("abcd") == 2


@pytest.mark.parametrize("told", [{"count": "3"}, {"count": -1}, {}, [], "x"])
def test_a_count_that_is_none_is_an_error(opened, told):
    backend, _ = opened(VLLM | {"/tokenize": told})
    with pytest.raises(EngineError):
        backend.count("abcd")


@pytest.mark.parametrize(
    ("listed", "model"), [(models(), ""), (models("a", "b"), ""), (models("a", "b"), "c"), (None, "")]
)
def test_a_model_that_is_not_named_or_not_served_is_an_error(opened, listed, model):
    backend, _ = opened({"/v1/models": listed}, model=model)
    with pytest.raises(ModelError):
        assert backend.model


@pytest.mark.parametrize("listed", [[], {"data": {}}, {"data": ["a"]}, "x"])
def test_a_list_of_models_that_is_none_is_an_error(opened, listed):
    backend, _ = opened({"/v1/models": listed})
    with pytest.raises(EngineError):
        assert backend.model


def test_a_server_that_comes_back_with_another_model_is_asked_anew():
    ask = Request(schema={}, max_tokens=9, messages=(Message(role="user", content="x"),))
    with serving(good(), {"/v1/models": models("a")}) as server:
        backend = RemoteBackend(Endpoint(url=server.url, tries=1))
        assert backend.model.name == "a"
    with pytest.raises(EngineError):
        backend.complete([ask])
    with serving(good(), {"/v1/models": models("b")}, port=server.server_port) as again:
        assert backend.complete([ask])[0].text == "[1]"
        assert (backend.model.name, again.bodies[0]["model"]) == ("b", "b")
    backend.close()


def test_a_server_that_is_away_for_a_moment_is_what_it_was(monkeypatch):
    monkeypatch.setattr("adapter.extraction.generative.remote.server.FRESH", 0.0)
    with serving(good(), {"/v1/models": models("a")}) as server:
        backend = RemoteBackend(Endpoint(url=server.url, tries=1))
        assert backend.model.name == "a"
    assert backend.model.name == "a"
    backend.close()
