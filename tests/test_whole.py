"""A file is replaced whole, and nothing is left beside it."""

import pytest

from adapter import whole


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path):
    path = tmp_path / "a.txt"
    for data in (b"first", b"second"):
        whole.write(path, data)
        assert path.read_bytes() == data
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_replaced_leaves_nothing(tmp_path):
    path = tmp_path / "a.txt"
    (path / "inside").mkdir(parents=True)
    with pytest.raises(OSError):
        whole.write(path, b"data")
    assert list(tmp_path.iterdir()) == [path]
