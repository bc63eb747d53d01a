"""The remote store: the same answers as a store file, kept in a file, whatever the server does."""

import asyncio
import json
import random
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
import rf2_release
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("fastapi", reason="FastAPI is not installed: there is no server to ask")

from fastapi import FastAPI

from terminology import Source, TerminologyError, build, ecl, open_store, parse_source, translate
from terminology.fhir import Service
from terminology.fhir.routes import router
from terminology.remote import Keeping, MapTarget, Policy, Unsupported, answers, open_remote
from terminology.remote.cache import Cache
from terminology.remote.client import Client, Question
from terminology.systems import ATC, ICD10, ICD10CM, RXNORM, SNOMED

BASE = "http://terminology.test/fhir"
EVERY = (SNOMED, ICD10CM, RXNORM, ATC)
SHAPE = rf2_release.Shape(concepts=120, inactive=8)
IDS = [rf2_release.identifier(10_000 + number) for number in range(SHAPE.concepts)]
SET = rf2_release.identifier(77_000)


class Direct(httpx.BaseTransport):
    """Asks an application without a network, and counts."""

    def __init__(self, app):
        self.asked, self.bodies = [], []
        self._inner = httpx.ASGITransport(app=app)
        self._loop, self._lock = asyncio.new_event_loop(), threading.Lock()

    def handle_request(self, request):
        body = request.read()
        self.asked.append(str(request.url))
        self.bodies.append(body)
        with self._lock:
            return self._loop.run_until_complete(self._send(request, body))

    async def _send(self, request, body):
        copy = httpx.Request(request.method, request.url, headers=request.headers, content=body)
        answer = await self._inner.handle_async_request(copy)
        content = await answer.aread()
        return httpx.Response(answer.status_code, headers=answer.headers, content=content)

    def close(self):
        self._loop.close()


class Clock:
    """A time that stands still, and moves on by what is slept."""

    def __init__(self, now=1_800_000_000.0):
        self.now, self.slept = now, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


class Pair:
    """A store file, and the same behind a server."""

    def __init__(self, path, folder, version="R4", **more):
        self.local = open_store(path)
        app = FastAPI()
        app.include_router(router(Service(store=self.local, fhir_version=version)), prefix="/fhir")
        self.transport, self.clock = Direct(app), Clock()
        self.http = httpx.Client(transport=self.transport)
        self.remote = open_remote(
            BASE, cache=folder / f"{version}.cache", http=self.http, clock=self.clock, **more
        )

    def close(self):
        self.remote.close()
        self.http.close()
        self.local.close()


@pytest.fixture(scope="module")
def core(tmp_path_factory):
    folder = tmp_path_factory.mktemp("core")
    build([parse_source("core")], folder / "store.sqlite")
    pair = Pair(
        folder / "store.sqlite",
        folder,
        systems=EVERY,
        targets=[MapTarget(system=one) for one in (*EVERY, ICD10)],
    )
    yield pair
    pair.close()


