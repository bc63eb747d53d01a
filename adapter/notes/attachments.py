"""An Attachment -> its decoded text, with an Issue for everything that stands in the way.

Offsets of a note count the code points of exactly this text. A byte order mark is not part of it; line
ends stay as they came (CRLF is two characters). HTML is reduced to text first (`markup`), and offsets
then count that text. This module never fetches a `url`.
https://hl7.org/fhir/R4/datatypes.html#Attachment
"""

import base64
import binascii
import codecs
import re
from dataclasses import dataclass

from adapter.model import Issue, Resource
from adapter.notes import markup

PLAIN = frozenset({"text/plain"})
HTML = frozenset({"text/html", "application/xhtml+xml"})
BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
META_CHARSET = re.compile(
    rb"""<(?:meta\b[^>]{0,200}?charset|\?xml\b[^>]{0,200}?encoding)\s*=\s*["']?([\w.:-]{1,40})""", re.I
)
HTML_START = re.compile(
    rb"\s*(?:<\?xml[^>]{0,200}>\s*)?(?:<!--.{0,500}?-->\s*)?<(?:!doctype\s+html|html|head|body|div|p)\b",
    re.I | re.S,
)
CONTROL_SHARE = 0.001  # more control characters than this, and it is not text


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """The text of an attachment, or none, and what was wrong with it."""

    text: str | None
    issues: tuple[Issue, ...] = ()


def decode(attachment: Resource, path: str, max_bytes: int) -> Decoded:
    """The text of one attachment; without text there is exactly one error that says why."""
    data = attachment.get("data")
    if data is None or data == "":
        return _missing(attachment, path)
    if not isinstance(data, str):
        return _refused(
            "structure", "data-not-text", "attachment data is not a base64 string", f"{path}.data"
        )
    if len(data) * 3 // 4 > max_bytes + 3:
        return _too_long(path, max_bytes)
    try:
        content = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return _refused("invalid", "invalid-base64", "attachment data is not valid base64", f"{path}.data")
    if len(content) > max_bytes:
        return _too_long(path, max_bytes)
    return _of_type(content, attachment.get("contentType"), path) if content else _missing(attachment, path)


def _of_type(content: bytes, content_type: object, path: str) -> Decoded:
    if content_type is not None and not isinstance(content_type, str):
        return _refused(
            "structure", "content-type-not-text", "contentType is not a code", f"{path}.contentType"
        )
    media, charset = _media_type(content_type or "")
    if not media:
        media = "text/html" if HTML_START.match(content[:2000]) else "text/plain"
    if media not in PLAIN | HTML:
        return _refused(
            "not-supported", "unsupported-content-type", "contentType is not supported", f"{path}.contentType"
        )
    return _as_text(content, charset, media in HTML, path)


def _as_text(content: bytes, charset: str, html: bool, path: str) -> Decoded:
    if html and not charset and (declared := META_CHARSET.search(content[:2048])):
        charset = declared.group(1).decode("ascii")
    content, charset = _without_mark(content, charset)
    try:
        codec = codecs.lookup(charset or "utf-8").name
        text = content.decode(codec, "replace")
    except (LookupError, ValueError):
        return _refused("not-supported", "unknown-charset", "charset is not known", f"{path}.contentType")
    if len(CONTROLS.findall(text)) > len(text) * CONTROL_SHARE:
        return _refused("invalid", "binary-data", "attachment is labelled text but is binary", f"{path}.data")
    issues = _replaced(content, text, codec, path)
    if html:
        text = markup.text_of(text)
    if not text.strip():
        return _refused("not-found", "attachment-blank", "attachment holds only white space", f"{path}.data")
    return Decoded(text=text, issues=issues)


def _replaced(content: bytes, text: str, codec: str, path: str) -> tuple[Issue, ...]:
    try:
        content.decode(codec)
    except UnicodeDecodeError:
        count = text.count("\ufffd")
        message = f"{count} invalid byte sequences replaced by U+FFFD"
        return (Issue(code="value", reason="invalid-bytes", message=message, path=f"{path}.data"),)
    return ()


def _without_mark(content: bytes, charset: str) -> tuple[bytes, str]:
    for mark, codec in BOMS:
        if content.startswith(mark):
            return content[len(mark) :], codec
    return content, charset


def _media_type(content_type: str) -> tuple[str, str]:
    """`text/plain; charset="UTF-8"` -> ("text/plain", "utf-8")."""
    media, *parameters = content_type.split(";")
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return media.strip().lower(), value.strip().strip("\"'").strip().lower()
    return media.strip().lower(), ""


def _missing(attachment: Resource, path: str) -> Decoded:
    if attachment.get("url"):
        message = "attachment is only referenced by url; remote content is not fetched"
        return _refused("not-supported", "attachment-remote", message, f"{path}.url")
    return _refused("not-found", "attachment-empty", "attachment has no data", f"{path}.data")


def _too_long(path: str, max_bytes: int) -> Decoded:
    return _refused(
        "too-long", "attachment-too-long", f"attachment is over {max_bytes} bytes", f"{path}.data"
    )


def _refused(code: str, reason: str, message: str, path: str) -> Decoded:
    issue = Issue(code=code, reason=reason, message=message, severity="error", path=path)
    return Decoded(text=None, issues=(issue,))
