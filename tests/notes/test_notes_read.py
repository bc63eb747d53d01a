"""Documents in every shape hospitals send them: what becomes a note, and what is said of the rest."""

import base64
import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter import notes
from adapter.errors import InputError, NotADocument

TEXT = "CHIEF COMPLAINT: Cough.\nPLAN: Rest."


def attachment(text=TEXT, content_type="text/plain", charset="utf-8", **more):
    data = base64.b64encode(text.encode(charset)).decode() if text is not None else None
    return {key: value for key, value in {"contentType": content_type, "data": data, **more}.items() if value}


def document(*attachments, **more):
    return {
        "resourceType": "DocumentReference",
        "id": "d1",
        "status": "current",
        "subject": {"reference": "Patient/p1"},
        "content": [{"attachment": each} for each in attachments or (attachment(),)],
        **more,
    }


def bundle(*resources, kind="collection"):
    entries = [{"fullUrl": f"urn:uuid:{n}", "resource": each} for n, each in enumerate(resources)]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


def only(step):
    assert len(step.kept) == 1
    return step.kept[0]


def reasons(step):
    return [(issue.code, issue.reason, issue.path) for issue in step.left_out]


def test_an_r4_document_becomes_a_note():
    step = notes.read(
        document(
            date="2024-05-01T10:00:00Z",
            masterIdentifier={"system": "urn:s", "value": "m1"},
            identifier=[{"value": "other"}],
            context={"encounter": [{"reference": "Encounter/e1"}], "period": {"start": "2024-04-30"}},
        )
    )
    note = only(step)
    assert step.name == "notes" and step.left_out == ()
    assert (note.text, note.language, note.contents) == (TEXT, "en", 1)
    assert (note.source, note.path) == ("DocumentReference/d1", "DocumentReference.content[0].attachment")
    assert note.subject == {"reference": "Patient/p1"} and note.encounter == {"reference": "Encounter/e1"}
    assert note.identifier == {"system": "urn:s", "value": "m1"} and note.date == "2024-05-01T10:00:00Z"
    assert [section.key for section in note.sections] == ["chief_complaint", "plan"]


def test_an_r5_document_becomes_a_note():
    note = only(
        notes.read(
            document(
                version="2",
                identifier=[{"value": "i1"}],
                context=[{"reference": "EpisodeOfCare/x"}, {"reference": "https://h/fhir/Encounter/e2"}],
                period={"start": "2024-04-30"},
                content=[{"attachment": attachment(), "profile": [{"valueUri": "urn:p"}]}],
            )
        )
    )
    assert note.encounter == {"reference": "https://h/fhir/Encounter/e2"}
    assert note.date == "2024-04-30" and note.identifier == {"value": "i1"}


def test_an_r4_period_dates_a_note_without_date():
    assert only(notes.read(document(context={"period": {"start": "2024-04-30"}}))).date == "2024-04-30"


@pytest.mark.parametrize(
    ("in_attachment", "in_document", "asked", "expected"),
    [
        ("de-DE", "fr", "nl", "de-de"),
        (None, "fr", "nl", "fr"),
        (None, None, "nl", "nl"),
        (None, None, None, "en"),
    ],
)
def test_language(in_attachment, in_document, asked, expected):
    posted = document(attachment(language=in_attachment), language=in_document)
    assert only(notes.read(posted, notes.Listening(expected=asked))).language == expected


def test_the_same_document_gives_the_same_note_and_another_text_another():
    first, again = only(notes.read(document())), only(notes.read(document()))
    other = only(notes.read(document(attachment(TEXT + " Fluids."))))
    assert first == again and first.id != other.id
    assert only(notes.read(bundle(document()))).id == first.id


def test_every_content_is_a_note_with_its_own_path():
    step = notes.read(document(attachment("Cough."), attachment("Fever.")))
    assert [note.path for note in step.kept] == [
        "DocumentReference.content[0].attachment",
        "DocumentReference.content[1].attachment",
    ]
    assert {note.contents for note in step.kept} == {2} and len({note.id for note in step.kept}) == 2


@pytest.mark.parametrize("kind", ["batch", "transaction", "collection", "searchset", "history", "message"])
def test_bundles_of_any_type(kind):
    patient = {"resourceType": "Patient", "id": "p1"}
    step = notes.read(bundle(patient, document(id="a"), bundle(document(id="b")), kind=kind))
    assert [note.source for note in step.kept] == ["DocumentReference/a", "DocumentReference/b"]


def test_a_document_without_id_is_known_by_full_url_or_identifier():
    nameless = document()
    del nameless["id"]
    assert only(notes.read(bundle(nameless))).source == "urn:uuid:0"
    nameless["identifier"] = [{"system": "urn:s", "value": "v"}]
    assert only(notes.read(nameless)).source == "urn:s|v"


