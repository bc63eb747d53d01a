import tomllib

import pytest

import mappings
from mappings import SHIPPED, Files, MappingError, Table


class Word(Table):
    word: str


def written(root, **files):
    for name, text in files.items():
        path = root / f"{name.replace('__', '/')}.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return root


def test_a_later_directory_takes_the_place_of_its_namesake_alone(tmp_path):
    first = written(tmp_path / "a", x='word = "x of a"', f__y='word = "y of a"')
    files = Files((first,)).over(written(tmp_path / "b", f__y='word = "y of b"', f__z='word = "z of b"'))
    assert files.read("x.toml", Word).word == "x of a"
    assert files.read("f/y.toml", Word).word == "y of b"
    assert files.names("f") == ["f/y.toml", "f/z.toml"]
    assert files.names("") == ["x.toml"]
    assert files.over(None) is files
    draft = files.draft("f/y.toml", 'word = "drafted"').draft("f/y.toml", 'word = "again"')
    assert draft.read("f/y.toml", Word).word == "again"
    assert draft.names("f") == files.names("f")
    assert files.read("f/y.toml", Word).word == "y of b"


def test_the_digest_is_of_what_is_read(tmp_path):
    same = tmp_path / "context" / "en.toml"
    same.parent.mkdir()
    same.write_bytes((mappings.ROOT / "context" / "en.toml").read_bytes())
    (tmp_path / "README.md").write_text("why")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.toml").write_text("")
    assert SHIPPED.over(tmp_path).digest() == SHIPPED.digest()
    drafted = SHIPPED.draft("context/en.toml", SHIPPED.text("context/en.toml") + "\n")
    same.write_text(same.read_text("utf-8") + "\n", "utf-8")
    assert SHIPPED.over(tmp_path).digest() == drafted.digest() != SHIPPED.digest()
    taken = SHIPPED.over(tmp_path).taken()
    assert taken.digest() == drafted.digest()
    same.unlink()
    assert taken.digest() == drafted.digest() != SHIPPED.over(tmp_path).digest() == SHIPPED.digest()
    assert taken.differing(SHIPPED) == {"context/en.toml"}
    same.write_text("")
    assert Files((tmp_path,)).every() == ["context/en.toml"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b'word = "x"\nwards = 1', "f.toml: wards"),
        (b"word = ", "f.toml: not TOML"),
        (b'word = "\xff"', "f.toml: not UTF-8"),
        (None, "f.toml: no such mapping file"),
    ],
)
def test_an_error_names_file_and_key(tmp_path, text, said):
    if text is not None:
        (tmp_path / "f.toml").write_bytes(text)
    with pytest.raises(MappingError, match=said):
        Files((tmp_path,)).read("f.toml", Word)


def test_every_file_that_ships_can_be_read():
    for name in SHIPPED.every():
        assert SHIPPED.text(name)
        assert not name.endswith(".toml") or tomllib.loads(SHIPPED.text(name))