@pytest.fixture(scope="module", params=["R4", "R5"])
def release(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("release")
    root = rf2_release.write(folder, SHAPE)
    build([Source(kind="rf2", path=root)], folder / "store.sqlite")
    targets = [MapTarget(system=ICD10, map=f"{SNOMED}?fhir_cm=447562003")]
    pair = Pair(folder / "store.sqlite", folder, version=request.param, targets=targets)
    yield pair
    pair.close()


def codes(hits):
    return {(hit.system, hit.code) for hit in hits}


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_core_gives_the_same_answers_from_afar(core, data):
    system = data.draw(st.sampled_from(EVERY))
    listed = core.local.codes(system, 0, 10_000)
    code = data.draw(st.sampled_from(listed))
    here, there = core.local.lookup(system, code), core.remote.lookup(system, code)
    assert set(there.terms) == set(here.terms)
    assert (there.display, there.version, there.active) == (here.display, here.version, here.active)
    assert core.remote.mappings(system, code) == core.local.mappings(system, code)
    assert core.remote.parents(system, code) == core.local.parents(system, code)
    assert core.remote.ancestors(system, code) == core.local.ancestors(system, code)
    term = data.draw(st.sampled_from(here.terms))
    name = data.draw(st.sampled_from([term.text, term.text.upper(), term.text.replace("-", " ")]))
    wanted = {"languages": [term.language]} if data.draw(st.booleans()) else {}
    exact = core.local.exact(name, **wanted)
    assert codes(core.remote.exact(name, **wanted)) == codes(exact)
    scores = {(hit.system, hit.code, hit.score, hit.match) for hit in exact}
    assert {(h.system, h.code, h.score, h.match) for h in core.remote.exact(name, **wanted)} == scores
    found, same = core.remote.search(name, **wanted)[0], core.local.search(name, **wanted)[0]
    assert (found.score, found.match) == (same.score, same.match)
    assert codes([found]) <= codes(exact)


@settings(max_examples=40, deadline=None)
@given(number=st.integers(0, len(IDS) - 1), other=st.integers(0, len(IDS) - 1))
def test_a_release_gives_the_same_answers_from_afar(release, number, other):
    here, there, code = release.local, release.remote, IDS[number]
    told = here.lookup(SNOMED, code)
    same = there.lookup(SNOMED, code)
    assert (same.kind, same.active, set(same.terms)) == (told.kind, told.active, set(told.terms))
    for name in ("parents", "children", "ancestors", "descendants", "replacements", "replacement"):
        assert getattr(there, name)(SNOMED, code) == getattr(here, name)(SNOMED, code), name
    for pair in ((code, IDS[other]), (IDS[other], code)):
        assert there.subsumes(SNOMED, *pair) == here.subsumes(SNOMED, *pair)
    for name in rf2_release.names(number, SHAPE):
        assert codes(there.exact(name)) == codes(here.exact(name))
    ruled = {rule.target for rule in here.rules(SNOMED, code) if rule.rule == "TRUE"}
    assert {one.code for one in there.mappings(SNOMED, code)} == ruled
    assert all((one.system, one.relation) == (ICD10, "mapped") for one in there.mappings(SNOMED, code))


def test_members_expressions_and_what_is_not_there(release):
    here, there = release.local, release.remote
    assert there.members(SNOMED, SET) == here.members(SNOMED, SET) != []
    assert there.members(SNOMED, IDS[0]) == []
    expression = ecl.parse(f"(<< {IDS[1]} MINUS < {IDS[6]}) AND ^ {SET}")
    found = ecl.members(expression, there.hierarchy(SNOMED))
    assert found == ecl.members(expression, here.hierarchy(SNOMED)) != frozenset()
    assert sorted(there.hierarchy(SNOMED).all()) == sorted(here.hierarchy(SNOMED).all())
    missing = "138875005"
    assert there.lookup(SNOMED, missing) is None and not there.active(SNOMED, missing)
    assert there.ancestors(SNOMED, missing) == there.mappings(SNOMED, missing) == []
    assert there.replacement(SNOMED, missing) is None
    assert not there.subsumes(SNOMED, missing, IDS[0])
    assert there.search("tormosis", systems=["http://nowhere.test/x"]) == []
    assert (
        there.search(" ?! ") == there.rules(SNOMED, IDS[0]) == there.matches("Acute tormosis of gorn") == []
    )
    assert {t.code for t in translate(there, SNOMED, IDS[3], ICD10).targets} == {
        t.code for t in translate(here, SNOMED, IDS[3], ICD10).targets
    }
    assert there.manifest.sources[0].name == "Notewright terminology"


@settings(max_examples=30, deadline=None)
@given(text=st.text(max_size=40))
def test_any_text_may_be_searched_for(core, text):
    assert codes(core.remote.exact(text)) == codes(core.local.exact(text))
    assert core.remote.search(f"{text}\ud800") is not None


@pytest.mark.parametrize(
    "text", ["heart atack", "diabetes melitus", "copd", "hypertention", "pain knee", "appendicitus"]
)
def test_misspelt_texts_find_what_a_store_file_finds(core, text):
    here, there = core.local.search(text), core.remote.search(text)
    assert codes(here[:1]) <= codes(there[:2])
    assert there[0].match in {"fuzzy", "normalised", "exact"} and there[0].score <= 1
    many = core.remote.search_many([text, text], limit=1)
    assert many == [there[:1], there[:1]]


@pytest.mark.parametrize("rest", ["zzz", "tablet"])
def test_a_known_word_is_not_taken_for_a_misspelt_one(tmp_path, rest):
    near = {"code": "116602009", "display": "Prednisolone tablet"}
    known = {"code": "116601002", "display": "Prednisone"}

    def serve(request):
        if request.url.path.endswith("metadata"):
            return httpx.Response(200, json=about())
        text = next(p for p in json.loads(request.content)["parameter"] if p["name"] == "filter")
        return httpx.Response(200, json=expansion([known if text["valueString"] == "prednisone" else near]))

    with opened(tmp_path, serve) as store:
        hits = store.search(f"prednisone {rest}")
        assert "116601002" in {hit.code for hit in hits}
        assert all(hit.score < 0.9 for hit in hits)


def test_an_answer_is_asked_for_once_and_again_when_it_is_old(release, tmp_path):
    clock, transport = Clock(), release.transport
    args = {"http": release.http, "clock": clock, "cache": tmp_path / "c"}
    with open_remote(BASE, keeping=Keeping(found=1000, nothing=100, about=5000), **args) as store:
        assert not store.lookup(SNOMED, "138875005")
        assert store.search("J. Doe's brallitis") is not None and store.lookup(SNOMED, IDS[1])
        asked = len(transport.asked)
        store.parents(SNOMED, IDS[1]), store.children(SNOMED, IDS[1])
        store.search("J. Doe's brallitis")
        assert len(transport.asked) == asked
        clock.now += 200
        assert store.lookup(SNOMED, IDS[1]) and not store.lookup(SNOMED, "138875005")
        assert len(transport.asked) == asked + 1
        clock.now += 1000
        store.lookup(SNOMED, IDS[1])
        assert len(transport.asked) == asked + 2
    asked = len(transport.asked)
    with open_remote(BASE, **args) as again:
        assert again.lookup(SNOMED, IDS[1])
    assert len(transport.asked) == asked
    assert not any("Doe" in url for url in transport.asked)
    assert not any(b"Doe" in path.read_bytes() for path in tmp_path.iterdir())
    assert stat.S_IMODE((tmp_path / "c").stat().st_mode) == 0o600


def about(version="1.0", fhir="4.0.1"):
    software = {"name": "Terminus", "version": version}
    return {"resourceType": "CapabilityStatement", "fhirVersion": fhir, "software": software}


def expansion(contains, **more):
    return {"resourceType": "ValueSet", "expansion": {"contains": contains, **more}}


def outcome(code, text="J. Doe"):
    issue = {"severity": "error", "code": code, "diagnostics": text, "details": {"text": text}}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def opened(folder, serve, clock=None, **more):
    clock = clock or Clock()
    http = httpx.Client(transport=httpx.MockTransport(serve))
    return open_remote(
        BASE, cache=folder / "cache", http=http, clock=clock, sleep=clock.sleep, jitter=lambda: 1.0, **more
    )


class Script:
    """Answers metadata, then what is listed, one after the other; the last one for ever."""

    def __init__(self, *listed):
        self.listed, self.asked = list(listed), 0

    def __call__(self, request):
        if request.url.path.endswith("metadata"):
            return httpx.Response(200, json=about())
        self.asked += 1
        told = self.listed.pop(0) if len(self.listed) > 1 else self.listed[0]
        if isinstance(told, Exception):
            raise told
        return httpx.Response(told[0], headers=told[2] if len(told) > 2 else {}, **body(told[1]))


def body(told):
    return {"content": told} if isinstance(told, bytes) else {"json": told}


FOUND = (200, expansion([{"code": "22253000", "display": "Pain"}]))


@pytest.mark.parametrize(
    ("first", "slept"),
    [
        ([(429, b"", {"Retry-After": "7"})], [7.0]),
        ([(503, b"", {"Retry-After": "Fri, 15 Jan 2027 08:00:09 GMT"})], [9.0]),
        ([(503, b"", {"Retry-After": "soon"})], [0.5]),
        ([(500, b""), (502, outcome("exception")), (500, b"")], [0.5, 1.0, 2.0]),
        ([httpx.ConnectError("J. Doe"), httpx.ReadError("x")], [0.5, 1.0]),
        ([httpx.RemoteProtocolError("gone"), httpx.ReadTimeout("slow")], [0.5, 1.0]),
    ],
)
def test_what_may_pass_is_tried_again(tmp_path, first, slept):
    clock, script = Clock(), Script(*first, FOUND)
    with opened(tmp_path, script, clock) as store:
        (hit,) = store.search("pain")
    assert (hit.code, hit.match, hit.score, hit.language) == ("22253000", "exact", 1.0, "en")
    assert clock.slept == slept


@pytest.mark.parametrize(
    ("told", "tries", "said"),
    [
        ((500, outcome("exception")), 4, "answered 500, after 4 attempts"),
        ((429, b"", {"Retry-After": "3600"}), 1, "answered 429, after 1 attempt"),
        (httpx.ConnectError("J. Doe"), 4, r"no answer \(ConnectError\)"),
        ((400, outcome("invalid")), 1, r"answered 400 \(invalid\)"),
        ((422, outcome("too-costly")), 1, r"answered 422 \(too-costly\)"),
        ((401, b"J. Doe"), 1, "answered 401"),
        ((404, b"<html>J. Doe"), 1, "answered 404"),
        ((302, b"", {"Location": "http://elsewhere.test/"}), 1, "answered 302"),
        ((200, b'{"resourceType": "ValueSet", "expan'), 1, "no FHIR JSON"),
        ((200, b"\xff\xfe"), 1, "no FHIR JSON"),
        ((200, b"[]"), 1, "no FHIR JSON"),
        ((200, outcome("invalid")), 1, r"answered 200 \(invalid\)"),
        ((200, {"resourceType": "Patient"}), 1, "no ValueSet"),
        ((200, b"[" * 200_000), 1, "no FHIR JSON"),
        ((422, outcome("not-supported")), 1, "does not support"),
        ((501, b""), 1, "does not support"),
        ((400, outcome("J. Doe")), 1, "answered 400$"),
    ],
)
def test_a_failure_is_told_without_the_text(tmp_path, told, tries, said):
    script = Script(told)
    with opened(tmp_path, script) as store, pytest.raises(TerminologyError, match=said) as error:
        store.search("J. Doe's pain")
    assert script.asked == tries
    assert "Doe" not in str(error.value) and error.value.__cause__ is None
    assert isinstance(error.value, Unsupported) is ("support" in said)


@pytest.mark.parametrize(
    ("status", "code"), [(404, "not-found"), (404, "processing"), (422, "not-found"), (400, "code-invalid")]
)
def test_that_there_is_nothing_is_an_answer_and_kept(tmp_path, status, code):
    script = Script((status, outcome(code)))
    with opened(tmp_path, script) as store:
        assert store.lookup(SNOMED, "22253000") is None
        assert store.lookup(SNOMED, "22253000") is None
        assert script.asked == 1


def test_a_failure_is_not_kept(tmp_path):
    script = Script((400, outcome("invalid")), FOUND)
    with opened(tmp_path, script) as store:
        with pytest.raises(TerminologyError):
            store.search("pain")
        assert store.search("pain")


def test_an_upgraded_server_is_asked_anew(tmp_path):
    clock, versions = Clock(), ["1.0"]

    def serve(request):
        if request.url.path.endswith("metadata"):
            return httpx.Response(200, json=about(versions[-1]))
        return httpx.Response(200, json=expansion([{"code": "1", "display": f"Pain {versions[-1]}"}]))

    with opened(tmp_path, serve, clock, keeping=Keeping(about=60)) as store:
        assert store.search("pain")[0].display == "Pain 1.0"
        versions.append("2.0")
        assert store.search("pain")[0].display == "Pain 1.0"
        clock.now += 61
        assert store.search("pain")[0].display == "Pain 2.0"


def test_what_is_kept_is_given_while_the_server_is_away(tmp_path):
    clock, away = Clock(), []

    def serve(request):
        if away:
            raise httpx.ConnectError("away")
        told = about() if request.url.path.endswith("metadata") else FOUND[1]
        return httpx.Response(200, json=told)

    with opened(tmp_path, serve, clock, keeping=Keeping(about=600)) as store:
        store.search("pain")
        away.append(True)
        clock.now += 700
        assert store.search("pain")[0].code == "22253000"
        waited = len(clock.slept)
        assert store.search("pain") and len(clock.slept) == waited
        with pytest.raises(TerminologyError, match="no answer"):
            store.search("ache")
    with pytest.raises(TerminologyError, match="no answer"):
        open_remote("http://127.0.0.1:9/fhir", cache=tmp_path / "new", sleep=clock.sleep)


WORD_LIST = """
resourceType parameter part name value valueCode valueCoding code system display designation use property
match concept equivalence wider parent language expansion contains total issue severity error inactive
abstract
"""
WORDS = st.sampled_from(WORD_LIST.split())
ODD = st.recursive(
    st.none() | st.booleans() | st.integers(0, 5) | WORDS | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=25,
)


@settings(max_examples=300, deadline=None)
@given(kind=st.sampled_from(["Parameters", "ValueSet", "OperationOutcome"]), inside=ODD, more=ODD)
def test_no_answer_breaks_the_store(tmp_path_factory, kind, inside, more):
    """Whatever a server sends, there is an answer or a TerminologyError."""
    holder = {"Parameters": "parameter", "ValueSet": "expansion", "OperationOutcome": "issue"}[kind]
    wrapped = {"contains": inside, "total": more} if kind == "ValueSet" else inside
    told = {"resourceType": kind, holder: wrapped, "more": more}
    client = Client(
        BASE, httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(200, json=told)))
    )
    for read in (answers.concept, answers.expansion, answers.matches, answers.outcome):
        try:
            found = client.ask(Question(path="x", given=(("code", "\ud800"),)))
            json.dumps(read(found) if found else None)
        except TerminologyError:
            continue


