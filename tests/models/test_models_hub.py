import os
import subprocess
import sys
import time
from importlib.util import find_spec

import pytest

from adapter.errors import InputError
from adapter.models import hub
from tests import tiny_llama
from tests.models.hub_server import Hub, served

needs_hub = pytest.mark.skipif(find_spec("huggingface_hub") is None, reason="the extra hub is not installed")


@pytest.fixture
def data(tmp_path):
    return tiny_llama.write(tmp_path / "tiny.gguf", width=128).read_bytes()


def command(found, tmp_path, *arguments):
    """`notewright models ...` against a hub, in a process of its own with a data folder of its own."""
    environment = os.environ | {
        "HF_ENDPOINT": found.url,
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "HF_HOME": str(tmp_path / "hf"),
        "NO_PROXY": "127.0.0.1",
    }
    arguments = (sys.executable, "-m", "adapter", "models", *arguments)
    return subprocess.Popen(arguments, env=environment, text=True, stdout=-1, stderr=-1)


def finished(process):
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@needs_hub
@pytest.mark.slow
def test_a_file_of_a_hub_is_added_and_nothing_is_left_behind(data, tmp_path):
    with served(Hub(data)) as found:
        assert finished(command(found, tmp_path, "add", "hf:owner/repo/tiny.gguf"))[:2] == (0, "tiny\n")
        assert finished(command(found, tmp_path, "add", "hf:owner/repo/none.gguf"))[0] == 3
    folder = tmp_path / "data" / "notewright" / "models"
    assert (folder / "tiny.gguf").read_bytes() == data
    assert '"source": "hf:owner/repo/tiny.gguf"' in (folder / "tiny.json").read_text()
    assert not [path for path in folder.glob(".hub/**/*") if path.is_file()]


@needs_hub
@pytest.mark.slow
def test_a_download_that_was_killed_goes_on_where_it_was(data, tmp_path):
    with served(Hub(data, pause=0.05)) as found:
        first = command(found, tmp_path, "add", "hf:owner/repo/tiny.gguf")
        folder = tmp_path / "data" / "notewright" / "models" / ".hub"
        end = time.monotonic() + 30
        while time.monotonic() < end and not any(
            path.stat().st_size > 60_000 for path in folder.rglob("*.part")
        ):
            time.sleep(0.02)
        first.kill()
        first.communicate()
        found.pause = 0
        assert finished(command(found, tmp_path, "add", "hf:owner/repo/tiny.gguf"))[:2] == (0, "tiny\n")
    assert found.ranges[-1].startswith("bytes=")
    assert int(found.ranges[-1][6:].rstrip("-").partition("-")[0]) > 60_000
    assert (folder.parent / "tiny.gguf").read_bytes() == data


@needs_hub
@pytest.mark.slow
def test_a_file_that_is_not_what_the_hub_tells_is_refused(data, tmp_path):
    with served(Hub(data, digest="0" * 64)) as found:
        code, _, said = finished(command(found, tmp_path, "add", "hf:owner/repo/tiny.gguf"))
    assert (code, "its digest is not the one the hub told" in said) == (3, True)
    assert not list((tmp_path / "data").rglob("*.gguf"))


@pytest.mark.parametrize("text", ["hf:repo/x.gguf", "hf:a/b/../c.gguf", "hf:a/b/c.bin", "hf:a b/c/d.gguf"])
def test_what_names_no_file_is_refused(text):
    with pytest.raises(InputError, match="must be like"):
        hub.parsed(text)


def test_a_revision_and_a_folder_may_be_named():
    found = hub.parsed("hf:owner/repo@v1.2/sub/x.Q8_0.gguf")
    assert (found.repo, found.revision, found.file) == ("owner/repo", "v1.2", "sub/x.Q8_0.gguf")
