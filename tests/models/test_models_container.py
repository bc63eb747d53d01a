import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import ModelError
from adapter.models import container
from adapter.models.blocks import Kind
from adapter.models.container import Place, field
from tests import tiny_llama


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return tiny_llama.write(tmp_path_factory.mktemp("tiny") / "tiny.gguf", layers=1)


def test_a_copy_by_parts_is_the_file(tiny, tmp_path):
    found = container.layout(tiny)
    raw = tiny.read_bytes()
    data = (raw[one.start : one.start + one.size] for one in found.tensors)
    container.write(tmp_path / "copy.gguf", found.fields.values(), found.tensors, data)
    assert (tmp_path / "copy.gguf").read_bytes() == raw


@given(st.dictionaries(st.text(min_size=1, max_size=9), st.text() | st.booleans() | st.lists(st.text())))
def test_fields_come_back(tmp_path_factory, told):
    path = tmp_path_factory.mktemp("f") / "fields.gguf"
    container.write(path, [field(key, value) for key, value in told.items()], [], [])
    assert {key: one.value for key, one in container.layout(path).fields.items()} == told


@pytest.mark.parametrize("length", [4, 20, 3_000, -100_000, -1])
def test_a_truncated_file_is_refused_at_the_place(tiny, tmp_path, length):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(tiny.read_bytes()[:length])
    with pytest.raises(ModelError, match=r"broken\.gguf: .*cut off in .+"):
        container.layout(broken)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not a readable GGUF file"),
        (b"PK\x03\x04" * 20, "not a GGUF file"),
        (b"GGUF" + struct.pack("<IQQ", 9, 0, 0), "version 9 is not read"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<QI", 0, 99), "type that is not known"),
        (b"GGUF" + struct.pack("<IQQ", 3, 2**60, 0), "entry 1 of the tensor table"),
    ],
)
def test_what_is_no_gguf_is_refused(tmp_path, data, said):
    path = tmp_path / "x.gguf"
    path.write_bytes(data)
    with pytest.raises(ModelError, match=said):
        container.layout(path)


@given(st.binary(max_size=300))
def test_wild_bytes_are_refused_or_read(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "wild.gguf"
    path.write_bytes(b"GGUF\x03\x00\x00\x00" + data)
    try:
        container.layout(path)
    except ModelError as error:
        assert "wild.gguf" in str(error)


def test_a_file_that_could_not_be_finished_is_not_there(tmp_path):
    tensor = Place(name="t", shape=(4,), kind=Kind.F32)
    with pytest.raises(ModelError, match="tensor t has too few bytes"):
        container.write(tmp_path / "out.gguf", [], [tensor], [b"1234"])
    assert list(tmp_path.iterdir()) == []