@pytest.mark.parametrize(
    "url", ["ftp://a.test/fhir", "http://me:pw@a.test", "nonsense", "http://a.test/?x=1", ""]
)
def test_a_base_url_is_checked(tmp_path, url):
    with pytest.raises(TerminologyError, match="URL") as error:
        open_remote(url, cache=tmp_path / "cache")
    assert "pw" not in str(error.value)


def test_what_is_no_fhir_server_is_refused(tmp_path):
    for told in (httpx.Response(200, json={"resourceType": "Bundle"}), httpx.Response(404, text="no")):
        with pytest.raises(TerminologyError):
            opened(tmp_path, lambda _, told=told: told)


def test_answers_of_other_servers_are_read(tmp_path):
    """Nested expansions, dialects as languages, codes as strings, associations the server lacks."""
    uses = {"full": "900000000000003001", "synonym": "900000000000013009"}
    designations = [
        {
            "language": "en-x-sctlang-90000000-00005090-07",
            "value": "Pain (finding)",
            "use": {"code": uses["full"]},
        },
        {"language": "en", "value": "Dolor", "use": {"code": uses["synonym"]}},
        {"value": 7},
    ]
    leaf = {"system": SNOMED, "code": "22253000", "display": "Pain", "designation": designations}
    top = {"display": "Things", "abstract": True, "code": "x", "contains": [leaf, {"code": 5}, "odd"]}
    old = {"system": SNOMED, "code": "2", "display": "Pain", "inactive": True}
    parts = [
        {"name": "display", "valueString": "Pain"},
        {
            "name": "property",
            "part": [{"name": "code", "valueCode": "parent"}, {"name": "value", "valueString": "8"}],
        },
        {
            "name": "property",
            "part": [{"name": "code", "valueCode": "inactive"}, {"name": "value", "valueBoolean": True}],
        },
        {"name": "property", "part": "odd"},
    ]
    looked = {"resourceType": "Parameters", "parameter": [*parts, 3]}

    def serve(request):
        path = request.url.path
        if path.endswith("metadata"):
            return httpx.Response(200, json=about())
        if path.endswith("$lookup"):
            return httpx.Response(200, json=looked)
        if path.endswith("$translate"):
            return httpx.Response(422, json=outcome("not-supported"))
        return httpx.Response(200, json=expansion([top, old]))

    with opened(tmp_path, serve) as store:
        (hit,) = store.search("pain", languages=["en"])
        assert (hit.code, hit.kind, hit.term, hit.language) == ("22253000", "finding", "Pain", "en")
        concept = store.lookup(SNOMED, "22253000")
        assert not concept.active and store.parents(SNOMED, "22253000") == ["8"]
        assert store.replacements(SNOMED, "22253000") == [] and store.replacement(SNOMED, "22253000") is None


