"""Bulk submissions, end to end: a real file server, the real application, the real ledger and workflows."""

import gzip
import json
import threading
import tracemalloc
from contextlib import ExitStack, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from adapter.api import bulk
from adapter.egress import allowing
from adapter.jobs import Bounds, Submitter
from adapter.ledger import opened, resources, submissions, work
from tests.api import served

NDJSON = "application/fhir+ndjson"
SECRET = "Bearer a-secret-of-the-file-server"
SUBMITTER = {"system": "https://ehr.example", "value": "ehr-1"}


class Files:
    """A file server: bodies by path, and the requests it got."""

    def __init__(self, origin):
        self.origin, self.given, self.asked = origin, {}, []

    def put(self, path, body, kind=NDJSON, status=200, **headers):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.given[path] = (status, {"Content-Type": kind} | named, raw)
        return self.origin + path

    def lines(self, path, lines, **more):
        rows = (one if isinstance(one, bytes) else json.dumps(one).encode() for one in lines)
        return self.put(path, b"\n".join(rows) + b"\n", **more)

    def manifest(self, path, *outputs, **more):
        output = [
            one if isinstance(one, dict) else {"type": "DocumentReference", "url": one} for one in outputs
        ]
        whole = {"transactionTime": "2026-03-07T14:05:00Z", "requiresAccessToken": False, "output": output}
        return self.put(path, whole | more, "application/json")

    def requests(self, path):
        return [headers for asked, headers in self.asked if asked == path]


