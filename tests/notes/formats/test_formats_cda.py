"""CDA documents: narrative under headings that section rules know; XML tricks are refused."""

import base64
import tomllib

import pytest

from adapter import notes
from adapter.notes import Limits
from adapter.notes.formats import cda as reader
from adapter.notes.headings import normal, shipped
from tests.notes.formats.made import cda, pdf, posted, refusal, section, sections, text

MEDIA = "application/hl7-cda+xml"


def body(content, media="application/pdf", more='representation="B64"'):
    """A CDA document whose body is not XML."""
    data = base64.b64encode(content).decode() if "B64" in more else content
    return cda(f'<nonXMLBody><text mediaType="{media}" {more}>{data}</text></nonXMLBody>')


def narrative(markup):
    return text(cda(sections((None, "Plan", markup))), MEDIA).removeprefix("PLAN:\n")


@pytest.mark.parametrize(
    "media", ["application/xml", "text/xml; charset=utf-8", "application/cda+xml", MEDIA, None]
)
def test_content_types(media):
    assert text(cda(sections(("10157-6", "Family history", "Gout."))), media) == "FAMILY HISTORY:\nGout."


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("Walks\n   well.<br/>Eats.", "Walks well.\nEats."),
        ("<paragraph>One.</paragraph><paragraph>Two.</paragraph>", "One.\n\nTwo."),
        ("<list><item>Gout</item><item><paragraph>Asthma</paragraph></item></list>", "- Gout\n- Asthma"),
        ("<list><caption>Known</caption><item>Gout</item></list>", "Known\n- Gout"),
        ("<content ID='a'>Lisinopril <content>10</content></content> mg", "Lisinopril 10 mg"),
        ("5 x 10<sup>9</sup>/L", "5 x 109/L"),
        (
            "<table><caption>Labs</caption><thead><tr><th>Test</th><th>Value</th></tr></thead>"
            "<tbody><tr><td>Na</td><td>140 <content>mmol/L</content></td></tr>"
            "<tr><td/><td>x</td></tr></tbody></table>",
            "Labs\nNa; 140 mmol/L.\nx.",
        ),
        ("kept <content revised='delete'>gone<br/>too</content>after", "kept after"),
        ("p &lt; 0.05 &amp; <![CDATA[<b>]]><!-- no --><?pi no?>", "p < 0.05 & <b>"),
        ("<linkHtml href='http://h/'>link</linkHtml><renderMultiMedia referencedObject='m'/>", "link"),
    ],
)
def test_narrative(markup, expected):
    assert narrative(markup) == expected


@pytest.mark.parametrize(("code", "expected"), [("30954-2", "Na.\n140."), ("48765-2", "140.")])
def test_column_heads_stay_only_where_they_may_name_a_measurement(code, expected):
    table = "<table><thead><tr><th>Na</th></tr></thead><tbody><tr><td>140</td></tr></tbody></table>"
    assert text(cda(sections((code, None, table))), MEDIA).partition("\n")[2] == expected


def test_sections_keep_their_order_and_nesting():
    inner = f"<component>{section('10157-6', 'Familie', 'Gout.')}</component>"
    document = cda(
        f"<structuredBody><component>{section(None, 'History', 'x', inner)}</component>"
        f"<component>{section(None, 'Functional status', 'Walks.')}</component></structuredBody>"
    )
    note = notes.read(posted(document, MEDIA)).kept[0]
    assert note.text == "HISTORY:\nx\n\nFAMILY HISTORY (Familie):\nGout.\n\nFUNCTIONAL STATUS:\nWalks."
    assert [part.key for part in note.sections][1:] == ["family_history", "unknown"]


@pytest.mark.parametrize(
    ("code", "title", "expected"),
    [
        ("10157-6", "FAMILY HISTORY", "FAMILY HISTORY:"),
        ("10157-6", None, "FAMILY HISTORY:"),
        ("10157-6", "Familie: ", "FAMILY HISTORY (Familie):"),
        ("48765-2", "Allergies (active)", "ALLERGIES (Allergies active):"),
        ("48765-2", "Very long " * 9, "ALLERGIES:"),
        ("1-8", "Größe", "SECTION:\nGröße"),
        (None, None, "SECTION:"),
        (None, "Payers", "PAYERS:"),
    ],
)
def test_headings(code, title, expected):
    assert text(cda(sections((code, title, "Gout."))), MEDIA) == f"{expected}\nGout."


