import io
import json

import pytest

from adapter import delivery
from adapter.errors import TargetRefused, TargetUnavailable

BUNDLE = {"resourceType": "Bundle", "id": "b-1", "type": "transaction", "note": "Ödem"}


def test_collected_keeps_in_order():
    sink = delivery.Collected()
    assert delivery.send(BUNDLE, sink).status == "stored"
    sink.send({**BUNDLE, "id": "b-2"})
    assert [bundle["id"] for bundle in sink.bundles] == ["b-1", "b-2"]


def test_folder_writes_once_and_replaces_what_changed(tmp_path):
    sink = delivery.Folder(tmp_path / "out" / "bundles")
    file = tmp_path / "out" / "bundles" / "b-1.json"
    assert sink.send(BUNDLE).status == "stored"
    before = file.stat()
    assert json.loads(file.read_text("utf-8")) == BUNDLE
    assert sink.send(BUNDLE).status == "unchanged"
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    receipt = sink.send({**BUNDLE, "type": "batch"})
    assert (receipt.status, receipt.location) == ("stored", str(file))
    assert json.loads(file.read_text("utf-8"))["type"] == "batch"
    assert [path.name for path in file.parent.iterdir()] == ["b-1.json"]


@pytest.mark.parametrize("name", [None, "", "..", "../b", "a/b", "x" * 65])
def test_folder_refuses_a_name_that_is_none(tmp_path, name):
    with pytest.raises(TargetRefused) as refused:
        delivery.Folder(tmp_path).send(
            {**BUNDLE, "id": name} if name is not None else {"resourceType": "Bundle"}
        )
    assert refused.value.path == "Bundle.id"
    assert list(tmp_path.iterdir()) == []


def test_folder_that_cannot_be_is_unavailable(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(TargetUnavailable):
        delivery.Folder(tmp_path / "file").send(BUNDLE)


def test_stream_writes_a_line_each():
    stream = io.StringIO()
    sink = delivery.Stream(stream)
    sink.send(BUNDLE)
    sink.send(BUNDLE)
    lines = stream.getvalue().splitlines()
    assert [json.loads(line) for line in lines] == [BUNDLE, BUNDLE]


def test_a_broken_stream_is_unavailable():
    class Pipe(io.StringIO):
        def write(self, text):
            raise BrokenPipeError(32, "Broken pipe")

    with pytest.raises(TargetUnavailable):
        delivery.Stream(Pipe()).send(BUNDLE)
