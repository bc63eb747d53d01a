"""What is declared of an attachment against what its bytes are: content type, size and hash."""

import base64
import hashlib
import json
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter import notes
from adapter.errors import EngineError
from adapter.notes import Limits
from adapter.notes.formats import cda, rtf, sandbox, signatures
from adapter.notes.formats import pdf as pdf_reader
from adapter.notes.formats.reading import Reading, Refused
from tests.notes.formats.made import cda as cda_of
from tests.notes.formats.made import pdf, posted, refusal, sections, text

FIXTURES = Path(__file__).parents[3] / "fixtures" / "documents"
SAMPLES = {
    "pdf": pdf(["CHIEF COMPLAINT: Cough."], ["Gout."]),
    "rtf": rb"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 A;}}\f0 M\'e9ni\u232?re\cell {\pict\bin3 }}}x}}",
    "cda": cda_of(sections(("10157-6", "Family", "<list><item>Gout</item></list>"), (None, "Plan", "x"))),
}
IMAGES = {
    "zip": b"PK\x03\x04",
    "png": b"\x89PNG\r\n\x1a\n",
    "jpeg": b"\xff\xd8\xff\xe0",
    "tiff": b"II*\x00\x08\x00",
    "ole": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    "gzip": b"\x1f\x8b\x08\x00",
    "dicom": b"\x00" * 128 + b"DICM",
}
MISMATCH = ("invalid", "content-type-mismatch", "contentType")
READABLE = ("text/plain", "text/html", "application/pdf", "text/rtf", "application/xml")


@pytest.mark.parametrize("declared", READABLE)
@pytest.mark.parametrize("kind", [*IMAGES, *SAMPLES])
def test_bytes_that_are_clearly_something_else_are_refused(kind, declared):
    content = IMAGES.get(kind) or SAMPLES[kind]
    assert signatures.kind(content) == kind
    if signatures.MEDIA.get(declared) != kind:
        assert refusal(content, declared) == MISMATCH


@pytest.mark.parametrize("kind", IMAGES)
def test_bytes_of_an_unknown_format_without_content_type_are_refused(kind):
    assert refusal(IMAGES[kind], None) == ("not-supported", "unsupported-content-type", "contentType")


@pytest.mark.parametrize("declared", ["application/pdf", "text/rtf", "application/xml"])
def test_plain_text_is_no_document(declared):
    assert refusal(b"CHIEF COMPLAINT: Cough.", declared) == MISMATCH


def test_text_that_speaks_of_formats_is_text():
    for words in ("See %PDF-1.4 file", "Use {\\rtf1", "<3 weeks", "PK studies", "II* grade", "BM normal"):
        assert text(words.encode(), "text/plain") == words


def test_a_start_after_white_space_or_a_mark_is_seen():
    for start in (b"\n\n ", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"):
        assert refusal(start + SAMPLES["pdf"], "text/plain") == MISMATCH
        assert refusal(start + SAMPLES["rtf"], "text/plain") == MISMATCH
    commented = b"\xef\xbb\xbf<?xml version='1.0'?>\n<?xml-stylesheet href='x'?><!-- x --><ClinicalDocument/>"
    assert refusal(commented, "text/html") == MISMATCH


CONTENT = b"Gout."
HASH = base64.b64encode(hashlib.sha1(CONTENT).digest()).decode()


@pytest.mark.parametrize("more", [{"size": 5}, {"size": "5"}, {"hash": HASH}, {"size": 5, "hash": HASH}])
def test_size_and_hash_that_fit(more):
    assert text(CONTENT, "text/plain", **more) == "Gout."


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"size": 4}, ("invalid", "size-mismatch", "size")),
        ({"size": 0}, ("invalid", "size-mismatch", "size")),
        ({"size": "6"}, ("invalid", "size-mismatch", "size")),
        ({"size": "five"}, ("structure", "size-not-a-number", "size")),
        ({"size": "9" * 5000}, ("structure", "size-not-a-number", "size")),
        ({"size": True}, ("structure", "size-not-a-number", "size")),
        ({"size": 5.0}, ("structure", "size-not-a-number", "size")),
        ({"hash": HASH[:-2] + "A="}, ("invalid", "hash-mismatch", "hash")),
        ({"hash": hashlib.sha1(CONTENT).hexdigest()}, ("invalid", "hash-mismatch", "hash")),
        ({"hash": ""}, ("invalid", "hash-mismatch", "hash")),
        ({"hash": 7}, ("structure", "hash-not-text", "hash")),
    ],
)
def test_size_and_hash_that_do_not_fit(more, expected):
    assert refusal(CONTENT, "text/plain", **more) == expected


