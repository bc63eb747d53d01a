"""A draft -> files to take elsewhere: a zip of the files it changes, or a patch."""

import difflib
import io
import zipfile
from collections.abc import Iterator
from typing import Final

from adapter.drafts.drawer import Draft
from mappings import Files, MappingError

THEN: Final = (1980, 1, 1, 0, 0, 0)  # of every file: the same draft gives the same bytes


def packed(draft: Draft) -> bytes:
    """A zip of the draft's files, as a directory for `--mappings`."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in sorted(draft.texts.items()):
            info = zipfile.ZipInfo(f"{draft.name}/{name}", THEN)
            archive.writestr(info, text.encode("utf-8", "replace"), zipfile.ZIP_DEFLATED)
    return whole.getvalue()


def patch(draft: Draft, files: Files) -> str:
    """A unified diff from the mapping files to the draft's, for `git apply` or `patch -p1`."""
    return "".join(line for name, text in sorted(draft.texts.items()) for line in _patched(name, text, files))


def _patched(name: str, text: str, files: Files) -> Iterator[str]:
    old = was(name, files)
    there = f"a/mappings/{name}" if old is not None else "/dev/null"
    before, after = _rows(old or ""), _rows(text)
    for line in difflib.unified_diff(before, after, there, f"b/mappings/{name}"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def was(name: str, files: Files) -> str | None:
    """What a mapping file says where no draft is in its place; None where there is none."""
    try:
        return files.text(name)
    except MappingError:
        return None


def _rows(text: str) -> list[str]:
    """The lines as a patch has them: they end at line feeds alone."""
    rows = text.split("\n")
    return [*(f"{row}\n" for row in rows[:-1]), *([rows[-1]] if rows[-1] else [])]
