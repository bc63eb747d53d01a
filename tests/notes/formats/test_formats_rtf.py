"""RTF as word processors write it: code pages, escapes, binary data, tables, revisions."""

import pytest

from adapter import notes
from adapter.notes import Limits
from tests.notes.formats.made import posted, refusal, text

MEDIA = "application/rtf"


def rtf(body, head=rb"\ansi\ansicpg1252\deff0{\fonttbl{\f0\fnil\fcharset0 Arial;}}"):
    return rb"{\rtf1" + head + b" " + body + b"}"


@pytest.mark.parametrize("media", ["application/rtf", "text/rtf", "Text/RTF; charset=us-ascii", None])
def test_content_types(media):
    assert text(rtf(rb"PLAN:\par Rest."), media) == "PLAN:\nRest."


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (rb"M\'e9ni\'e8re", "Ménière"),
        (b"M\xe9ni\xe8re", "Ménière"),
        (rb"M\u233\'e9ni\u232?re", "Ménière"),
        (rb"\uc0 M\u233 ni\u232 re", "Ménière"),
        (rb"{\uc2 \u8805 >=}5", "≥5"),
        (rb"\u-10179?\u-8704?.", "😀."),
        (rb"\u-10179? alone", "\ufffd alone"),
        (rb"a\~b\emdash c\bullet d\tab e\line f", "a\xa0b—c•d\te\nf"),
        (rb"brace \{ \} \\cell", "brace { } \\cell"),
        (rb"{\b bold} {\i0 plain}", "bold plain"),
        (rb"a\cell b\cell\row c\nestcell d", "a\tb\t\nc\td"),
        (b"wrapped\r\nsource", "wrappedsource"),
        (rb"stays{\deleted\revauthdel1 goes \b all}{\deleted0 too}", "staystoo"),
        (rb'{\field{\*\fldinst{ HYPERLINK "http://h/"}}{\fldrslt{ link}}}', " link".strip()),
        (rb"x{\pict\pngblip 89504e47}{\*\shppict{\pict ff}}{\object{\*\objdata 01}}y", "xy"),
        (rb"x{\pict\bin7 }}{{\\\'}y", "xy"),
        (rb"x\bin3 }}}y\binary z", "xyz"),
        (rb"x{\header head}{\footer foot}{\*\annotation note}{\info{\title t}}y", "xy"),
    ],
)
def test_what_is_read(body, expected):
    assert text(rtf(body), MEDIA) == expected


@pytest.mark.parametrize(
    ("page", "body", "expected"),
    [
        (b"1250", rb"\'b3\'f3d\'9f", "łódź"),
        (b"1251", rb"\'e3\'f0\'e8\'ef\'ef", "грипп"),
        (b"932", rb"\'95\'61\'89\'40", "病院"),
        (b"65001", "Ménière".encode(), "Ménière"),
        (b"1", rb"Gout", "Gout"),
    ],
)
def test_code_pages(page, body, expected):
    assert text(rtf(body, rb"\ansi\ansicpg" + page), MEDIA) == expected


def test_code_page_of_a_font():
    head = rb"\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset204 Arial Cyr;}}"
    assert text(rtf(rb"\f0 \'e9 \f1 \'e3\'f0\'e8\'ef\'ef", head), MEDIA) == "é грипп"


def test_sections_are_found():
    note = notes.read(posted(rtf(rb"{\b FAMILY HISTORY:}\par Gout.\par\par PLAN: Rest."), MEDIA)).kept[0]
    assert [section.key for section in note.sections] == ["family_history", "plan"]


def test_an_rtf_that_ends_early_is_told():
    step = notes.read(posted(rb"{\rtf1 {\b Gout", MEDIA))
    assert step.kept[0].text == "Gout"
    assert [(issue.reason, issue.severity) for issue in step.left_out] == [
        ("attachment-truncated", "warning")
    ]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (rtf(rb"{\pict 89504e47}"), "attachment-no-text"),
        (rb"{\rtf1", "attachment-no-text"),
        (rb"{\rtf1 \bin999999999 x}", "attachment-no-text"),
        (rtf(rb"\u99999999 x"), "attachment-broken"),
        (rtf(rb"\uc x"), "attachment-broken"),
    ],
)
def test_what_is_refused(content, reason):
    assert refusal(content, MEDIA)[1:] == (reason, "data")


def test_characters_are_bounded():
    content = rtf(b"Gout " * 9)
    assert refusal(content, MEDIA, Limits(characters=40))[:2] == ("too-long", "attachment-text-too-long")


@pytest.mark.parametrize(
    "body",
    [
        rb"{\fonttbl" + rb"\f1" * 100_000 + b"}Gout",
        rb"{\fonttbl" + rb"{\f1\fcharset0" * 9_000 + b"}" * 9_001 + b"Gout",
        rb"{\field{\*\fldinst{ HYPERLINK " * 9_000 + b"}" * 27_000 + b"Gout",
        b"{" * 100_000 + b"}" * 100_000 + b"Gout",
    ],
    ids=["fonts", "deep fonts", "links", "groups"],
)
def test_what_no_word_processor_writes_takes_no_longer(body):
    assert text(rb"{\rtf1 " + body + b"}", MEDIA, limits=Limits(cpu_seconds=5)) == "Gout"
