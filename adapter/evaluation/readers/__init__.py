"""Files of annotations -> documents, whatever form they have."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from adapter.errors import InputError
from adapter.evaluation.readers import brat, conll, lines, pubtator
from adapter.evaluation.record import Document

Reader = Callable[[Path, Mapping[str, str]], list[Document]]

READERS: Mapping[str, Reader] = {
    "lines": lines.read,
    "brat": brat.read,
    "pubtator": pubtator.read,
    "bio": conll.read,
}
"""By the name of the form."""

LOOKED_AT = 1 << 16


def read(
    path: Path,
    form: str | None = None,
    texts: Mapping[str, str] | None = None,
    *,
    identifiers: bool = False,
) -> list[Document]:
    """The documents of a file or folder; `texts` are those known from elsewhere, by document id.

    `identifiers`: of lines that hold findings and identifiers, the identifiers.

    Raises InputError naming line and document, never quoting a text.
    """
    if not path.exists():
        raise InputError(f"{path.name}: no such file or folder")
    if form is not None and form not in READERS:
        raise InputError(f"form: not one of {', '.join(READERS)}")
    form = form or look(path)
    reader = lines.identifiers if identifiers and form == "lines" else READERS[form]
    found = reader(path, texts or {})
    if not found:
        raise InputError(f"{path.name}: no documents in it")
    for id, times in Counter(one.id for one in found).items():
        if times > 1:
            raise InputError(f"{path.name}: document {id} stands there {times} times")
    return found


def look(path: Path) -> str:
    """The form a file or folder seems to have."""
    if path.is_dir():
        return "brat"
    with path.open("rb") as file:
        first = file.read(LOOKED_AT).decode("utf-8-sig", "ignore").lstrip()
    if first.startswith("{"):
        return "lines"
    return "pubtator" if re.match(r"[^|\t\n]+\|[ta]\|", first) else "bio"
