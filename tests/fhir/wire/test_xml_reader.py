"""XML in and out: what is refused, where, and that nothing is reached from it."""

import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import InputError
from adapter.fhir.wire.limits import Limits
from adapter.fhir.wire.shapes import Shapes
from adapter.fhir.wire.xml_reader import read_xml
from adapter.fhir.wire.xml_writer import write_xml

SHAPES = Shapes("r4")
DIV = '<div xmlns="http://www.w3.org/1999/xhtml">%s</div>'


def document(inside, attributes=""):
    return f'<DocumentReference xmlns="http://hl7.org/fhir"{attributes}>{inside}</DocumentReference>'.encode()


def read(inside):
    value = read_xml(document(inside), SHAPES)
    del value["resourceType"]
    return value


def refused(data, limits=None):
    with pytest.raises(InputError) as error:
        read_xml(data, SHAPES, limits or Limits())
    return str(error.value), error.value.path


@pytest.mark.parametrize(
    ("inside", "value"),
    [
        ('<status value="current"/>', {"status": "current"}),
        ('<status id="a" value="current"/>', {"status": "current", "_status": {"id": "a"}}),
        ('<status id="a"/>', {"_status": {"id": "a"}}),
        ('<type id="t"><text value=" a "/></type>', {"type": {"id": "t", "text": " a "}}),
        (
            '<content><attachment><size value="7"/></attachment></content>',
            {"content": [{"attachment": {"size": 7}}]},
        ),
        (
            '<extension url="u"><valueBoolean value="false"/></extension>',
            {"extension": [{"url": "u", "valueBoolean": False}]},
        ),
        (
            '<extension url="u"><valueDecimal value="5"/></extension>',
            {"extension": [{"url": "u", "valueDecimal": 5}]},
        ),
        ('<contained><Patient><id value="p"/></Patient></contained>',
         {"contained": [{"resourceType": "Patient", "id": "p"}]}),
        ('<!-- a --><?b c?><description value="a&#10;&lt;"/>', {"description": "a\n<"}),
        (f'<text><status value="generated"/>{DIV % "a<b>c</b>d"}</text>',
         {"text": {"status": "generated", "div": DIV % "a<b>c</b>d"}}),
        ('<text><h:div xmlns:h="http://www.w3.org/1999/xhtml" id="n"><h:p>a</h:p></h:div></text>',
         {"text": {"div": '<div xmlns="http://www.w3.org/1999/xhtml" id="n"><p>a</p></div>'}}),
    ],
)  # fmt: skip
def test_elements_become_json(inside, value):
    assert read(inside) == value


def test_the_schema_of_the_sender_is_ignored_and_prefixes_mean_nothing():
    data = (
        '\ufeff<?xml version="1.0" encoding="utf-8"?><?xml-stylesheet href="x"?><!-- c -->'
        '<f:Patient xmlns:f="http://hl7.org/fhir" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xsi:schemaLocation="http://hl7.org/fhir x.xsd"><f:active value="true"/></f:Patient>'
    )
    assert read_xml(data.encode(), SHAPES) == {"resourceType": "Patient", "active": True}


def test_extensions_of_repeating_primitives_stand_beside_their_values():
    data = b"""<Patient xmlns="http://hl7.org/fhir"><name><given value="A"/><given id="b"/><given value="C">
        <extension url="u"><valueCode value="x"/></extension></given><prefix id="p"/></name></Patient>"""
    assert read_xml(data, SHAPES)["name"] == [
        {
            "given": ["A", None, "C"],
            "_given": [None, {"id": "b"}, {"extension": [{"url": "u", "valueCode": "x"}]}],
            "_prefix": [{"id": "p"}],
        }
    ]


@pytest.mark.parametrize(
    ("inside", "message", "path"),
    [
        ("<colour/>", "there is no such element", "DocumentReference.colour"),
        (
            "<content><attachment><colour/></attachment></content>",
            "there is no such element",
            "DocumentReference.content[0].attachment.colour",
        ),
        (
            "<content><attachment><title value='a'/></attachment></content>"
            "<content><attachment><size value='many'/></attachment></content>",
            "not a number of its type",
            "DocumentReference.content[1].attachment.size",
        ),
        (
            '<status value="a"/><status value="b"/>',
            "an element that may stand only once",
            "DocumentReference.status",
        ),
        ('<status value=""/>', "an empty value", "DocumentReference.status"),
        ("<status>secret</status>", "text where only elements may stand", "DocumentReference.status"),
        ('<status val="secret"/>', "there is no such attribute", "DocumentReference.status.val"),
        (
            "<contained><Nothing/></contained>",
            "there is no such resource type",
            "DocumentReference.contained[0]",
        ),
        (
            "<text><div>x</div></text>",
            "a div that is not in the namespace of XHTML",
            "DocumentReference.text.div",
        ),
        (
            '<status xmlns="urn:x" value="a"/>',
            "an element that is not in the namespace of FHIR",
            "DocumentReference.status",
        ),
    ],
)
def test_a_fault_names_the_element_and_no_value(inside, message, path):
    assert refused(document(inside)) == (message, path)