def test_a_document_posted_twice_is_one_note():
    step = notes.read(bundle(document(), document()))
    assert len(step.kept) == 1
    assert reasons(step) == [
        ("duplicate", "duplicate-note", "Bundle.entry[1].resource.content[0].attachment")
    ]


def test_bundles_nested_too_deep_are_an_issue():
    deep = document()
    for _ in range(50):
        deep = bundle(deep)
    step = notes.read(deep)
    assert step.kept == () and [issue.reason for issue in step.left_out] == ["nested-too-deep"]


@pytest.mark.parametrize("value", [None, 3, "DocumentReference", [document()], True])
def test_what_is_no_object_is_refused(value):
    with pytest.raises(InputError, match="not a JSON object"):
        notes.read(value)


@pytest.mark.parametrize(
    "value", [{}, {"resourceType": "Patient", "id": "secret"}, bundle(), bundle({"resourceType": "Patient"})]
)
def test_what_holds_no_document_is_refused_without_quoting_it(value):
    with pytest.raises(NotADocument) as caught:
        notes.read(value)
    assert caught.value.path == "resourceType" and "Patient" not in str(caught.value)


FIRST = "DocumentReference.content[0].attachment"


@pytest.mark.parametrize(
    ("posted", "issue"),
    [
        ({"contentType": "text/plain"}, ("not-found", "attachment-empty", f"{FIRST}.data")),
        ({"contentType": "text/plain", "data": ""}, ("not-found", "attachment-empty", f"{FIRST}.data")),
        ({"contentType": "text/plain", "data": " "}, ("not-found", "attachment-empty", f"{FIRST}.data")),
        ({"data": "%%%="}, ("invalid", "invalid-base64", f"{FIRST}.data")),
        ({"data": "QQ"}, ("invalid", "invalid-base64", f"{FIRST}.data")),
        ({"data": "é"}, ("invalid", "invalid-base64", f"{FIRST}.data")),
        ({"data": 12}, ("structure", "data-not-text", f"{FIRST}.data")),
        ({"url": "https://h/Binary/1"}, ("not-supported", "attachment-remote", f"{FIRST}.url")),
        (
            attachment(content_type="video/mp4"),
            ("not-supported", "unsupported-content-type", f"{FIRST}.contentType"),
        ),
        (
            attachment(content_type="text/plain; charset=klingon"),
            ("not-supported", "unknown-charset", f"{FIRST}.contentType"),
        ),
        (
            attachment(content_type="text/plain; charset=base64"),
            ("not-supported", "unknown-charset", f"{FIRST}.contentType"),
        ),
        (attachment("\x00\x01\x02ELF\x00" * 9), ("invalid", "binary-data", f"{FIRST}.data")),
        (attachment(" \r\n\t "), ("not-found", "attachment-blank", f"{FIRST}.data")),
        (attachment("<p> </p>", "text/html"), ("not-found", "attachment-blank", f"{FIRST}.data")),
        ({}, ("required", "attachment-missing", FIRST)),
        ({"contentType": 5, "data": "QUJD"}, ("structure", "content-type-not-text", f"{FIRST}.contentType")),
    ],
    ids=str,
)
def test_an_unreadable_attachment_is_one_issue_with_its_path(posted, issue):
    step = notes.read(document(posted))
    assert step.kept == () and reasons(step) == [issue]
    assert step.left_out[0].severity == "error"


def test_paths_inside_bundles():
    step = notes.read(bundle(document(id="a"), document(attachment(), {"data": "?"}, id="b")))
    assert [issue.path for issue in step.left_out] == ["Bundle.entry[1].resource.content[1].attachment.data"]


def test_size_is_bounded_before_and_after_decoding():
    step = notes.read(document(attachment("x" * 101)), max_bytes=100)
    assert [issue.reason for issue in step.left_out] == ["attachment-too-long"]
    assert only(notes.read(document(attachment("x" * 100)), max_bytes=100)).text == "x" * 100


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"content": []}, "content-missing"),
        ({"content": "x"}, "content-missing"),
        ({"content": [None]}, "attachment-missing"),
        ({"content": [{"attachment": "x"}]}, "attachment-missing"),
        ({"status": "entered-in-error"}, "entered-in-error"),
        ({"docStatus": "entered-in-error"}, "entered-in-error"),
    ],
)
def test_documents_without_content_or_withdrawn(more, reason):
    step = notes.read(document(**more))
    assert step.kept == () and [issue.reason for issue in step.left_out] == [reason]


def test_a_missing_subject_is_a_warning():
    posted = document()
    del posted["subject"]
    step = notes.read(posted)
    assert only(step).subject is None
    assert reasons(step) == [("required", "subject-missing", "DocumentReference.subject")]
    assert step.left_out[0].severity == "warning"


