"""Whatever is sent, the readers give an object or InputError, quickly, and quote nothing."""

import time

import pytest

from adapter.errors import InputError
from adapter.fhir.wire.json_reader import read_json
from adapter.fhir.wire.shapes import Shapes
from adapter.fhir.wire.xml_reader import read_xml
from tests.fhir import malformed

CASES = malformed.cases()


@pytest.fixture(scope="module")
def shapes():
    found = Shapes("r4")
    found.resource("DocumentReference")
    return found


def test_there_are_many():
    assert len(CASES) >= 150


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_read_or_refused_quickly(case, shapes):
    started = time.process_time()
    try:
        value = read_json(case.body) if case.content_type == malformed.JSON else read_xml(case.body, shapes)
    except InputError as error:
        assert not case.readable, error
        assert len(str(error)) < 120 and len(error.path or "") < 2000
        assert not any(told in f"{error} {error.path}" for told in ("n-1", "current", "X-Injected", "passwd"))
    else:
        assert case.readable
        assert isinstance(value, dict)
    assert time.process_time() - started < 2


def test_the_wrong_reader_bears_them_too(shapes):
    for case in CASES:
        try:
            value = (
                read_xml(case.body, shapes) if case.content_type == malformed.JSON else read_json(case.body)
            )
        except InputError:
            continue
        assert isinstance(value, dict)
