"""Where the keys of a TOML text stand: `tomllib` tells what a text says, not where."""

import re
from collections.abc import Iterator, Mapping, Sequence

Path = tuple[str | int, ...]

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_KEYS = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_HEADER = re.compile(rf"[ \t]*(\[\[?)[ \t]*({_KEYS})[ \t]*\]")
_PAIR = re.compile(rf"[ \t]*({_KEYS})[ \t]*=")
_PART = re.compile(_KEY)
_TOKEN = re.compile(  # what opens or closes, and what hides such signs: strings and comments
    r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*|[\[{]|[\]}]|\n', re.S
)


def places(text: str) -> dict[Path, int]:
    """The line, from 1, in which each table and each key stands, by its place such as ("rule", 3, "axis")."""
    found: dict[Path, int] = {}
    for path, number in _places(text):
        found.setdefault(path, number)
    return found


def line(found: Mapping[Path, int], place: Sequence[str | int]) -> int | None:
    """The line of a place, or of what it stands in; None where it is in no table."""
    paths = (tuple(place[:length]) for length in range(len(place), 0, -1))
    return next((found[path] for path in paths if path in found), None)


def _places(text: str) -> Iterator[tuple[Path, int]]:
    """Every table and every key with its line, in the order of the text."""
    table: Path = ()
    counts: dict[Path, int] = {}
    at, number = 0, 1
    while at < len(text):
        end = _end(text, at)
        if header := _HEADER.match(text, at):
            table = _entered(_parts(header[2]), header[1] == "[[", counts)
            yield table, number
        elif pair := _PAIR.match(text, at):
            end = _end(text, pair.end())
            keys = _parts(pair[1])
            for length in range(1, len(keys) + 1):
                yield (*table, *keys[:length]), number
        number += text.count("\n", at, end)
        at = end


def _entered(names: Path, listed: bool, counts: dict[Path, int]) -> Path:
    """The table a header opens; of a list of tables, the last that was begun, or a new one."""
    path: Path = ()
    for position, name in enumerate(names):
        path = (*path, name)
        if listed and position == len(names) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _end(text: str, at: int) -> int:
    """Where the statement at this place ends: after the line break that stands in no list and no text."""
    depth = 0
    for token in _TOKEN.finditer(text, at):
        if token[0] in "[{":
            depth += 1
        elif token[0] in "]}":
            depth -= 1
        elif token[0] == "\n" and depth <= 0:
            return token.end()
    return len(text)


def _parts(keys: str) -> Path:
    return tuple(one[1:-1] if one[0] in "\"'" else one for one in _PART.findall(keys))
