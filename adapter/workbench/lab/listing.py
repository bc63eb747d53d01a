"""Rule files: those there are, and one of them beside what explains it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from starlette.responses import Response

import mappings
from adapter import rulefiles
from adapter.drafts import Draft
from adapter.drafts.packing import was
from adapter.errors import EngineError, UnknownResource
from adapter.workbench.bench import Bench
from adapter.workbench.draftbook import DraftBook
from adapter.workbench.page import Asked, render
from mappings import Files

HERE: Final = "/workbench/lab"
LONG: Final = 9_000  # characters of an explanation that are shown
KEY: Final = re.compile(r"^\|\s*`[^|]*\|[^|]*\|", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A rule file as it is listed."""

    name: str
    decides: str
    version: str
    own: bool  # the site's, in place of one that ships, or beside them
    drafts: tuple[str, ...]  # of the person, that change it


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What the README of a folder says: its keys, and the rest."""

    keys: tuple[tuple[str, str], ...] = ()
    text: str = ""


def show(asked: Asked) -> Response:
    """All rule files, and the person's drafts."""
    kept, files = book(asked.bench), base(asked.bench)
    drafts = kept.drawer.drafts(owner(asked)) if asked.person.may("engineer") else []
    words = asked.form.get("words", "")[:200]
    shipped = mappings.SHIPPED.taken()
    rows = [_row(name, one.decides, files, shipped, drafts) for name, one in rulefiles.known(files).items()]
    return render(
        asked,
        "lab.html",
        rows=[one for one in rows if _fits(one, words, files)],
        total=len(rows),
        words=words,
        drafts=[(one, sum(map(len, one.faults(files).values()))) for one in drafts],
        may=asked.person.may("engineer"),
        installed=kept.installer.versions()[-1:] if kept.installer else (),
        digest=files.digest(),
        said=SAID.get(asked.form.get("said", ""), ""),
    )


SAID: Final = {"discarded": "The draft was discarded."}


def file(asked: Asked) -> Response:
    """One rule file, as it is used now."""
    files, name = base(asked.bench), named(asked)
    drafts = book(asked.bench).drawer.drafts(owner(asked)) if asked.person.may("engineer") else []
    return render(
        asked,
        "lab-file.html",
        name=name,
        decides=rulefiles.known(files)[name].decides,
        rows=files.text(name).splitlines(),
        explained=explained(name),
        drafts=drafts,
        may=asked.person.may("engineer"),
    )


def book(bench: Bench) -> DraftBook:
    """The drafts there are."""
    if bench.drafts is None:
        raise UnknownResource("This workbench keeps no drafts of mappings.")
    return bench.drafts


def base(bench: Bench) -> Files:
    """The mapping files that are used now. EngineError where there is no line that uses some."""
    if bench.pipeline is None:
        raise EngineError("This process has no model: other processes do the work.")
    return bench.pipeline.files


def owner(asked: Asked) -> str:
    """Whose drafts are shown: the same for the same person."""
    return asked.person.id or asked.person.name


def named(asked: Asked) -> str:
    """The rule file of the address. UnknownResource when there is none."""
    name = asked.path["name"]
    if name not in rulefiles.known(base(asked.bench)):
        raise UnknownResource("There is no such rule file.")
    return name


def drafted(asked: Asked) -> Draft:
    """The person's draft of the address. UnknownResource when there is none."""
    found = book(asked.bench).drawer.draft(owner(asked), asked.path["draft"])
    if found is None:
        raise UnknownResource("You have no draft of this name.")
    return found


def address(draft: str, name: str = "") -> str:
    """Where a draft is, or a file of it is edited."""
    return f"{HERE}/edit/{draft}/{quote(name)}" if name else f"{HERE}/draft/{draft}"


def explained(name: str) -> Explained:
    """What the README beside a rule file says of its keys; the files that ship have one for each folder."""
    path = mappings.ROOT / name.rpartition("/")[0] / "README.md"
    if not path.is_file():
        return Explained()
    text = path.read_text("utf-8")
    keys = [tuple(part.strip() for part in line.strip("|\n ").split("|")) for line in KEY.findall(text)]
    rest = "\n".join(line for line in text.splitlines() if not line.startswith("|"))
    pairs = tuple((one[0].replace("`", ""), one[1]) for one in keys if len(one) == 2)
    return Explained(keys=pairs, text=rest[:LONG].strip())


def _row(name: str, decides: str, files: Files, shipped: Files, drafts: Sequence[Draft]) -> Row:
    text = files.text(name)
    version = re.search(r"^version\s*=\s*(\d+)", text, re.MULTILINE)
    return Row(
        name=name,
        decides=decides,
        version=version[1] if version else "",
        own=was(name, shipped) != text,
        drafts=tuple(one.name for one in drafts if name in one.texts),
    )


def _fits(row: Row, words: str, files: Files) -> bool:
    """Whether a file has all these words, in its name, its purpose or its text."""
    asked = words.casefold().split()
    text = f"{row.name} {row.decides} {files.text(row.name)}".casefold() if asked else ""
    return all(one in text for one in asked)
