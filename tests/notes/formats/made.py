"""Attachments made for the tests: small PDFs written object by object, CDA, and documents around them."""

import base64
import io
import zlib

from pypdf import PdfReader, PdfWriter

from adapter import notes

PATH = "DocumentReference.content[0].attachment"
PIXEL = b"<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray /BitsPerComponent 8"


def posted(content, content_type, **more):
    """A DocumentReference with one attachment."""
    data = base64.b64encode(content).decode()
    attachment = {"data": data, **({"contentType": content_type} if content_type else {}), **more}
    return {
        "resourceType": "DocumentReference",
        "id": "d1",
        "status": "current",
        "subject": {"reference": "Patient/p1"},
        "content": [{"attachment": attachment}],
    }


def text(content, content_type, limits=None, **more):
    """The text of an attachment that must be read without any remark."""
    step = notes.read(posted(content, content_type, **more), limits=limits)
    assert step.left_out == (), step.left_out
    return step.kept[0].text


def refusal(content, content_type, limits=None, **more):
    """Code, reason and element of the one issue of an attachment that must not be read."""
    step = notes.read(posted(content, content_type, **more), limits=limits)
    assert step.kept == () and len(step.left_out) == 1, step.left_out
    issue = step.left_out[0]
    assert issue.severity == "error" and issue.message and issue.path.startswith(PATH)
    return issue.code, issue.reason, issue.path.removeprefix(f"{PATH}.")


def drawn(*lines):
    """A content stream that draws lines of text from the top of a page."""
    shown = b" T* ".join(
        b"(" + line.encode("cp1252").replace(b"(", b"\\(").replace(b")", b"\\)") + b") Tj" for line in lines
    )
    return b"BT /F1 11 Tf 14 TL 72 770 Td " + shown + b" ET"


def pdf(*pages, deflate=True, image=False):
    """A PDF of pages, each a list of lines or a content stream."""
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", font, _stream(b"\x00", PIXEL, deflate)]
    kids = []
    for page in pages:
        content = page if isinstance(page, bytes) else drawn(*page)
        if image:
            content += b" /I1 Do"
        objects.append(_stream(content, b"<<", deflate))
        use = b"/XObject << /I1 4 0 R >>" if image else b""
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R >> %b >> >>" % (len(objects), use)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%b] >>" % (len(kids), b" ".join(kids))
    return _file(objects)


def _stream(content, head, deflate):
    data = zlib.compress(content) if deflate else content
    kind = b" /Filter /FlateDecode" if deflate else b""
    return b"%b%b /Length %d >>\nstream\n%b\nendstream" % (head, kind, len(data), data)


def _file(objects):
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(out))
    return bytes(out) + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + end


def encrypted(content, user, owner="owner", algorithm="AES-256"):
    """A PDF encrypted with a user and an owner password."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(content)))
    writer.encrypt(user, owner, algorithm=algorithm)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def cda(body, before=""):
    """A CDA document around the content of its component."""
    head = '<?xml version="1.0" encoding="UTF-8"?>\n' + before
    opened = '<ClinicalDocument xmlns="urn:hl7-org:v3"><title>Example</title><component>'
    return f"{head}{opened}{body}</component></ClinicalDocument>".encode()


def sections(*each):
    """A structured body of sections: (LOINC code or None, title or None, content of text)."""
    components = "".join(f"<component>{section(*one)}</component>" for one in each)
    return f"<structuredBody>{components}</structuredBody>"


def section(code, title, narrative, inner=""):
    """One section of a CDA document."""
    known = f'<code code="{code}" codeSystem="2.16.840.1.113883.6.1"/>' if code else ""
    named = f"<title>{title}</title>" if title else ""
    return f"<section>{known}{named}<text>{narrative}</text>{inner}</section>"
