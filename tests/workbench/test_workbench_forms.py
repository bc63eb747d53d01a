"""Forms as browsers send them, and as nobody's browser does."""

from contextlib import suppress

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from adapter.errors import InputError
from adapter.workbench import forms

FIELD = b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n"
NAMES = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters='"\\%'), min_size=1, max_size=20
)


def request(kind, method="POST", query=b""):
    headers = [(b"content-type", kind.encode("latin-1"))] if kind else []
    return Request({"type": "http", "method": method, "headers": headers, "query_string": query, "path": "/"})


def posted(**parts):
    made = httpx.Request("POST", "http://here/", **parts)
    return forms.sent(request(made.headers["content-type"]), made.read())


@given(NAMES, st.binary(max_size=300), st.text(st.characters(blacklist_categories=("Cs",)), max_size=60))
def test_fields_and_files_arrive_as_they_were_sent(name, content, text):
    form = posted(data={"text": text}, files={"file": (name, content, "application/pdf")})
    assert list(form.fields) == [("text", text)]
    assert form.files["file"] == forms.Upload(name=name, type="application/pdf", content=content)


def test_a_file_that_was_not_chosen_is_none():
    text = b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\na\r\n'
    file = b'--x\r\nContent-Disposition: form-data; name="file"; filename=""\r\n\r\n\r\n--x--\r\n'
    form = forms.sent(request("multipart/form-data; boundary=x"), text + file)
    assert form.fields == [("text", "a")] and not form.files


def test_a_note_never_comes_from_an_address():
    form = forms.sent(request("", "GET", b"text=asthma&fhir=r5"), b"")
    assert form.fields == [("fhir", "r5")]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("", b""),
        ("text/plain", b"text=a"),
        ("application/json", b"{}"),
        ("multipart/form-data", b"--x\r\n\r\n--x--"),
        ("multipart/form-data; boundary=x", b""),
        ("multipart/form-data; boundary=x", b"nothing"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\ncut"),
        ("multipart/form-data; boundary=x", b"--x\r\nno head--x--\r\n--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\nContent-Type: a/b\r\n\r\nno name\r\n--x--"),
        ("multipart/form-data; boundary=x", b"--x\r\n" + b"A: b\r\n" * 2000 + b"\r\n\r\n--x--"),
        ("multipart/form-data; boundary=x", FIELD * 3000 + b"--x--"),
        ("application/x-www-form-urlencoded", b"a=1&" * 3000),
        ("application/x-www-form-urlencoded", b"\xff\xfe"),
    ],
)  # fmt: skip
def test_what_no_browser_sends_is_refused(kind, body):
    with pytest.raises(InputError):
        forms.sent(request(kind), body)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused(body):
    with suppress(InputError):
        forms.sent(request("multipart/form-data; boundary=x"), b"--x\r\n" + body + b"\r\n--x--\r\n")
