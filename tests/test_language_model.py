from pathlib import Path

import pytest

from adapter import language_model
from adapter.errors import SettingsError


def read(folder: Path, text: str) -> language_model.LanguageModel:
    file = folder / "language-model.toml"
    file.write_text(text, "utf-8")
    return language_model.read(file)


def test_paths_are_beside_the_file(tmp_path: Path) -> None:
    for name in ("a.gguf", "lora.gguf", "approved.jsonl", "encoder.gguf"):
        (tmp_path / name).write_bytes(b"")
    told = read(
        tmp_path,
        '[asking]\nexamples = "approved.jsonl"\nembedder = "encoder.gguf"\n[local]\nmodel = "a.gguf"\n'
        '[[adapter]]\nname = "ward"\npath = "lora.gguf"\n',
    )
    assert told.asking.examples == tmp_path / "approved.jsonl"
    assert (told.local.model, told.asking.embedder) == (
        str(tmp_path / "a.gguf"),
        str(tmp_path / "encoder.gguf"),
    )
    assert told.adapter[0].path == tmp_path / "lora.gguf"


def test_the_name_of_an_added_model_stays_a_name(tmp_path: Path) -> None:
    assert read(tmp_path, '[local]\nmodel = "some-8b"\n').local.model == "some-8b"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[asking]\nexamples = "approved.jsonl"\n', "asking.examples: there is no file approved.jsonl"),
        ('[[adapter]]\nname = "a"\n[[adapter]]\nname = "a"\n', "adapter: .*two of one name"),
        ("[asking]\nruns = 0\n", "asking.runs"),
        ("[asking]\nrun = 3\n", "asking.run"),
        ("asking = [", "not TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        read(tmp_path, text)
