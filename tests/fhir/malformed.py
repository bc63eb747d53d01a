"""Bodies that no FHIR server should be sent, and that every one is.

`cases()` gives them all: each is read into an object (what is wrong with it is then for validation) or
refused with InputError, quickly; over HTTP none may end in a 5xx.
"""

import base64
import copy
import gzip
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

JSON = "application/fhir+json"
XML = "application/fhir+xml"
CRLF = "\r\nX-Injected: yes\r\n\r\n<html>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed:
    """One body."""

    name: str
    body: bytes
    content_type: str
    readable: bool  # whether a reader gives an object; then it is validation that must refuse it, or bear it


def cases() -> list[Malformed]:
    """All of them, each under a name of its own."""
    found = [*_not_json(), *_numbers(), *_resource_types(), *_documents(), *_bundles(), *_xml()]
    assert len({one.name for one in found}) == len(found)
    return found


def document() -> dict:
    """A DocumentReference with nothing wrong in it."""
    return {
        "resourceType": "DocumentReference",
        "identifier": [{"system": "https://hospital.example/notes", "value": "n-1"}],
        "status": "current",
        "type": {"coding": [{"system": "http://loinc.org", "code": "11506-3"}]},
        "subject": {"reference": "Patient/p1"},
        "date": "2026-03-01T10:00:00Z",
        "content": [
            {"attachment": {"contentType": "text/plain", "data": base64.b64encode(b"No cough.").decode()}}
        ],
    }


def _json(name: str, body: bytes | str, *, readable: bool = False) -> Malformed:
    data = body.encode() if isinstance(body, str) else body
    return Malformed(name=f"json: {name}", body=data, content_type=JSON, readable=readable)


def _changed(path: str, value: object) -> dict:
    """The document with another value at a dotted path."""
    whole = copy.deepcopy(document())
    *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    target = whole
    for part in way:
        target = target[part] if isinstance(part, int) else target.setdefault(part, {})
    target[last] = value
    return whole


