"""PDF -> text, page after page, as its content streams draw it. Images and form fields are not read.

Uses pypdf. https://pypdf.readthedocs.io/en/stable/user/extract-text.html
"""

import io
import re

from pypdf import PageObject, PdfReader, apply_configuration
from pypdf.errors import DependencyError, FileNotDecryptedError, LimitReachedError
from pypdf.generic import DictionaryObject, PdfObject

from adapter.notes.formats.reading import (
    Limits,
    Reading,
    Refused,
    Remark,
    broken,
    no_text,
    too_costly,
    too_long,
)
from adapter.notes.formats.text import PAGE_BREAK, clean, readable

LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
TRAILING = re.compile(r"[ \t]+(?=\n|$)")


def read(content: bytes, limits: Limits) -> Reading:
    """The text of a PDF; pages are parted by a line with a form feed.

    Raises Refused: encrypted, broken, without text, or past a limit.
    """
    with apply_configuration(
        zlib_maximum_output_length=limits.stream_bytes,
        lzw_maximum_output_length=limits.stream_bytes,
        run_length_maximum_output_length=limits.stream_bytes,
        array_based_stream_maximum_output_length=limits.stream_bytes,
        maximum_declared_stream_length=limits.stream_bytes,
        page_tree_maximum_entries=limits.pages * 10,
        jbig2dec_binary=None,  # no other program is ever started
    ):
        try:
            return _read(content, limits)
        except (FileNotDecryptedError, DependencyError) as error:
            raise _encrypted() from error
        except (LimitReachedError, MemoryError) as error:
            raise too_costly("memory") from error
        except Refused:
            raise
        except Exception as error:  # pypdf raises whatever a broken file makes Python raise
            raise broken("PDF") from error


def _read(content: bytes, limits: Limits) -> Reading:
    reader = PdfReader(
        io.BytesIO(content)
    )  # tries the empty password, which opens what is only protected from change
    if len(reader.pages) > limits.pages:
        raise Refused("too-long", "attachment-too-many-pages", f"the PDF is over {limits.pages} pages")
    pages: list[str] = []
    scanned, left = 0, limits.characters
    for page in reader.pages:
        text = _text(page)
        pages.append(text)
        scanned += not text and _has_image(page)
        left -= len(text)
        if left < 0:
            raise too_long(limits)
    whole = PAGE_BREAK.join(pages).strip("\n\f ")
    if not readable(whole):
        raise no_text("PDF")
    return Reading(text=clean(whole), remarks=tuple(_remarks(reader, scanned, len(pages))))


def _text(page: PageObject) -> str:
    text = page.extract_text().replace("\r\n", "\n").replace("\f", "\n").translate(LIGATURES)
    return TRAILING.sub("", text).strip("\n")


def _has_image(page: PageObject) -> bool:
    objects = _dictionary(_dictionary(page, "/Resources"), "/XObject")
    return any(_dictionary(objects, name).get("/Subtype") == "/Image" for name in objects)


def _dictionary(owner: DictionaryObject, key: str) -> DictionaryObject:
    """A dictionary in another, by itself or by reference; an empty one where there is none."""
    value = owner.get(key)
    found = value.get_object() if isinstance(value, PdfObject) else None
    return found if isinstance(found, DictionaryObject) else DictionaryObject()


def _remarks(reader: PdfReader, scanned: int, pages: int) -> list[Remark]:
    remarks = []
    if scanned:
        message = f"{scanned} of {pages} pages are images without text; they were not read"
        remarks.append(Remark(code="incomplete", reason="pages-without-text", message=message))
    form = _dictionary(reader.root_object, "/AcroForm")
    if form.get("/XFA") or form.get("/Fields"):
        message = "the PDF has form fields; what was filled in there was not read"
        remarks.append(Remark(code="incomplete", reason="form-fields-not-read", message=message))
    return remarks


def _encrypted() -> Refused:
    return Refused("not-supported", "attachment-encrypted", "the PDF needs a password or a certificate")