def test_the_child_knows_nothing_of_the_environment(monkeypatch):
    seen = []
    real = subprocess.run

    def run(*args, **options):
        seen.append(options["env"])
        return real(*args, **options)

    monkeypatch.setenv("NOTEWRIGHT_SECRET", "zebra")
    monkeypatch.setattr(subprocess, "run", run)
    assert text(SAMPLES["rtf"], "text/rtf")
    assert len(seen) == 1 and set(seen[0]) <= set(sandbox.KEPT)


def test_a_child_that_cannot_start_is_worth_a_retry(monkeypatch):
    for program in ("/nowhere/python", os.devnull):
        monkeypatch.setattr(sandbox.sys, "executable", program)
        with pytest.raises(EngineError) as caught:
            notes.read(posted(SAMPLES["pdf"], "application/pdf"))
        assert caught.value.retryable
    monkeypatch.setattr(sandbox.sys, "executable", "/bin/false")
    with pytest.raises(EngineError):
        notes.read(posted(SAMPLES["pdf"], "application/pdf"))


def test_a_child_that_is_killed_is_a_refusal():
    assert sandbox._failed(-9).remark.reason == "attachment-too-costly"
    assert sandbox._failed(-11).remark.reason == "attachment-broken"


READERS = {"pdf": pdf_reader.read, "rtf": rtf.read, "cda": cda.read}


@st.composite
def mutated(draw, kind):
    """A sample with bytes changed, cut out, repeated or moved."""
    content = bytearray(SAMPLES[kind])
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(content)))
        stop = min(len(content), start + draw(st.integers(0, 40)))
        piece = draw(st.binary(max_size=12) | st.just(bytes(content[start:stop]) * 3))
        content[start:stop] = piece
    return bytes(content)


@pytest.mark.parametrize("kind", READERS)
@given(data=st.data())
def test_no_mutation_escapes_a_reader(kind, data):
    content = data.draw(mutated(kind))
    try:
        reading = READERS[kind](content, Limits())
    except Refused as refused:
        assert refused.remark.code and refused.remark.message
    else:
        assert isinstance(reading, Reading)
        reading.text.encode("utf-8")


@pytest.mark.parametrize("kind", READERS)
@given(content=st.binary(max_size=400))
def test_no_bytes_escape_a_reader(kind, content):
    start = {"pdf": b"%PDF-1.7\n", "rtf": b"{\\rtf1 ", "cda": b"<ClinicalDocument>"}[kind]
    try:
        READERS[kind](start + content, Limits())
    except Refused as refused:
        assert refused.remark.reason


@pytest.mark.parametrize("name", ["continuity-of-care", "progress-note-pdf"])
def test_the_fixtures_are_read_whole(name):
    step = notes.read(json.loads((FIXTURES / f"{name}.json").read_text("utf-8")))
    assert step.left_out == () and len(step.kept) == 1
    keys = {section.key for section in step.kept[0].sections}
    assert {"family_history", "medications"} <= keys


def test_the_posted_cda_is_the_file_beside_it():
    document = json.loads((FIXTURES / "continuity-of-care.json").read_text("utf-8"))
    data = base64.b64decode(document["content"][0]["attachment"]["data"])
    assert data == (FIXTURES / "continuity-of-care.xml").read_bytes()