def _not_json() -> Iterator[Malformed]:
    whole = json.dumps(document())
    for name, body in {
        "empty": b"",
        "blank": b" \n\t ",
        "byte order mark alone": b"\xef\xbb\xbf",
        "null": b"null",
        "true": b"true",
        "a number": b"42",
        "a string": b'"DocumentReference"',
        "an array": f"[{whole}]",
        "an empty array": b"[]",
        "an empty object": b"{}",
        "two objects": whole + whole,
        "lines of objects": whole + "\n" + whole + "\n",
        "trailing comma": whole[:-1] + ",}",
        "trailing text": whole + " and more",
        "single quotes": whole.replace('"', "'"),
        "names without quotes": "{resourceType: DocumentReference}",
        "a comment": "{/* hello */" + whole[1:],
        "UTF-16 with mark": whole.encode("utf-16"),
        "UTF-16 little end": whole.encode("utf-16-le"),
        "UTF-16 big end": whole.encode("utf-16-be"),
        "UTF-32": whole.encode("utf-32"),
        "Latin-1": whole.replace("n-1", "é").encode("latin-1"),
        "a lone continuation byte": whole.encode().replace(b"n-1", b"\x80"),
        "an overlong slash": whole.encode().replace(b"n-1", b"\xc0\xaf"),
        "a surrogate in UTF-8": whole.encode().replace(b"n-1", b"\xed\xa0\x80"),
        "beyond Unicode": whole.encode().replace(b"n-1", b"\xf5\x80\x80\x80"),
        "a cut character": whole.encode()[:-10] + b"\xe2\x82",
        "a NUL between": whole.encode().replace(b",", b",\0", 1),
        "a NUL in a string": whole.encode().replace(b"n-1", b"n\x001"),
        "NULs": b"\0" * 1000,
        "an escaped NUL": whole.replace("n-1", "n\\u00001"),
        "an escaped bell": whole.replace("n-1", "n\\u00071"),
        "an escaped backspace": whole.replace("n-1", "n\\b1"),
        "a raw line break in a string": whole.replace("n-1", "n\n1"),
        "a bad escape": whole.replace("n-1", "n\\x1"),
        "a short escape": whole.replace("n-1", "n\\u12"),
        "a lone high surrogate": whole.replace("n-1", "n\\ud8341"),
        "a lone low surrogate": whole.replace("n-1", "n\\udd1e1"),
        "surrogates the wrong way": whole.replace("n-1", "\\udd1e\\ud834"),
        "no character FFFF": whole.replace("n-1", "\uffff"),
        "no character FFFE, escaped": whole.replace("n-1", "\\ufffe"),
        "a NUL in a name": whole[:-1] + ', "a\\u0000b": 1}',
        "gzip": gzip.compress(whole.encode(), mtime=0),
        "deflate": zlib.compress(whole.encode()),
        "a PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n",
        "a JPEG": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01",
        "XML": '<DocumentReference xmlns="http://hl7.org/fhir"/>',
        "HTML": "<!doctype html><html><body>hello</body></html>",
        "a form": "resourceType=DocumentReference&status=current",
        "multipart": "--x\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--x--\r\n",
        "a name twice": whole[:-1] + ', "status": "entered-in-error"}',
        "a name twice further in": whole.replace('"code"', '"system": "http://evil.example", "code"'),
        "resourceType twice": whole[:-1] + ', "resourceType": "Patient"}',
        "a name twice by escape": whole[:-1] + ', "st\\u0061tus": "current"}',
        "arrays 100,000 deep": "[" * 100_000 + "]" * 100_000,
        "arrays 100,000 deep and open": "[" * 100_000,
        "objects 50,000 deep": '{"a":' * 50_000 + "1" + "}" * 50_000,
        "objects 50,000 deep and open": '{"a":' * 50_000,
        "arrays 500 deep in an element": whole[:-1] + ', "extension": ' + "[" * 500 + "]" * 500 + "}",
        "65 deep": json.dumps(_nested_extension(33)),
        "a wall of quotes": b'"' * 100_001,
        "a wall of backslashes": b'{"a": "' + b"\\" * 100_001,
        "a wall of commas": b"{" + b"," * 100_000 + b"}",
    }.items():
        yield _json(name, body)
    for part in (1, 20, 40, len(whole) // 2, len(whole) - 1):
        yield _json(f"cut after {part}", whole[:part])
    for name, value in {
        "100,000 unknown names": {f"name{number}": 1 for number in range(100_000)},
        "a name of 100,000 letters": {"x" * 100_000: 1},
        "a string of a million letters": {"description": "x" * 1_000_000},
        "100,000 nulls": {"category": [None] * 100_000},
        "100,000 empty objects": {"category": [{}] * 100_000},
    }.items():
        yield _json(name, json.dumps(document() | value), readable=True)


def _nested_extension(times: int) -> dict:
    inner: dict = {"url": "http://x.example", "valueBoolean": True}
    for _ in range(times):
        inner = {"url": "http://x.example", "extension": [inner]}
    return document() | {"extension": [inner]}


def _numbers() -> Iterator[Malformed]:
    whole = json.dumps(_changed("content.0.attachment.size", 77))
    for name, written in {
        "NaN": "NaN",
        "Infinity": "Infinity",
        "-Infinity": "-Infinity",
        "an integer of 5,000 digits": "9" * 5000,
        "an integer of 100,000 digits": "9" * 100_000,
        "a fraction of 5,000 digits": "0." + "1" * 5000,
        "an exponent past any float": "1e309",
        "an exponent of a billion": "1e1000000000",
        "a negative exponent past any float": "-1e400",
        "a leading zero": "077",
        "a plus": "+77",
        "hexadecimal": "0x77",
        "an underscore": "7_7",
        "no digit after the point": "7.",
        "no digit before the point": ".7",
        "digits of Arabic": "\u0667\u0667",
    }.items():
        yield _json(f"number: {name}", whole.replace("77", written))
    for name, written in {
        "in a string": '"77"',
        "negative": "-77",
        "a fraction": "7.5",
        "with exponent": "7e1",
        "of 40 digits": "7" * 40,
        "minus zero": "-0",
        "nearly nothing": "1e-400",
        "true": "true",
    }.items():
        yield _json(f"number: {name}", whole.replace("77", written), readable=True)


def _resource_types() -> Iterator[Malformed]:
    whole = document()
    for name, value in {
        "null": None,
        "a number": 1,
        "an array": ["DocumentReference"],
        "an object": {},
        "empty": "",
        "lower case": "documentReference",
        "a path": "../Patient",
        "a URL": "http://hl7.org/fhir/StructureDefinition/DocumentReference",
        "with a line break": "Patient" + CRLF,
        "long": "D" * 10_000,
        "markup": "<script>",
    }.items():
        yield _json(f"resourceType: {name}", json.dumps(whole | {"resourceType": value}))
    yield _json("resourceType: missing", json.dumps({k: v for k, v in whole.items() if k != "resourceType"}))
    for value in ("Unknown", "Resource", "DomainResource", "Element", "Patient", "DocumentReference2"):
        yield _json(f"resourceType: {value}", json.dumps(whole | {"resourceType": value}), readable=True)


_WRONG = {
    "null": None,
    "a number": 7,
    "a fraction": 0.5,
    "a boolean": False,
    "a string": "x",
    "an empty string": "",
    "an empty array": [],
    "an empty object": {},
    "an array of null": [None],
    "an array of an array": [[]],
    "an array of an empty object": [{}],
    "an array of a string": ["x"],
}
_WHERE = ("id", "meta", "status", "subject", "identifier", "content", "content.0.attachment", "context")

_VALUES = {
    "id": [
        "../../etc/passwd",
        "a/b",
        "%2e%2e%2f",
        "a" * 65,
        "é",
        "1" + CRLF,
        "a b",
        "..",
        "${jndi:x}",
        "'; DROP",
    ],
    "meta.versionId": ["1" + CRLF, "W/1", "../1"],
    "meta.lastUpdated": ["2026-13-01T00:00:00Z", "now", "2026-01-01", 20260101],
    "meta.profile": ["http://x.example", [CRLF], [None]],
    "status": ["CURRENT", "final", "current ", "current\n", "<b>current</b>"],
    "date": [
        "2026-02-30T10:00:00Z",
        "2026-03-01T10:00:00",
        "2026-03-01 10:00:00Z",
        "2026-03-01T25:00:00Z",
        "2026-03-01T10:00:00+99:00",
        "01.03.2026",
        "0000-00-00T00:00:00Z",
        "99999-01-01T00:00:00Z",
        "yesterday",
        20260301,
    ],
    "subject.reference": [
        "Patient/../../admin",
        "Patient/1?_format=xml",
        "//evil.example/Patient/1",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "Patient/1" + CRLF,
        "#missing",
        "urn:uuid:not-one",
        "Patient/" + "1" * 10_000,
        ["Patient/1"],
    ],
    "identifier.0.value": ["n" + CRLF, "n|1", "n,1", "n&x=y", "n\\|", "x" * 100_000, 5],
    "identifier.0.system": ["not a uri", "http://x.example/" + CRLF, " "],
    "content.0.attachment.data": ["not base64!", "====", "QQ", "data:text/plain,hello", 5, ["QQ=="]],
    "content.0.attachment.contentType": ["text/plain" + CRLF, "text", "*/*", "text/plain; charset=bogus"],
    "content.0.attachment.url": [
        "file:///etc/passwd",
        "http://127.0.0.1/",
        "http://[::1]:22/",
        "gopher://x.example/",
        "http://x.example/" + CRLF,
        "Binary/../../x",
    ],
    "content.0.attachment.hash": ["zz", 5],
    "content.0.attachment.creation": ["2026-02-30", "soon"],
    "content.0.attachment.size": [-1, "12", 10**30],
    "relatesTo": [{"code": "replaces"}, [{"code": "eats", "target": {}}]],
    "extension": [
        [{"valueString": "no url"}],
        [{"url": "", "valueString": "x"}],
        [{"url": "http://x.example"}],
    ],
    "contained": [{"resourceType": "Patient"}, [{"id": "p"}], [{"resourceType": "Nothing"}], [document()]],
    "text": [
        {"status": "generated", "div": "<script>alert(1)</script>"},
        {"status": "generated", "div": "no markup"},
        {
            "status": "generated",
            "div": '<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]><div xmlns="http://www.w3.org/1999/xhtml">&e;</div>',
        },
    ],
    "__proto__": [{"admin": True}],
    "constructor": [{"prototype": {}}],
    "unknownElement": ["x"],
    "_status": ["x", {"extension": [{"url": "http://x.example"}]}, [None]],
}


def _documents() -> Iterator[Malformed]:
    for path in _WHERE:
        for name, value in _WRONG.items():
            yield _json(f"{path}: {name}", json.dumps(_changed(path, value)), readable=True)
    for path, values in _VALUES.items():
        for number, value in enumerate(values):
            # a line break is a character a string may hold; that it stays out of headers is for the door
            yield _json(f"{path}: bad value {number}", json.dumps(_changed(path, value)), readable=True)


def _bundles() -> Iterator[Malformed]:
    whole = {"resourceType": "Bundle", "type": "transaction"}
    request = {"method": "POST", "url": "DocumentReference"}
    entry = {"resource": document(), "request": request}
    nested: dict = document()
    for _ in range(10):
        nested = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": nested}]}
    for name, entries in {
        "entry null": None,
        "entry an object": entry,
        "entry of nulls": [None, None],
        "entry of strings": ["DocumentReference/1"],
        "entry of empty objects": [{}] * 3,
        "resource null": [{"resource": None, "request": request}],
        "resource without type": [{"resource": {"id": "x"}, "request": request}],
        "resource an array": [{"resource": [document()], "request": request}],
        "no request": [{"resource": document()}],
        "request a string": [{"resource": document(), "request": "POST"}],
        "method unknown": [{"resource": document(), "request": request | {"method": "BREW"}}],
        "method with line break": [{"resource": document(), "request": request | {"method": "POST" + CRLF}}],
        "url of a path trick": [{"resource": document(), "request": request | {"url": "../../admin"}}],
        "url absolute": [{"resource": document(), "request": request | {"url": "http://evil.example/"}}],
        "url of another type": [{"resource": document(), "request": request | {"url": "Patient"}}],
        "ifNoneExist with line break": [entry | {"request": request | {"ifNoneExist": "a=b" + CRLF}}],
        "the same fullUrl twice": [entry | {"fullUrl": "urn:uuid:1"}] * 2,
        "a Bundle in a Bundle, ten times": [{"resource": nested, "request": request}],
        "20,000 empty entries": [{}] * 20_000,
    }.items():
        yield _json(f"bundle: {name}", json.dumps(whole | {"entry": entries}), readable=True)
    for name, kind in {"null": None, "unknown": "heap", "an array": ["batch"]}.items():
        yield _json(
            f"bundle: type {name}", json.dumps(whole | {"type": kind, "entry": [entry]}), readable=True
        )


_OPEN = '<DocumentReference xmlns="http://hl7.org/fhir">'
_CLOSE = "</DocumentReference>"
_STATUS = '<status value="current"/>'
_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
_DIV = '<div xmlns="http://www.w3.org/1999/xhtml">'


def _xml() -> Iterator[Malformed]:
    for name, body in (_hostile_xml() | _broken_xml() | _wrong_xml()).items():
        data = body.encode() if isinstance(body, str) else body
        yield Malformed(name=f"xml: {name}", body=data, content_type=XML, readable=False)
    for name, inside in {
        "a status of nobody": '<status value="nobody"/>',
        "a path trick as id": '<id value="../../etc/passwd"/>',
        "a line break in the id": '<id value="1&#13;&#10;X-Injected: yes"/>',
        "a bad date": '<date value="2026-02-30"/>',
        "nothing but the root": "",
        "data that is no base64": '<content><attachment><data value="!"/></attachment></content>',
        "a script in the narrative": f"<text>{_DIV}<script>alert(1)</script></div></text>",
        "a long value": f'<description value="{"x" * 1_000_000}"/>',
        "20,000 identifiers": '<identifier><value value="1"/></identifier>' * 20_000,
    }.items():
        data = (_OPEN + inside + _CLOSE).encode()
        yield Malformed(name=f"xml: {name}", body=data, content_type=XML, readable=True)


def _hostile_xml() -> dict[str, bytes | str]:
    whole = _OPEN + _STATUS + _CLOSE
    inside = _OPEN + '<description value="&e;"/>' + _CLOSE
    return {
        "a document type": "<!DOCTYPE DocumentReference>" + whole,
        "a document type after a comment": "<!-- a --><?b c?>\n<!DOCTYPE DocumentReference []>" + whole,
        "a document type elsewhere": '<!DOCTYPE d SYSTEM "http://127.0.0.1:1/x.dtd">' + whole,
        "a billion laughs": f'<!DOCTYPE d [<!ENTITY l0 "ha">{_LAUGHS}]>' + inside.replace("&e;", "&l11;"),
        "a billion laughs as text": f'<!DOCTYPE d [<!ENTITY l0 "ha">{_LAUGHS}]>{_OPEN}&l11;{_CLOSE}',
        "quadratic growth": f'<!DOCTYPE d [<!ENTITY e "{"a" * 50_000}">]>'
        + inside.replace("&e;", "&e;" * 5000),
        "an entity of itself": '<!DOCTYPE d [<!ENTITY e "&e;">]>' + inside,
        "a file": '<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + inside,
        "a file as text": '<!DOCTYPE d [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + f"{_OPEN}&e;{_CLOSE}",
        "a URL": '<!DOCTYPE d [<!ENTITY e SYSTEM "http://127.0.0.1:1/">]>' + inside,
        "a parameter entity": '<!DOCTYPE d [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x"> %p;]>' + whole,
        "default attributes": '<!DOCTYPE d [<!ATTLIST status value CDATA "current">]>'
        + f"{_OPEN}<status/>{_CLOSE}",
        "an unknown entity": inside,
        "an entity of HTML": f"{_OPEN}<text>{_DIV}a&nbsp;b</div></text>{_CLOSE}",
        "XInclude": _OPEN
        + '<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="/etc/passwd"/>'
        + _CLOSE,
        "200 deep": _OPEN + '<extension url="a">' * 200 + "</extension>" * 200 + _CLOSE,
        "50,000 deep": _OPEN + '<extension url="a">' * 50_000 + "</extension>" * 50_000 + _CLOSE,
        "50,000 deep and open": _OPEN + '<extension url="a">' * 50_000,
        "20,000 attributes": _OPEN.replace(">", "".join(f' a{n}="1"' for n in range(20_000)) + ">") + _CLOSE,
        "5,000 namespaces": _OPEN
        + "<status"
        + "".join(f' xmlns:n{n}="u{n}"' for n in range(5000))
        + "/>"
        + _CLOSE,
        "100,000 open comments": _OPEN + "<!--" * 100_000,
        "100,000 instructions cut": "<?a " * 100_000,
    }


def _broken_xml() -> dict[str, bytes | str]:
    whole = _OPEN + _STATUS + _CLOSE
    return {
        "empty": b"",
        "blank": b"  \n",
        "text": b"hello",
        "JSON": json.dumps(document()),
        "cut in a tag": whole[:60],
        "cut before the end": whole[:-5],
        "two roots": whole + whole,
        "text after the end": whole + "more",
        "ends crossed": "<a><b></a></b>",
        "an attribute twice": _OPEN + '<status value="current" value="final"/>' + _CLOSE,
        "no quotes": _OPEN + "<status value=current/>" + _CLOSE,
        "an ampersand alone": _OPEN + '<description value="a & b"/>' + _CLOSE,
        "a reference to NUL": _OPEN + '<description value="&#0;"/>' + _CLOSE,
        "a reference to a bell": _OPEN + '<description value="&#7;"/>' + _CLOSE,
        "a reference to a surrogate": _OPEN + '<description value="&#xD800;"/>' + _CLOSE,
        "a raw NUL": whole.replace("current", "cur\0rent"),
        "a raw bell": whole.replace("current", "cur\7rent"),
        "UTF-16": ('<?xml version="1.0" encoding="UTF-16"?>' + whole).encode("utf-16"),
        "UTF-16 without mark": whole.encode("utf-16-le"),
        "UTF-7": '<?xml version="1.0" encoding="UTF-7"?>' + whole.replace("<", "+ADw-"),
        "UTF-7 that is not": '<?xml version="1.0" encoding="UTF-7"?>' + whole,
        "Latin-1": ('<?xml version="1.0" encoding="ISO-8859-1"?>' + whole.replace("current", "é")).encode(
            "latin-1"
        ),
        "an unknown encoding": '<?xml version="1.0" encoding="x-none"?>' + whole,
        "bad UTF-8": whole.encode().replace(b"current", b"\xff\xfe"),
        "gzip": gzip.compress(whole.encode(), mtime=0),
        "a declaration late": " " + '<?xml version="1.0"?>' + whole,
        "HTML": "<!doctype html><html><body><br></body></html>",
    }


def _wrong_xml() -> dict[str, bytes | str]:
    wrong = {
        "an unknown element": "<colour/>",
        "an unknown element with value": '<colour value="red"/>',
        "an unknown attribute": '<status value="current" colour="red"/>',
        "an attribute of a type": '<status xmlns:x="urn:x" x:y="1"/>',
        "a value on an object": '<type value="x"/>',
        "an empty value": '<status value=""/>',
        "an empty primitive": "<status/>",
        "an empty object": "<type/>",
        "an object of blanks": "<type>  </type>",
        "text in a primitive": "<status>current</status>",
        "text in an object": "<type>note</type>",
        "text between": _STATUS + "current",
        "CDATA": "<status><![CDATA[current]]></status>",
        "a status twice": _STATUS + _STATUS,
        "a status and its extension": _STATUS + '<status id="a"/>',
        "no number": "<content><attachment><size value='many'/></attachment></content>",
        "a number of 5,000 digits": "<content><attachment><size value='"
        + "9" * 5000
        + "'/></attachment></content>",
        "no boolean": '<extension url="a"><valueBoolean value="1"/></extension>',
        "no decimal": '<extension url="a"><valueDecimal value="1,5"/></extension>',
        "a decimal that is not": '<extension url="a"><valueDecimal value="NaN"/></extension>',
        "a decimal past any float": '<extension url="a"><valueDecimal value="1e999"/></extension>',
        "a contained text": "<contained>x</contained>",
        "a contained nothing": "<contained/>",
        "a contained two": "<contained><Patient/><Patient/></contained>",
        "a contained unknown": "<contained><Nothing/></contained>",
        "a contained element": '<contained><Coding><code value="a"/></Coding></contained>',
        "a contained abstract": "<contained><Resource/></contained>",
        "a contained with value": '<contained value="x"><Patient/></contained>',
        "an id as attribute of the resource": '<contained><Patient id="x"/></contained>',
        "an empty url": '<extension url=""><valueCode value="a"/></extension>',
        "a url as element": '<extension><url value="a"/></extension>',
        "a div of FHIR": "<text><div>x</div></text>",
        "a div elsewhere": f"{_DIV}x</div>",
        "a paragraph as narrative": '<text><p xmlns="http://www.w3.org/1999/xhtml">x</p></text>',
        "an element without namespace": '<status xmlns="" value="current"/>',
        "an element of HL7 v3": '<status xmlns="urn:hl7-org:v3" value="current"/>',
    }
    whole = _OPEN + _STATUS + _CLOSE
    return {name: _OPEN + inside + _CLOSE for name, inside in wrong.items()} | {
        "no namespace": whole.replace(' xmlns="http://hl7.org/fhir"', ""),
        "another namespace": whole.replace("http://hl7.org/fhir", "http://hl7.org/fhir/"),
        "an unknown resource": whole.replace("DocumentReference", "Nothing"),
        "an element as resource": '<Coding xmlns="http://hl7.org/fhir"><code value="a"/></Coding>',
        "an abstract resource": '<DomainResource xmlns="http://hl7.org/fhir"/>',
        "a resource in lower case": whole.replace("DocumentReference", "documentreference"),
        "an envelope": f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/">{whole}</e:Envelope>',
        "C-CDA": '<ClinicalDocument xmlns="urn:hl7-org:v3"><title>x</title></ClinicalDocument>',
        "a Bundle of text": '<Bundle xmlns="http://hl7.org/fhir"><entry>x</entry></Bundle>',
        "a Bundle of two in one": '<Bundle xmlns="http://hl7.org/fhir"><entry><resource><Patient/><Patient/></resource>'
        "</entry></Bundle>",
    }