@pytest.mark.parametrize("total", [True, False])
def test_long_lists_come_page_by_page(tmp_path, total):
    every = [str(number) for number in range(2500)]

    def serve(request):
        if request.url.path.endswith("metadata"):
            return httpx.Response(200, json=about())
        at, count = (int(request.url.params[name]) for name in ("offset", "count"))
        page = [{"code": code} for code in every[at : at + count]]
        return httpx.Response(200, json=expansion(page, **({"total": len(every)} if total else {})))

    with opened(tmp_path, serve) as store:
        assert store.members(SNOMED, "700043003") == sorted(every)


def test_a_slow_server_is_given_up(tmp_path):
    """Over a socket: a server that sends a byte now and then never lets a read time out by itself."""

    class Drip(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            try:
                for _ in range(60):
                    self.wfile.write(b" ")
                    self.wfile.flush()
                    time.sleep(0.05)
            except OSError:
                pass

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Drip)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url, policy, waits = f"http://127.0.0.1:{server.server_port}/fhir", Policy(timeout=0.3, attempts=2), []
    try:
        with pytest.raises(TerminologyError, match=r"no answer \(ReadTimeout\), after 2 attempts"):
            open_remote(url, cache=tmp_path / "cache", policy=policy, sleep=waits.append)
    finally:
        server.shutdown()
        server.server_close()
    assert len(waits) == 1


