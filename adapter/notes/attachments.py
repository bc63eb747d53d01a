"""An Attachment -> its decoded text, with an Issue for everything that stands in the way.

Offsets of a note count the code points of exactly this text. A byte order mark is not part of it; line
ends stay as they came (CRLF is two characters). HTML, PDF, RTF and CDA are reduced to text first (`markup`,
`formats`), and offsets then count that text. What bytes clearly are must be what `contentType` says.
This module never fetches a `url`.
https://hl7.org/fhir/R4/datatypes.html#Attachment
"""

import base64
import binascii
import codecs
import re
from dataclasses import dataclass, replace

from adapter.model import Issue, Resource
from adapter.notes import integrity, markup
from adapter.notes.formats import sandbox, signatures
from adapter.notes.formats.reading import Embedded, Limits, Refused

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


def decode(attachment: Resource, path: str, max_bytes: int, limits: Limits) -> Decoded:
    """The text of one attachment; without text there is exactly one error that says why.

    Raises EngineError when the process that reads PDF, RTF and CDA cannot be started.
    """
    content = _content(attachment, path, max_bytes)
    if isinstance(content, Decoded):
        return content
    if (wrong := integrity.checked(attachment, content, path)) is not None:
        return Decoded(text=None, issues=(wrong,))
    return _of_type(content, attachment.get("contentType"), path, limits)


def _content(attachment: Resource, path: str, max_bytes: int) -> bytes | Decoded:
    """The bytes of an attachment, or why there are none."""
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
    return _too_long(path, max_bytes) if len(content) > max_bytes else content or _missing(attachment, path)


def _of_type(content: bytes, content_type: object, path: str, limits: Limits) -> Decoded:
    if content_type is not None and not isinstance(content_type, str):
        return _refused(
            "structure", "content-type-not-text", "contentType is not a code", f"{path}.contentType"
        )
    media, charset = _media_type(content_type or "")
    if (wrong := _unfit(content, media)) is not None:
        return _refused(*wrong, f"{path}.contentType")
    name = signatures.MEDIA.get(media) if media else signatures.kind(content)
    if name:
        return _read(name, content, path, limits)
    html = media in HTML if media else HTML_START.match(content[:2000]) is not None
    return _as_text(content, charset, html, path)


def _unfit(content: bytes, media: str) -> tuple[str, str, str] | None:
    """Why bytes cannot be read as a content type, or as what they are when none is declared."""
    promised, found = signatures.MEDIA.get(media, ""), signatures.kind(content)
    if media and not promised and media not in PLAIN | HTML:
        return "not-supported", "unsupported-content-type", "contentType is not supported"
    if not media:
        known = found in ("", *signatures.MEDIA.values())
        return (
            None if known else ("not-supported", "unsupported-content-type", "this format is not supported")
        )
    if found != promised and (found or not signatures.fits(content, promised)):
        return "invalid", "content-type-mismatch", "the data is not of the contentType declared"
    return None


def _read(name: str, content: bytes, path: str, limits: Limits) -> Decoded:
    """The text of a PDF, RTF or CDA document, or of the document that is the whole body of a CDA."""
    try:
        reading = sandbox.read(name, content, limits)
    except Refused as refused:
        return _refused(refused.remark.code, refused.remark.reason, refused.remark.message, f"{path}.data")
    if reading.embedded is not None:
        return _inner(reading.embedded, path, limits)
    issues = (
        Issue(code=remark.code, reason=remark.reason, message=remark.message, path=f"{path}.data")
        for remark in reading.remarks
    )
    return Decoded(text=reading.text, issues=tuple(issues))


def _inner(embedded: Embedded, path: str, limits: Limits) -> Decoded:
    """The text of the body of a CDA that is not XML; another CDA in there is not read."""
    media = _media_type(embedded.media)[0]
    if not embedded.content:
        return _refused("not-found", "attachment-empty", "the nonXMLBody has no data", f"{path}.data")
    if not media or signatures.MEDIA.get(media) == signatures.CDA:
        message = "the mediaType of the nonXMLBody is not supported"
        return _refused("not-supported", "unsupported-content-type", message, f"{path}.data")
    inner = _of_type(embedded.content, embedded.media, path, limits)
    place = f"{path}.data"
    return Decoded(text=inner.text, issues=tuple(replace(issue, path=place) for issue in inner.issues))


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