@contextmanager
def file_server():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            files.asked.append((self.path, dict(self.headers)))
            status, headers, body = files.given.get(self.path, (404, {}, b""))
            self.send_response(status)
            for name, value in ({"Content-Length": len(body)} | headers).items():
                self.send_header(name, str(value))
            self.end_headers()
            try:
                self.wfile.write(body)
            except OSError:
                self.close_connection = True

        def log_message(self, *_):
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    files = Files(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield files
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def files():
    with file_server() as one:
        yield one


@pytest.fixture(scope="module")
def here(core_store, files, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bulk")
    site = served.quick(
        egress={"hosts": [files.origin], "networks": ["127.0.0.0/8"]},
        bulk={"file": 8_000_000, "line": 100_000, "lines": 3_000},
    )
    with (
        served.opened(core_store, f"sqlite:///{folder}/ledger.sqlite", site) as service,
        served.listening(service) as origin,
        httpx.Client(timeout=30) as client,
    ):
        yield served.Endpoint(service=service, client=client, origin=origin)


def parameters(name, **given):
    listed = [
        {"name": "submitter", "valueIdentifier": SUBMITTER},
        {"name": "submissionId", "valueString": name},
    ]
    for key, value in given.items():
        if key == "submissionStatus":
            coding = {"system": "http://hl7.org/fhir/event-status", "code": value}
            listed.append({"name": key, "valueCoding": coding})
        elif key == "headers":
            for pair in value.items():
                named = zip(("headerName", "headerValue"), pair, strict=True)
                part = [{"name": name, "valueString": text} for name, text in named]
                listed.append({"name": "fileRequestHeader", "part": part})
        else:
            listed.append({"name": key, "valueUrl" if key.endswith("Url") else "valueString": value})
    return {"resourceType": "Parameters", "parameter": listed}


def submit(here, name, url=None, status="completed", **more):
    given = {"submissionStatus": status, **more}
    if url:
        given |= {"manifestUrl": url, "fhirBaseUrl": "https://ehr.example/fhir"}
    return here.post(parameters(name, **given), "/$bulk-submit")


def kicked(here, name):
    answer = here.post(parameters(name), "/$bulk-submit-status", Prefer="respond-async")
    assert answer.status_code == 202, answer.text
    return answer.headers["Content-Location"].removeprefix(here.base)


def finished(here, name):
    """The status manifest, once there is one."""
    where = kicked(here, name)

    def ended():
        answers.append(here.get(where, Accept="application/json"))
        return answers[-1].status_code != 202

    answers = []
    served.wait_until(ended)
    assert answers[-1].status_code == 200, answers[-1].text
    for one in answers[:-1]:
        assert 0 < len(one.headers["X-Progress"]) < 100
        assert int(one.headers["Retry-After"]) > 0
    assert answers[-1].headers["Content-Type"].startswith("application/json")
    return answers[-1].json()


def read(here, url):
    answer = here.get(url.removeprefix(here.base), Accept=NDJSON)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith(NDJSON)
    return [json.loads(line) for line in answer.text.splitlines()]


def outcomes(here, manifest, at=0):
    return [one["issue"] for one in read(here, manifest["outcome"][at]["url"])]


def reasons(here, manifest):
    """What was refused, the summary aside."""
    return [[issue["details"]["text"] for issue in one] for one in outcomes(here, manifest)[1:]]


def note(n, text="Assessment: asthma.", **more):
    return served.document(text, id=f"doc-{n}", **more)


def test_a_manifest_becomes_bundles(here, files):
    first = files.lines("/a/1.ndjson", [note(1), note(2, "Assessment: pneumonia.")])
    second = files.lines("/a/2.ndjson", [served.identified("a-3", "Plan: no change.")])
    url = files.manifest("/a/manifest", first, second)
    assert submit(here, "a", url).status_code == 200
    told = finished(here, "a")
    assert told["submissionId"] == "a"
    assert told["manifestType"].endswith("BulkSubmitStatusManifest")
    assert told["requiresAccessToken"] is False
    [output] = told["output"]
    assert (output["type"], output["count"], output["manifestUrl"]) == ("Bundle", 3, url)
    bundles = read(here, output["url"])
    assert [one["resourceType"] for one in bundles] == ["Bundle"] * 3
    assert "asthma" in json.dumps(bundles[0]) and "pneumonia" in json.dumps(bundles[1])
    assert outcomes(here, told)[0][0]["severity"] == "information"
    assert reasons(here, told) == []


def test_lines_that_cannot_be_taken_are_told_of_and_the_others_taken(here, files):
    bad = [
        note("b1"),
        b'{"resourceType": "DocumentReference", "status": ',
        {"resourceType": "Patient", "id": "p"},
        b"",
        b'["a list"]',
        note("b2", content="none"),
        b"\xff\xfe{}",
        note("b3", "x" * 100_000),
        b"[" * 50_000,
        note("b4", "Assessment: gout."),
    ]
    url = files.manifest("/b/manifest", files.lines("/b/1.ndjson", bad))
    assert submit(here, "b", url).status_code == 200
    told = finished(here, "b")
    assert told["output"][0]["count"] == 2
    found = outcomes(here, told)
    assert "accepted: 2, refused: 7" in found[0][0]["diagnostics"]
    numbers = [one[0]["extension"][0]["valueInteger"] for one in found[1:]]
    assert numbers == [2, 3, 5, 6, 7, 8, 9]
    assert "asthma" not in json.dumps(found) and "gout" not in json.dumps(found)


def test_other_types_and_broken_files_are_reported_and_the_rest_read(here, files):
    huge = files.put("/c/huge", b"x" * 8_000_001)
    bomb = files.put("/c/bomb", gzip.compress(b"\n" * 30_000_000), Content_Encoding="gzip")
    page = files.put("/c/page", b"<html>sign in</html>", "text/html")
    loop = files.put("/c/loop", b"", status=302, Location="/c/loop")
    away = files.put("/c/away", b"", status=302, Location="http://10.9.8.7/notes")
    good = files.lines("/c/good", [note("c1")])
    patients = {"type": "Patient", "url": files.origin + "/c/patients"}
    foreign = "https://elsewhere.example/1.ndjson"
    url = files.manifest(
        "/c/manifest", patients, huge, bomb, page, loop, away, foreign, {"type": "DocumentReference"}, good
    )
    assert submit(here, "c", url).status_code == 200
    told = finished(here, "c")
    assert told["output"][0]["count"] == 1
    assert not files.requests("/c/patients")
    assert sorted(reason for [reason] in reasons(here, told)) == sorted(
        ["type-not-taken", "no-url"] + ["EgressRefused"] * 6
    )
    assert "elsewhere" not in json.dumps(outcomes(here, told))


@pytest.mark.parametrize(
    "body",
    [b"no JSON", b"[]", b"[" * 100_000, b'{"output": 7}', b"{}", b'{"a": ' + b"9" * 5_000 + b"}"],
    ids=len,
)
def test_what_is_no_manifest_is_told_of(here, files, body):
    name = f"d{len(body)}"
    url = files.put(f"/{name}", body, "application/json")
    assert submit(here, name, url).status_code == 200
    told = finished(here, name)
    assert told["output"] == []
    assert reasons(here, told) == [["InputError"]]


def test_pages_are_followed_and_a_loop_of_them_ends(here, files):
    first, second = files.lines("/e/1", [note("e1")]), files.lines("/e/2", [note("e2")])
    again = [{"relation": "next", "url": files.origin + "/e/m1"}]
    following = files.manifest("/e/m2", second, link=again)
    url = files.manifest("/e/m1", first, link=[{"relation": "next", "url": following}])
    assert submit(here, "e", url).status_code == 200
    told = finished(here, "e")
    assert told["output"][0]["count"] == 2
    assert reasons(here, told) == [["next-page"]]


def test_headers_go_with_the_requests_and_are_forgotten(here, files):
    url = files.manifest("/f/manifest", files.lines("/f/1", [note("f1")]))
    assert submit(here, "f", url, headers={"Authorization": SECRET}).status_code == 200
    finished(here, "f")
    for path in ("/f/manifest", "/f/1"):
        assert files.requests(path)[0]["Authorization"] == SECRET
    with here.service.database.reading() as tx:
        found = submissions.named(tx, "insecure", "https://ehr.example|ehr-1", "f")
        assert submissions.headers(tx, submissions.manifests(tx, found.id)[0]) == {}


def test_a_stopped_submission_takes_back_what_it_brought(here, files):
    same = served.identified("g-same", "Assessment: migraine.")
    kept = here.post(same).json()["id"]
    url = files.manifest("/g/manifest", files.lines("/g/1", [note("g1"), same]))
    submit(here, "g", url, status="in-progress")
    where = kicked(here, "g")
    served.wait_until(lambda: "more may be" in here.get(where).headers["X-Progress"])
    assert submit(here, "g", status="stopped").status_code == 200
    told = finished(here, "g")
    assert told["output"] == []
    assert outcomes(here, told)[0][0]["details"]["text"] == "manifest-discarded"
    with here.service.database.reading() as tx:
        found = submissions.named(tx, "insecure", "https://ehr.example|ehr-1", "g")
        one, two = [row for row in submissions.lines(tx, found.id, [1]) if row.document]
        assert resources.read(tx, "DocumentReference", one.document).content["status"] == "entered-in-error"
        assert two.document == kept
        assert resources.read(tx, "DocumentReference", kept).content["status"] == "current"
    assert submit(here, "g", url, status="in-progress").status_code == 422
    assert submit(here, "g", status="stopped").status_code == 200


def test_a_manifest_is_replaced_and_what_both_have_stays(here, files):
    stays, goes = note("h1", "Assessment: eczema."), note("h2", "Assessment: gout.")
    old = files.manifest("/h/old", files.lines("/h/1", [stays, goes]))
    new = files.manifest("/h/new", files.lines("/h/2", [stays]))
    submit(here, "h", old, status="in-progress")
    where = kicked(here, "h")
    served.wait_until(lambda: "more may be" in here.get(where).headers["X-Progress"])
    assert submit(here, "h", new, replacesManifestUrl=old).status_code == 200
    told = finished(here, "h")
    [output] = told["output"]
    assert (output["manifestUrl"], output["count"]) == (new, 1)
    with here.service.database.reading() as tx:
        found = submissions.named(tx, "insecure", "https://ehr.example|ehr-1", "h")
        one, two = submissions.lines(tx, found.id, [1])
        states = [
            resources.read(tx, "DocumentReference", row.document).content["status"] for row in (one, two)
        ]
    assert states == ["current", "entered-in-error"]


def test_a_server_that_is_away_for_a_moment_is_asked_again(here, files):
    lines = files.lines("/i/1", [note("i1")])
    url = files.manifest("/i/manifest", lines)
    files.put("/i/1", b"", status=503)
    submit(here, "i", url)
    served.wait_until(lambda: files.requests("/i/1"))
    files.lines("/i/1", [note("i1")])
    assert finished(here, "i")["output"][0]["count"] == 1


def test_what_is_asked_wrongly_is_refused(here, files):
    url = files.manifest("/j/manifest")
    base = "https://ehr.example/fhir"
    wrong = [
        parameters("j"),
        parameters("j", manifestUrl=url),
        parameters("j", submissionStatus="done"),
        parameters("j", manifestUrl=url, fhirBaseUrl=base, fileEncryptionKey="x"),
        parameters("j", manifestUrl=url, fhirBaseUrl=base, oauthMetadataUrl=url),
        parameters("j", manifestUrl=url, fhirBaseUrl=base, outputFormat="text/csv"),
        parameters("j", manifestUrl=url, fhirBaseUrl=base, replacesManifestUrl=url),
        parameters("j", manifestUrl=url, fhirBaseUrl=base, headers={"Host": "elsewhere"}),
        parameters("j", manifestUrl="http://10.0.0.1/m", fhirBaseUrl=base),
        parameters("j", manifestUrl="file:///etc/passwd", fhirBaseUrl=base),
        parameters("", submissionStatus="completed"),
    ]
    for one in wrong:
        answer = here.post(one, "/$bulk-submit")
        assert answer.status_code in (400, 422), one
        assert served.issues(answer)
    assert here.post(parameters("j", submissionStatus="completed"), "/$bulk-submit").status_code == 404
    assert here.post(parameters("j"), "/$bulk-submit-status").status_code == 404
    for path in ("/$bulk-files/x/output-1.ndjson", "/$bulk-submit-status/x"):
        assert here.get(path).status_code == 404


def test_a_status_that_is_forgotten_is_gone_and_the_documents_are_not(here, files):
    submit(here, "k", files.manifest("/k/manifest", files.lines("/k/1", [note("k1")])))
    told = finished(here, "k")
    where = kicked(here, "k")
    assert here.ask("DELETE", where).status_code == 202
    assert here.get(where).status_code == 404
    assert len(read(here, told["output"][0]["url"])) == 1


def test_nobody_else_sees_a_submission(here, files):
    submit(here, "s", files.manifest("/s/manifest", files.lines("/s/1", [note("s1")])))
    told = finished(here, "s")
    paths = [told[name][0]["url"].removeprefix(here.base) for name in ("output", "outcome")]
    with here.service.database.writing() as tx:
        found = submissions.named(tx, "insecure", "https://ehr.example|ehr-1", "s")
        submissions.change(tx, found.id, owner="somebody else")
    for path in paths:
        assert here.get(path).status_code == 404
    assert here.post(parameters("s"), "/$bulk-submit-status").status_code == 404


class Steps:
    """A submitter without workflows: steps are taken by hand."""

    def __init__(self, database, closing, origin, **bounds):
        self.database, self.closing, self.started = database, closing, []
        self.origin, self.bounds = origin, bounds
        self.submitter = self.new()

    def new(self):
        """Another process: it knows only what is in the ledger."""
        policy = allowing([self.origin], ["127.0.0.0/8"])
        start = lambda one: self.started.append((one.id, one.version))  # noqa: E731
        bounds = Bounds(**({"turn": 60.0, "batch": 2} | self.bounds))
        made = Submitter(self.database, policy, accept=bulk.accept, start=start, bounds=bounds)
        self.closing.callback(made.close)
        return made

    def submission(self, url):
        with self.database.writing() as tx:
            one = submissions.opened(tx, "me", "|me", "s")
            submissions.add_manifest(tx, one.id, url, fhir="r4", base="https://ehr.example/fhir")
            submissions.change(tx, one.id, state=submissions.COMPLETED)
            return submissions.woken(tx, one.id).id

    def run(self, id):
        """Steps until there is nothing to do."""
        hop = 1
        while self.submitter.step(id, hop) is not None:
            hop += 1

    def documents(self):
        with self.database.reading() as tx:
            page = resources.search(tx, "DocumentReference", (), count=500)
            return sorted(one.id for one in page.found)


@pytest.fixture
def ledger(database_url):
    with opened(database_url) as database:
        yield database


@pytest.fixture
def steps(ledger, files):
    with ExitStack() as closing:
        files.asked.clear()
        yield partial(Steps, ledger, closing, files.origin)


def test_a_submission_cut_off_anywhere_brings_each_document_once(steps, ledger, files):
    rows = [note(f"m{n}", f"Visit {n}.") for n in range(7)]
    here = steps()
    id = here.submission(files.manifest("/m/manifest", files.lines("/m/1", rows)))
    cuts = 0
    for _ in range(60):
        submitter = here.new()
        left = iter(range(3))
        mine = submitter._accept

        def accept(*given, left=left, mine=mine):
            if next(left, None) is None:
                raise KeyboardInterrupt  # in the middle of a batch
            return mine(*given)

        submitter._accept = accept
        with ledger.reading() as tx:
            hop = submissions.read(tx, id).hop
        try:
            if submitter.step(id, hop) is None:
                break
        except KeyboardInterrupt:
            cuts += 1
        finally:
            submitter.close()
    assert cuts >= 2
    assert len(here.documents()) == 7
    with ledger.reading() as tx:
        done = submissions.progress(tx, id)
        assert (done.accepted, done.refused, done.ended) == (7, 0, 1)
        assert work.counts(tx)[work.ACCEPTED] == 7


def test_a_step_done_twice_does_nothing_more(steps, ledger, files):
    here = steps(turn=0.0)
    id = here.submission(files.manifest("/n/manifest", files.lines("/n/1", [note("n1"), note("n2")])))
    assert here.submitter.step(id, 1) == 0.0  # the manifest
    assert here.submitter.step(id, 2) == 0.0  # the lines
    assert len(here.documents()) == 2
    assert here.new().step(id, 2) == 0.0  # as if it had not been known that it was done
    assert here.new().step(id, 1) is None
    hop = 3
    while here.submitter.step(id, hop) is not None:
        hop += 1
    assert len(here.documents()) == 2
    with ledger.reading() as tx:
        assert not submissions.read(tx, id).busy


def test_no_more_is_accepted_than_may_wait(steps, ledger, files):
    here = steps(waiting=3)
    rows = [note(f"o{n}", f"Visit {n}.") for n in range(8)]
    id = here.submission(files.manifest("/o/manifest", files.lines("/o/1", rows)))
    hop, paused = 1, 0
    while (wait := here.submitter.step(id, hop)) is not None:
        hop += 1
        if wait:
            paused += 1
            with ledger.writing() as tx:
                assert work.counts(tx)[work.ACCEPTED] <= 4
                for one in work.waiting(tx):
                    work.finish(tx, one.document, one.version, work.EXTRACTED, bundles={})
    assert paused == 2
    assert len(here.documents()) == 8
    assert len(files.requests("/o/1")) == 1


def test_a_file_that_changed_while_it_was_read_is_not_read_on(steps, ledger, files):
    here = steps(turn=0.0)
    url = files.manifest("/p/manifest", files.lines("/p/1", [note(f"p{n}") for n in range(4)]))
    id = here.submission(url)
    for hop in (1, 2):
        here.submitter.step(id, hop)
    files.lines("/p/1", [note(f"q{n}") for n in range(4)])
    another, hop = here.new(), 3
    while another.step(id, hop) is not None:
        hop += 1
    with ledger.reading() as tx:
        after = submissions.progress(tx, id)
        told = [one.outcome for one in submissions.lines(tx, id, [1]) if one.outcome]
    assert (after.accepted, after.failed) == (2, 1)
    assert told[0]["issue"][0]["details"]["text"] == "file-changed"


def test_attachments_and_ids_are_those_of_where_the_document_comes_from(steps, ledger, files):
    attachment = {"contentType": "text/plain", "url": "Binary/7"}
    document = {**note("r1"), "content": [{"attachment": attachment}]}
    here = steps()
    here.run(here.submission(files.manifest("/r/manifest", files.lines("/r/1", [document]))))
    [id] = here.documents()
    with ledger.reading() as tx:
        stored = resources.read(tx, "DocumentReference", id).content
    assert stored["content"][0]["attachment"]["url"] == "https://ehr.example/fhir/Binary/7"
    assert stored["identifier"][0]["value"] == "https://ehr.example/fhir/DocumentReference/doc-r1"


def test_hundreds_of_documents_are_accepted_and_given_back_a_page_at_a_time(steps, ledger, files):
    rows = [note(f"t{n}", f"Visit {n}.") for n in range(600)]
    here = steps(batch=100)
    id = here.submission(files.manifest("/t/manifest", files.lines("/t/1", rows)))
    here.run(id)
    assert len(set(here.started)) == 600
    bundle = {"resourceType": "Bundle", "type": "transaction", "note": "x" * 10_000}
    with ledger.writing() as tx:
        for document, version in here.started:
            work.finish(tx, document, version, work.EXTRACTED, bundles={"r4": bundle})
        assert submissions.unread(tx, id) == 0
        assert submissions.derived(tx, id, [1]) == 600
    tracemalloc.start()
    try:
        sizes = [len(one) for one in bulk._outputs(bulk._lines(ledger, id, [1]), "r4")]
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(sizes) == 600
    assert most < sum(sizes) / 3
