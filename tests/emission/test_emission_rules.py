"""The policy files: refused when incomplete, documented key by key."""

import re
import shutil
import tomllib

import pytest

import mappings
from adapter import emission

FILES = mappings.SHIPPED.names("resources")
FREE = {
    "relatives",
    "exact",
    "folded",
    "numbers",
    "hours",
    "periods",
    "category",
    "category_in",
    "between",
    "codes",
    "said",
    "outcomes",
}


def keys(table):
    for key, value in table.items():
        yield key
        if isinstance(value, dict) and key not in FREE:
            yield from keys(value)
        for one in value if isinstance(value, list) else ():
            if isinstance(one, dict):
                yield from keys(one)
        if key == "outcomes" and isinstance(value, dict):
            for outcome in value.values():
                yield from keys(outcome)


@pytest.mark.parametrize("name", FILES)
def test_every_key_is_described(name):
    text = (mappings.ROOT / "resources" / "README.md").read_text("utf-8")
    described = set(re.findall(r"`([a-zA-Z_]+)`", text))
    table = tomllib.loads((mappings.ROOT / name).read_text("utf-8"))
    assert set(keys(table)) <= described


def changed(tmp_path, name, old, new):
    shutil.copytree(mappings.ROOT / "resources", tmp_path / "resources")
    file = tmp_path / "resources" / name
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        (
            "condition.toml",
            "[outcomes.hypothetical]\nleave_out",
            "[category_in.x]\nleave_out",
            "condition.toml",
        ),
        ("medication.toml", "[outcomes.other]", "[outcomes.others]", "medication.toml: outcomes"),
        ("procedure.toml", "version = 2", "version = 2\nsurprise = 2", "procedure.toml: surprise"),
        (
            "social.toml",
            'name    = "tobacco"\npattern = \'',
            'name    = "tobacco"\npattern = \'(',
            "social.toml",
        ),
        ("units.toml", "[exact]", "[exactly]", "units.toml: exact"),
    ],
)
def test_a_wrong_file_stops_the_start(tmp_path, name, old, new, told):
    root = changed(tmp_path, name, old, new)
    with pytest.raises(mappings.MappingError, match=re.escape(told)):
        emission.load(mappings.Files((root,)))


def test_an_outcome_nobody_decided_is_named(tmp_path):
    root = changed(tmp_path, "procedure.toml", '[outcomes.hypothetical]\nleave_out = "hypothetical"\n', "")
    with pytest.raises(mappings.MappingError, match="outcomes not decided: hypothetical"):
        emission.load(mappings.Files((root,)))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(mappings.MappingError, match="no such mapping file"):
        emission.load(mappings.Files((tmp_path,)))
