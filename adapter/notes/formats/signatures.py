"""What bytes are, judged by how they begin; and what a content type promises."""

import codecs
import re

PDF, RTF, CDA = "pdf", "rtf", "cda"
MEDIA = {
    "application/pdf": PDF,
    "application/x-pdf": PDF,
    "application/rtf": RTF,
    "application/x-rtf": RTF,
    "text/rtf": RTF,
    "text/richtext": RTF,
    "application/xml": CDA,
    "text/xml": CDA,
    "application/cda+xml": CDA,
    "application/hl7-cda+xml": CDA,
    "application/hl7-cda": CDA,
    "application/hl7-v3+xml": CDA,
    "application/x-hl7-cda-level-one+xml": CDA,
    "text/x-hl7-cda": CDA,
}
"""Which reader a content type asks for."""

STARTS = (
    (b"%PDF-", PDF),
    (b"{\\rtf", RTF),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (b"\x1f\x8b\x08", "gzip"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"%!PS-", "postscript"),
    (b"\x7fELF", "executable"),
)
DICOM_AT, DICOM = 128, b"DICM"
HEAD = 8192  # bytes looked at
PDF_HEAD = 1024  # a PDF may begin after this much of something else
BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
XML_START = re.compile(r"\s*<(?:\?xml\b|!--|!DOCTYPE|[A-Za-z_])", re.I)
BEFORE_ROOT = re.compile(r"\s+|<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>", re.S)
ROOT = re.compile(r"<(?:[\w.-]+:)?ClinicalDocument(?=[\s/>])")


def kind(content: bytes) -> str:
    """What bytes clearly are ("pdf", "rtf", "cda", "zip", "png", ...); empty when that cannot be said."""
    start = content[:HEAD].lstrip(b" \t\r\n")
    if start.startswith(codecs.BOM_UTF8):
        start = start[len(codecs.BOM_UTF8) :].lstrip(b" \t\r\n")
    for magic, name in STARTS:
        if start.startswith(magic):
            return name
    if content[DICOM_AT : DICOM_AT + len(DICOM)] == DICOM and content[:DICOM_AT].count(0) > DICOM_AT // 2:
        return "dicom"
    return CDA if is_cda(content) else ""


def fits(content: bytes, promised: str) -> bool:
    """Whether bytes may be what a reader reads, when `kind` cannot say what they are."""
    if promised == PDF:
        return b"%PDF-" in content[: PDF_HEAD + 5]
    return promised == CDA and XML_START.match(_head(content)) is not None


def is_cda(content: bytes) -> bool:
    """Whether bytes are XML whose first element is a ClinicalDocument."""
    head, position = _head(content), 0
    while skipped := BEFORE_ROOT.match(head, position):
        position = skipped.end()
    return ROOT.match(head, position) is not None


def _head(content: bytes) -> str:
    for mark, codec in BOMS:
        if content.startswith(mark):
            return content[len(mark) : HEAD].decode(codec, "replace")
    return content[:HEAD].decode("latin-1")
