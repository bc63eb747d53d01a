"""Files of annotations -> documents, whatever form they have."""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from adapter.errors import InputError
from adapter.evaluation.readers import lines
from adapter.evaluation.record import Document

Form = Literal["lines"]
Reader = Callable[[Path, Mapping[str, str]], list[Document]]

READERS: Mapping[str, Reader] = {"lines": lines.read}
"""By the name of the form."""


def read(path: Path, form: str | None = None, texts: Mapping[str, str] | None = None) -> list[Document]:
    """The documents of a file or folder; `texts` are those known from elsewhere, by document id.

    Raises InputError naming line and document, never quoting a text.
    """
    if not path.exists():
        raise InputError(f"{path.name}: no such file or folder")
    found = READERS[form or "lines"](path, texts or {})
    for id, times in Counter(one.id for one in found).items():
        if times > 1:
            raise InputError(f"{path.name}: document {id} stands there {times} times")
    return found
