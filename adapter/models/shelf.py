"""Where added models lie, and which file a name means.

A model is two files of one name: NAME.gguf and NAME.json, its card. The card is written last, so a model
without one was never added.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from adapter.errors import ModelError


def folder() -> Path:
    """The user's folder of models."""
    home = os.environ.get("XDG_DATA_HOME")
    return (Path(home) if home else Path.home() / ".local" / "share") / "notewright" / "models"


def resolve(model: str | Path) -> Path:
    """The GGUF file that is meant: a file that exists is itself, anything else is the name of an added model.

    Raises ModelError when there is neither.
    """
    given = Path(model)
    if given.is_file():
        return given
    name = str(model)
    path = folder() / f"{name}.gguf"
    if "/" in name or os.sep in name or not (folder() / f"{name}.json").is_file():
        raise ModelError(f"{given.name}: no such model file, and no model of that name was added")
    if not path.is_file():
        raise ModelError(f"{name}: the file it is a link to is gone")
    return path


def cards() -> Iterator[tuple[str, dict[str, Any]]]:
    """The name and the card of every added model, by name.

    Raises ModelError naming a card that cannot be read.
    """
    for path in sorted(folder().glob("*.json")):
        try:
            yield path.stem, json.loads(path.read_text("utf-8"))
        except ValueError:
            raise ModelError(f"{path.name}: not a readable card; remove it and add the model again") from None