@pytest.mark.parametrize("entries", ["x", {"resource": document()}, 7])
def test_a_bundle_whose_entry_is_no_list(entries):
    step = notes.read({"resourceType": "Bundle", "entry": entries})
    assert [issue.path for issue in step.left_out] == ["Bundle.entry"]


@pytest.mark.parametrize(
    ("charset", "label"),
    [
        ("iso-8859-1", "ISO-8859-1"),
        ("cp1252", '"windows-1252"'),
        ("utf-16-le", "utf-16le"),
        ("utf-8", "UTF8"),
    ],
)
def test_charsets(charset, label):
    posted = attachment("Ménière 38 °C", f"Text/Plain;  Charset={label}", charset)
    assert only(notes.read(document(posted))).text == "Ménière 38 °C"


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_decides_and_is_not_text(codec):
    assert only(notes.read(document(attachment("Ménière", charset=codec)))).text == "Ménière"


def test_line_ends_stay_as_they_came():
    note = only(notes.read(document(attachment("Fever.\r\n\r\nCough.\r\n"))))
    assert note.text == "Fever.\r\n\r\nCough.\r\n"
    assert [note.text[span.start : span.end] for span in note.sentences] == ["Fever.", "Cough."]


def test_invalid_bytes_are_replaced_and_counted():
    data = base64.b64encode(b"Fever \xff\xfe and\xe9 cough").decode()
    step = notes.read(document({"contentType": "text/plain", "data": data}))
    assert only(step).text == "Fever \ufffd\ufffd and\ufffd cough"
    assert [(issue.reason, issue.severity) for issue in step.left_out] == [("invalid-bytes", "warning")]
    assert step.left_out[0].message.startswith("3 ")


def test_a_replacement_character_that_was_sent_is_not_counted():
    assert notes.read(document(attachment("A \ufffd stays."))).left_out == ()


def test_html_becomes_text():
    html = (
        "<!DOCTYPE html><html><head><title>T</title><style>p{}</style></head><body><h2>Plan</h2>"
        "<p>Rest &amp; fluids,<br>5&nbsp;days</p><ul><li>Fever</li><li>Cough</li></ul>"
        "<table><tr><th>Na</th><td>140</td></tr></table><script>alert(1)</script></body></html>"
    )
    note = only(notes.read(document(attachment(html, "text/html"))))
    assert note.text == "Plan\n\nRest & fluids,\n5\xa0days\n\n- Fever\n- Cough\n\nNa\t140"
    assert note.sections[0].key == "plan"


def test_html_charset_from_its_own_declaration():
    html = '<html><head><meta charset="iso-8859-1"></head><body>Ménière</body></html>'
    assert only(notes.read(document(attachment(html, "text/html", "iso-8859-1")))).text == "Ménière"


def test_xhtml_and_sniffed_html_without_content_type():
    xhtml = '<?xml version="1.0"?><html xmlns="x"><body><p>Fever</p><p><![CDATA[<5]]></p></body></html>'
    assert only(notes.read(document(attachment(xhtml, "application/xhtml+xml")))).text.startswith("Fever")
    assert only(notes.read(document(attachment("<html><body>Fever</body></html>", None)))).text == "Fever"
    assert (
        only(notes.read(document(attachment("Pressure <120 and p<0.05", None)))).text
        == "Pressure <120 and p<0.05"
    )


@pytest.mark.parametrize(
    "html",
    [
        "<p>Fever",
        "<<p>>Fever</",
        "<p <b>Fever",
        "</p></b>Fever<",
        "<!-- Fever <p>Fever",
        "<a href='x>Fever",
        "&#xZZ; Fever &",
    ],
)
def test_broken_html_never_fails(html):
    step = notes.read(document(attachment(html, "text/html")))
    assert len(step.kept) + len(step.left_out) == 1


@given(
    st.binary(max_size=300), st.sampled_from(["text/plain", "text/html", "text/plain; charset=utf-16", None])
)
def test_any_bytes_give_a_note_or_an_error(content, content_type):
    posted = {"contentType": content_type, "data": base64.b64encode(content).decode()}
    step = notes.read(document(posted))
    errors = [issue for issue in step.left_out if issue.severity == "error"]
    assert len(step.kept) + len(errors) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
ELEMENTS = (
    "id",
    "status",
    "subject",
    "date",
    "context",
    "content",
    "identifier",
    "masterIdentifier",
    "period",
)


@given(st.dictionaries(st.sampled_from(ELEMENTS), JSON, max_size=6))
def test_any_json_in_a_document_is_survived(elements):
    step = notes.read({**document(), **elements})
    assert all(issue.message and issue.code for issue in step.left_out)


def test_messages_never_quote_the_document():
    secret = "Zebra"
    posted = document(
        {"contentType": f"{secret}/x", "data": codecs.encode(secret.encode(), "base64").decode()}
    )
    posted["id"] = secret
    assert all(secret not in issue.message for issue in notes.read(posted).left_out)