def test_every_heading_of_the_table_is_known_to_the_section_rules():
    rules = shipped().of("en")
    table = tomllib.loads(reader.HEADINGS.read_text("utf-8"))
    assert [name for name in table.values() if rules.key(normal(name), "unknown") is None] == []
    assert [code for code in table if not code.replace("-", "").isdigit()] == []


def test_a_prefix_or_another_encoding_changes_nothing():
    plain = cda(sections((None, "Plan", "Ménière."))).decode()
    prefixed = plain.replace("<", "<v:").replace("<v:/", "</v:").replace("<v:?", "<?")
    prefixed = prefixed.replace("xmlns=", "xmlns:v=")
    assert text(prefixed.encode(), MEDIA) == "PLAN:\nMénière."
    assert text(plain.replace("UTF-8", "UTF-16").encode("utf-16"), MEDIA) == "PLAN:\nMénière."
    assert text(plain.replace("UTF-8", "iso-8859-1").encode("latin-1"), MEDIA) == "PLAN:\nMénière."


def test_a_body_that_is_not_xml_is_read_once():
    assert text(body(pdf(["Gout."])), MEDIA) == "Gout."
    assert text(body(rb"{\rtf1 Gout.}", "text/rtf"), MEDIA) == "Gout."
    assert text(body("Ménière".encode("latin-1"), "text/plain; charset=latin-1"), MEDIA) == "Ménière"
    assert text(body("Ménière", "text/plain", ""), MEDIA) == "Ménière"
    assert text(body(b"<p>Gout.</p>", "text/html"), MEDIA) == "Gout."


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (body(cda(sections((None, "Plan", "x"))), MEDIA), "unsupported-content-type"),
        (body(b"x", "video/mp4"), "unsupported-content-type"),
        (body(b"x", ""), "unsupported-content-type"),
        (body(b"PK\x03\x04", "text/plain"), "content-type-mismatch"),
        (body(b"\x89PNG\r\n\x1a\n"), "content-type-mismatch"),
        (body(b"", "text/plain"), "attachment-no-text"),
        (body(b"%%%", "text/plain").replace(b"JSUl", b"%%%"), "invalid-base64"),
        (body(b"x", "text/plain", 'representation="B64" compression="DF"'), "unsupported-encoding"),
        (cda("<nonXMLBody><text><reference value='http://h/'/></text></nonXMLBody>"), "attachment-remote"),
        (cda("<nonXMLBody/>"), "attachment-no-text"),
        (cda(""), "attachment-no-text"),
        (cda(sections((None, None, ""))), "attachment-no-text"),
        (cda("<structuredBody>"), "attachment-broken"),
        (cda("<content>" * 300 + "</content>" * 300), "attachment-broken"),
        (cda(sections((None, "Plan", "&undeclared;"))), "attachment-broken"),
        (b"<?xml version='1.0'?><Patient xmlns='http://hl7.org/fhir'/>", "unsupported-xml"),
    ],
)
def test_what_is_refused(document, reason):
    assert refusal(document, MEDIA)[1:] == (reason, "data")


def test_a_document_type_is_refused_before_anything_is_expanded(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("zebra")
    laughs = "".join(f"<!ENTITY a{n} '{f'&a{n - 1};' * 10}'>" for n in range(1, 12))
    for declared in (
        f"<!DOCTYPE x [<!ENTITY a0 'ha'>{laughs}]>",
        f"<!DOCTYPE x [<!ENTITY a11 SYSTEM '{secret.as_uri()}'>]>",
        "<!DOCTYPE x [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/x'> %p; <!ENTITY a11 'x'>]>",
        "<!DOCTYPE x SYSTEM 'http://127.0.0.1:9/x.dtd'>",
    ):
        document = cda(sections((None, "Plan", "&a11;")), declared)
        assert refusal(document, MEDIA) == ("invalid", "xml-with-dtd", "data")
        wide = document.decode().replace("UTF-8", "UTF-16").encode("utf-16")
        assert refusal(wide, MEDIA)[1] == "xml-with-dtd"


def test_characters_are_bounded():
    document = cda(sections((None, "Plan", "Gout. " * 99)))
    assert refusal(document, MEDIA, Limits(characters=500))[:2] == ("too-long", "attachment-text-too-long")
