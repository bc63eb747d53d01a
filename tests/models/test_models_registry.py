import json

import pytest

from adapter.errors import InputError, ModelError
from adapter.models import registry, resolve, shelf
from tests import tiny_llama


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "notewright" / "models"


@pytest.fixture
def tiny(tmp_path):
    return tiny_llama.write(tmp_path / "My tiny (1).gguf", layers=1)


def test_an_added_model_is_found_by_its_name(tiny, home):
    assert registry.add(tiny, licence="MIT") == ("My-tiny-1", True)
    assert resolve("My-tiny-1").read_bytes() == tiny.read_bytes()
    assert resolve(tiny) == tiny
    (row,) = registry.added()
    assert (row["kind"], row["architecture"], row["licence"]) == ("decoder", "llama", "MIT")
    assert (row["quantization"], row["context"], row["template"]) == ("F32", 1024, True)
    assert sorted(path.name for path in home.iterdir()) == ["My-tiny-1.gguf", "My-tiny-1.json"]


def test_the_same_digest_is_one_model(tiny, tmp_path):
    copy = tmp_path / "copy.gguf"
    copy.write_bytes(tiny.read_bytes())
    assert registry.add(tiny, name="a") == ("a", True)
    assert registry.add(copy, name="b") == ("a", False)
    assert len(registry.added()) == 1


def test_names_are_not_shared(tiny, tmp_path):
    registry.add(tiny, name="a")
    other = tiny_llama.write(tmp_path / "a.gguf", layers=1, seed=1)
    with pytest.raises(InputError, match="another model has that name"):
        registry.add(other, name="A")
    assert registry.add(other)[0] == "a-2"
    for name in ("../a", "", ".a", "a/b"):
        with pytest.raises(InputError):
            registry.add(tiny_llama.write(tmp_path / "c.gguf", layers=1, seed=2), name=name)


@pytest.mark.parametrize("length", [30, 5_000, -200])
def test_a_broken_file_is_refused_and_leaves_nothing(tiny, home, tmp_path, length):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(tiny.read_bytes()[:length])
    with pytest.raises(ModelError, match=r"broken\.gguf: .*cut off in"):
        registry.add(broken)
    assert not home.exists()


def test_a_link_stays_where_it_is(tiny, home):
    name, _ = registry.add(tiny, name="linked", link=True)
    assert (home / "linked.gguf").is_symlink()
    tiny.rename(tiny.with_name("gone.gguf"))
    with pytest.raises(ModelError, match="the file it is a link to is gone"):
        resolve(name)
    assert registry.added()[0]["missing"] is True
    registry.remove(name)
    assert list(home.iterdir()) == []
    assert tiny.with_name("gone.gguf").is_file()


def test_what_was_not_added_is_not_found(home):
    for name in ("nothing", "../nothing", "/nothing.gguf"):
        with pytest.raises(ModelError, match="no such model file"):
            resolve(name)
        with pytest.raises(ModelError, match="no model of that name"):
            registry.remove(name)


def test_a_broken_card_is_named(tiny, home):
    registry.add(tiny, name="a")
    (home / "a.json").write_text("{")
    with pytest.raises(ModelError, match=r"a\.json: not a readable card"):
        list(shelf.cards())


def test_a_lora_adapter_is_told_apart(tmp_path):
    registry.add(tiny_llama.write_lora(tmp_path / "lora.gguf"))
    assert registry.added()[0]["kind"] == "LoRA"
    assert json.loads((shelf.folder() / "lora.json").read_text())["source"] == "lora.gguf"