def test_the_place_of_what_is_not_well_formed():
    assert refused(document("\n<status")) == ("not well-formed XML, or too large, at line 2, column 8", None)
    assert refused(b"<!DOCTYPE a><a/>") == ("a document type is not allowed", None)


def test_bounds_are_the_caller_s():
    assert refused(document(""), Limits(size=20))[0] == "larger than 20 bytes"
    coded = '<type><coding><code value="a"/></coding></type>'
    assert refused(document(coded), Limits(depth=3)) == (
        "nested more than 3 deep",
        "DocumentReference.type.coding[0]",
    )
    assert read_xml(document(coded), SHAPES, Limits(depth=4))


def test_nothing_is_fetched():
    """A server that counts who comes; nobody does."""
    came = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x"
        listener = threading.Thread(target=_listen, args=(server, came))
        listener.start()
        for head in (
            f'<!DOCTYPE d SYSTEM "{url}">',
            f'<!DOCTYPE d [<!ENTITY e SYSTEM "{url}">]>',
            f'<!DOCTYPE d [<!ENTITY % e SYSTEM "{url}"> %e;]>',
            f'<?xml-stylesheet href="{url}"?>',
        ):
            with pytest.raises(InputError):
                read_xml(head.encode() + document("&e;"), SHAPES)
        listener.join()
    assert came == []


def _listen(server, came):
    try:
        came.append(server.accept())
    except TimeoutError:
        return


@given(data=st.data())
def test_a_broken_body_gives_an_object_or_an_input_error(data):
    whole = bytearray(document(f'<id value="a"/><text>{DIV % "a<b/>"}</text><date value="2026"/>'))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert read_xml(bytes(whole), SHAPES)["resourceType"]
    except InputError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("element", "path"),
    [
        ({"colour": "red"}, "DocumentReference.colour"),
        (
            {"extension": [{"url": "u", "valueDecimal": float("inf")}]},
            "DocumentReference.extension[0].valueDecimal",
        ),
        ({"status": 5}, "DocumentReference.status"),
        ({"status": ["a"]}, "DocumentReference.status"),
        ({"status": {"a": 1}}, "DocumentReference.status"),
        ({"type": "x"}, "DocumentReference.type"),
        ({"type": {"coding": {"code": "a"}}}, "DocumentReference.type.coding"),
        ({"content": [{"attachment": {"size": True}}]}, "DocumentReference.content[0].attachment.size"),
        ({"content": [{"attachment": {"size": 1.5}}]}, "DocumentReference.content[0].attachment.size"),
        ({"content": [5]}, "DocumentReference.content[0]"),
        ({"contained": [{"id": "p"}]}, "DocumentReference.contained[0]"),
        ({"contained": [{"resourceType": "Nothing"}]}, "DocumentReference.contained[0]"),
        ({"text": {"div": "<p"}}, "DocumentReference.text.div"),
        ({"text": {"div": "<p>no div</p>"}}, "DocumentReference.text.div"),
        ({"text": {"div": "<!DOCTYPE div>" + DIV % ""}}, "DocumentReference.text.div"),
        ({"_type": {"id": "x"}}, "DocumentReference._type"),
        ({"_status": "x"}, "DocumentReference.status"),
        ({"_status": {"value": "x"}}, "DocumentReference.status.value"),
    ],
)
def test_what_has_no_place_in_xml_is_refused_by_name(element, path):
    with pytest.raises(InputError) as error:
        write_xml({"resourceType": "DocumentReference", **element}, SHAPES)
    assert error.value.path == path


def test_what_says_nothing_is_not_written():
    empty = {
        "status": None,
        "description": "",
        "category": [],
        "type": {},
        "identifier": [None],
        "_date": {"extension": []},
    }
    empty["context"] = {"period": {"start": None}}
    written = write_xml({"resourceType": "DocumentReference", **empty}, SHAPES)
    assert read_xml(written, SHAPES) == {"resourceType": "DocumentReference"}


def test_a_character_xml_cannot_hold_is_replaced():
    written = write_xml({"resourceType": "DocumentReference", "description": "a\x0b\ud800b\uffff"}, SHAPES)
    assert read_xml(written, SHAPES)["description"] == "a\ufffd\ufffdb\ufffd"