def test_the_cache_drops_what_was_not_used_for_longest(tmp_path):
    clock = Clock()
    cache = Cache(tmp_path / "cache", most=1000, clock=clock)
    for name in (b"a", b"b", b"c"):
        cache.put(name, "x" * 300, 10_000)
        clock.now += 100
    assert cache.get(b"a").value == "x" * 300
    clock.now += 100
    cache.put(b"d", "x" * 300, 10_000)
    assert [bool(cache.get(name)) for name in (b"a", b"b", b"c", b"d")] == [True, False, True, True]
    cache.put(b"e", "\ud800", 10_000)
    assert cache.get(b"e").value == "\ud800"
    cache.put(b"e", "x" * 2000, 10_000)
    assert cache.get(b"e") is None and cache.size() <= 1000  # nor is what it would have replaced
    cache.put(b"d", None, 10)
    assert cache.get(b"d").value is None
    clock.now += 11
    assert cache.get(b"d") is None
    cache.clear()
    assert cache.size() == 0
    cache.close()
    with pytest.raises(TerminologyError, match="closed"):
        cache.get(b"a")


@settings(max_examples=30, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 9), st.integers(0, 400), st.integers(0, 200)), max_size=40))
def test_the_cache_is_never_too_large_and_never_wrong(tmp_path_factory, steps):
    clock = Clock()
    cache = Cache(tmp_path_factory.mktemp("cache") / "cache", most=1000, clock=clock)
    last = {}
    for name, length, later in steps:
        key, value = bytes([name]), "x" * length
        kept = cache.get(key)
        assert kept is None or kept.value == last[key]
        cache.put(key, value, 500)
        last[key] = value
        assert cache.get(key).value == value and cache.size() <= 1000
        clock.now += later
    cache.close()


