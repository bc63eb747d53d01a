"""What a request says about formats, and what it is taken to mean."""

import pytest

from adapter.errors import InputError, NotAcceptable, UnsupportedMediaType
from adapter.fhir.wire.negotiation import content_type, formats

FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "named", "sent", "answer"),
    [
        (None, None, None, "json"),
        ("", None, None, "json"),
        ("*/*", None, None, "json"),
        ("*/*", None, "application/fhir+xml", "xml"),
        (None, None, "application/fhir+xml", "xml"),
        ("application/fhir+json", None, "application/fhir+xml", "json"),
        ("application/fhir+xml", None, None, "xml"),
        ("application/xml", None, None, "xml"),
        ("text/xml", None, None, "xml"),
        ("text/json", None, None, "json"),
        ("APPLICATION/FHIR+XML", None, None, "xml"),
        ("text/html, application/fhir+xml;q=0.5, application/fhir+json;q=0.4", None, None, "xml"),
        ("application/fhir+xml;q=0.5, application/fhir+json;q=0.9", None, None, "json"),
        ("application/fhir+xml;q=0.5, */*;q=0.4", None, None, "xml"),
        ("application/fhir+json;q=0, */*", None, None, "xml"),
        ("application/fhir+xml;q=0, application/*", None, None, "json"),
        ("application/fhir+xml;q=none, application/fhir+json;q=0.1", None, None, "json"),
        ("application/fhir+json;fhirVersion=3.0, application/fhir+xml;q=0.1", None, None, "xml"),
        (FIREFOX, None, None, "xml"),
        ("text/html", "json", None, "json"),
        ("application/fhir+json", "xml", None, "xml"),
        ("application/fhir+json", "application/fhir xml", None, "xml"),
        ("application/fhir+json", "text/xml", None, "xml"),
    ],
)
def test_the_answer_is_in_the_format_asked_for(accept, named, sent, answer):
    assert formats(accept, named, sent).answer == answer


@pytest.mark.parametrize(
    ("accept", "sent", "body", "answer"),
    [
        (None, None, "r4", "r4"),
        (None, "application/fhir+json; fhirVersion=4.0", "r4", "r4"),
        (None, "application/fhir+json; fhirVersion=4.3", "r4", "r4"),
        (None, 'application/fhir+json; fhirVersion="5.0"', "r5", "r5"),
        ("application/fhir+json; fhirVersion=5.0", None, "r4", "r5"),
        ("application/fhir+json; fhirVersion=4.0", "application/json;fhirversion=5.0", "r5", "r4"),
        ("application/fhir+json;fhirVersion=4.0;q=0.5, text/json;fhirVersion=5.0", None, "r4", "r5"),
        ("application/fhir+json;fhirVersion=3.0, */*;q=0.2", None, "r4", "r4"),
    ],
)
def test_versions(accept, sent, body, answer):
    found = formats(accept, None, sent)
    assert (found.body_version, found.answer_version) == (body, answer)


def test_the_default_version_is_the_door_s():
    found = formats(None, None, "application/fhir+json", default="r5")
    assert (found.body, found.body_version, found.answer_version) == ("json", "r5", "r5")
    assert formats(None, "json; fhirVersion=4.0", None, default="r5").answer_version == "r4"


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "application/fhir+turtle",
        "application/fhir+json; fhirVersion=3.0",
        "application/fhir+json; fhirVersion=",
        "application/fhir+json;q=0",
        "*/*;q=0",
        ",,,",
        '"' * 500,
        "application/fhir+json," * 500,
    ],
)
def test_what_cannot_be_given_is_not_acceptable(accept):
    with pytest.raises(NotAcceptable):
        formats(accept, None, None)


@pytest.mark.parametrize("named", ["html", "ttl", "json; fhirVersion=3.0", "\r\nX: y", "x" * 5000])
def test_an_unknown_format_parameter_is_not_acceptable(named):
    with pytest.raises(NotAcceptable):
        formats(None, named, None)


@pytest.mark.parametrize(
    "sent",
    [
        "text/plain",
        "application/octet-stream",
        "application/fhir+json; charset=iso-8859-1",
        "application/fhir+json; charset=utf-16",
        "application/fhir+xml; fhirVersion=3.0",
        "application/fhir+json; fhirVersion=6.0",
        "application/*",
        "application/fhir+json" + ";" * 5000,
        ";",
    ],
)
def test_a_body_in_anything_else_is_not_read(sent):
    with pytest.raises(UnsupportedMediaType):
        formats(None, None, sent)


@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "utf8"])
def test_utf8_is_the_charset(charset):
    assert formats(None, None, f"application/fhir+json; charset={charset}").body == "json"


def test_both_errors_are_bad_input_and_say_what_they_mean():
    assert issubclass(NotAcceptable, InputError) and issubclass(UnsupportedMediaType, InputError)
    assert NotAcceptable().issue().code == "not-supported"


def test_the_answer_names_format_charset_and_version():
    assert content_type("json", "r4") == "application/fhir+json; charset=utf-8; fhirVersion=4.0"
    assert content_type("xml", "r5") == "application/fhir+xml; charset=utf-8; fhirVersion=5.0"
