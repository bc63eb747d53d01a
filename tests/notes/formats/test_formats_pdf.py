"""PDFs as hospitals send them: text, scans, passwords, forms, and files that try to cost too much."""

import io
import zlib

import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, TextStringObject

from adapter import notes
from adapter.notes import Limits
from tests.notes.formats.made import drawn, encrypted, pdf, posted, refusal, text

MEDIA = "application/pdf"
PAGES = (
    ["CHIEF COMPLAINT: Cough.", "Ménière disease (left)."],
    ["FAMILY HISTORY:", "Mother had gout."],
)


def written(writer):
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize("deflate", [True, False])
def test_pages_are_text_in_order_parted_by_a_form_feed(deflate):
    expected = "CHIEF COMPLAINT: Cough.\nMénière disease (left).\n\f\nFAMILY HISTORY:\nMother had gout."
    step = notes.read(posted(pdf(*PAGES, deflate=deflate), MEDIA))
    assert [note.text for note in step.kept] == [expected] and step.left_out == ()
    note = step.kept[0]
    assert [section.key for section in note.sections] == ["chief_complaint", "family_history"]
    assert note.text[note.sections[1].start :].startswith("FAMILY HISTORY:")
    assert [note.text[span.start : span.end] for span in note.sentences][-1] == "Mother had gout."


def test_hyphens_stay_and_ligatures_become_letters():
    content = pdf(b"BT /F1 11 Tf 14 TL 72 770 Td (hyper-) Tj T* (\\001brillation) Tj ET", deflate=False)
    content = content.replace(b"/WinAnsiEncoding", b"<< /Differences [1 /fi] >>")
    assert text(content, MEDIA) == "hyper-\nfibrillation"


def test_a_pdf_may_begin_after_something_else():
    assert text(b"\r\n" + pdf(["Gout."]), MEDIA) == "Gout."
    assert text(b"junk before\n" + pdf(["Gout."]), MEDIA) == "Gout."


def test_pdf_without_content_type_is_known_by_its_bytes():
    assert text(pdf(["Gout."]), None) == "Gout."


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-128", "AES-256"])
def test_a_password_is_refused(algorithm):
    content = encrypted(pdf(["Gout."]), "secret", algorithm=algorithm)
    assert refusal(content, MEDIA) == ("not-supported", "attachment-encrypted", "data")


def test_protection_from_change_alone_needs_no_password():
    assert text(encrypted(pdf(["Gout."]), ""), MEDIA) == "Gout."


def test_a_pdf_of_images_has_no_text():
    assert refusal(pdf(b"", b"", image=True), MEDIA) == ("not-found", "attachment-no-text", "data")


def test_a_pdf_whose_signs_mean_nothing_has_no_text():
    stream = b"BT /F1 11 Tf 72 770 Td (" + bytes(range(1, 8)) * 9 + b") Tj ET"
    assert refusal(pdf(stream), MEDIA)[1] == "attachment-no-text"


def test_pages_that_are_images_are_told():
    step = notes.read(posted(pdf(["Gout."], b"", image=True), MEDIA))
    assert step.kept[0].text == "Gout."
    assert [(issue.reason, issue.severity) for issue in step.left_out] == [("pages-without-text", "warning")]
    assert step.left_out[0].message.startswith("1 of 2 pages")


def test_form_fields_are_told():
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(pdf(["Gout."]))))
    field = DictionaryObject(
        {NameObject("/FT"): NameObject("/Tx"), NameObject("/V"): TextStringObject("Asthma")}
    )
    form = DictionaryObject({NameObject("/Fields"): ArrayObject([writer._add_object(field)])})
    writer.root_object[NameObject("/AcroForm")] = form
    step = notes.read(posted(written(writer), MEDIA))
    assert [issue.reason for issue in step.left_out] == ["form-fields-not-read"]


@pytest.mark.parametrize(
    "content",
    [
        b"%PDF-1.7",
        b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF",
        pdf(["Gout."]).replace(b"/Type /Catalog", b"/Type /Nothing").replace(b"/Kids", b"/Nope"),
        b"%PDF-1.4\n" + b"[" * 100_000,
    ],
    ids=["only the start", "no pages", "no catalog", "brackets"],
)
def test_broken_files(content):
    assert refusal(content, MEDIA)[1] in ("attachment-broken", "attachment-no-text")


def test_a_page_tree_that_loops():
    content = pdf(["Gout."]).replace(b"/Kids [6 0 R]", b"/Kids [2 0 R]")
    assert refusal(content, MEDIA)[0] in ("invalid", "not-found", "too-costly")


def test_pages_and_characters_are_bounded():
    content = pdf(*(["Gout."] for _ in range(4)))
    assert refusal(content, MEDIA, Limits(pages=3))[:2] == ("too-long", "attachment-too-many-pages")
    assert refusal(content, MEDIA, Limits(characters=9))[:2] == ("too-long", "attachment-text-too-long")
    step = notes.read(posted(content, MEDIA), limits=Limits(pages=4, characters=20))
    assert len(step.kept) == 1


def test_a_stream_that_inflates_is_refused():
    bomb = pdf(b" " * 50_000_000)
    assert len(bomb) < 100_000
    assert refusal(bomb, MEDIA) == ("too-costly", "attachment-too-costly", "data")


def test_a_stream_that_inflates_twice_is_refused():
    inner = zlib.compress(b" " * 200_000_000, 9)
    content = pdf(inner).replace(b"/Filter /FlateDecode", b"/Filter [/FlateDecode /FlateDecode]")
    assert refusal(content, MEDIA)[1] == "attachment-too-costly"


def test_time_is_bounded():
    content = pdf(drawn("Gout.") * 100_000)
    assert refusal(content, MEDIA, Limits(cpu_seconds=1, wall_seconds=20))[1] == "attachment-too-costly"
    assert refusal(content, MEDIA, Limits(wall_seconds=0.5))[1] == "attachment-too-costly"


def test_memory_is_bounded():
    content = pdf(b" ".join(b"[(a)]TJ" for _ in range(400_000)))
    limits = Limits(memory_bytes=140 * 1024 * 1024, stream_bytes=200_000_000)
    assert refusal(content, MEDIA, limits)[1] in ("attachment-too-costly", "attachment-broken")