WORK = """
import random, sys
from pathlib import Path
from terminology.remote.cache import Cache
from terminology.remote.client import Client, Question
cache = Cache(Path(sys.argv[1]), most=20_000)
for _ in range(150):
    number = random.randrange(60)
    cache.put(bytes([number]), "x" * (number * 10), 1000)
    kept = cache.get(bytes([number]))
    assert kept is None or kept.value == "x" * (number * 10)
"""


def test_the_cache_is_for_many_threads_and_processes(tmp_path):
    path, wrong = tmp_path / "cache", []
    others = [subprocess.Popen([sys.executable, "-c", WORK, str(path)]) for _ in range(2)]
    cache = Cache(path, most=20_000)

    def work():
        for _ in range(100):
            number = random.randrange(60)
            cache.put(bytes([number]), "x" * (number * 10), 1000)
            kept = cache.get(bytes([number]))
            wrong.extend([number] if kept and kept.value != "x" * (number * 10) else [])

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [other.wait(60) for other in others] == [0, 0] and not wrong
    assert cache.size() <= 20_000
    cache.close()


def test_a_file_that_is_no_cache_is_left_alone(tmp_path):
    (tmp_path / "text").write_text("a clinical note, not a database; " * 50)
    with pytest.raises(TerminologyError, match="not a usable cache"):
        Cache(tmp_path / "text")
    with pytest.raises(TerminologyError, match="cannot be a cache"):
        Cache(tmp_path / "no" / "folder")
    with closing(sqlite3.connect(tmp_path / "other")) as other:
        other.executescript("CREATE TABLE note (text TEXT)")
    before = [(tmp_path / name).read_bytes() for name in ("text", "other")]
    with pytest.raises(TerminologyError, match="not a cache of this version"):
        Cache(tmp_path / "other")
    assert [(tmp_path / name).read_bytes() for name in ("text", "other")] == before


def test_the_systems_a_server_has_are_told(core):
    here = {one.system: one for one in core.local.systems()}
    there = core.remote.systems()
    assert {one.system for one in there} == set(here) & set(EVERY)
    for one in there:
        assert (one.concepts, one.hierarchy) == (None, here[one.system].hierarchy)
        assert set(one.versions) <= set(here[one.system].versions)
