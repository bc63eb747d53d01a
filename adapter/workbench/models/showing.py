"""The page Models and reports: which models are there and used, how good runs were, and two runs compared."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from adapter.errors import NotAllowed, UnknownResource
from adapter.model import ModelInfo
from adapter.workbench.bench import Bench, Installed
from adapter.workbench.models import figures, reports, sandboxed
from adapter.workbench.models.reports import Report
from adapter.workbench.page import Action, Asked, Page, render, sent_to

LANGUAGES: Final = re.compile(r"^\| *languages? *\|([^|\n]{1,200})\|", re.I | re.M)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A model, and what it is used for in this process."""

    model: Installed
    uses: tuple[str, ...]  # engines that have it open
    languages: str  # of the notes it reads, as its card tells; "" where it does not


def show(asked: Asked) -> Response:
    """The models and the reports."""
    bench = asked.bench
    return render(
        asked,
        "models.html",
        models=installed(bench),
        listed=reports.listed(bench.reports) if bench.reports and _may(asked) else (),
        may=_may(asked),
    )


def report(asked: Asked) -> Response:
    """A report to look at, or a file of figures in words."""
    one, content = _file(asked)
    if one.kind == "report":
        return sandboxed.shown(content)
    return render(asked, "figures.html", name=one.name, run=figures.read(content))


def download(asked: Asked) -> Response:
    """A report as a file."""
    one, content = _file(asked)
    return sandboxed.saved(content, one.name)


def compare(asked: Asked) -> Response:
    """Two runs side by side."""
    folder = _folder(asked)
    names = [asked.form.get(name, "") for name in ("first", "second")]
    if not all(names):
        return sent_to(PAGE.address)
    first, second = (figures.read(reports.read(folder, name)) for name in names)
    return render(
        asked,
        "compared.html",
        names=names,
        runs=(first, second),
        rows=figures.beside(first, second),
        turned=urlencode({"first": names[1], "second": names[0]}),
    )


def installed(bench: Bench) -> tuple[Shown, ...]:
    """The models there are, with those that are in use first."""
    used = _used(bench)
    found = [
        Shown(model=one, uses=tuple(used.get(one.sha256, ())), languages=_languages(one.card))
        for one in bench.models()
    ]
    return tuple(sorted(found, key=lambda one: (not one.uses, not one.model.default, one.model.name)))


def _used(bench: Bench) -> Mapping[str, Sequence[str]]:
    """The engines that have a model open, by its digest."""
    opened: dict[str, ModelInfo] = dict(bench.lines.opened()) if bench.lines else {}
    if bench.pipeline and bench.pipeline.engine.model:
        opened[bench.engine] = bench.pipeline.engine.model
    used: dict[str, list[str]] = {}
    for engine, model in opened.items():
        used.setdefault(model.digest, []).append(engine)
    return used


def _languages(card: str) -> str:
    """The row of a card's table that tells them."""
    told = LANGUAGES.search(card)
    return told[1].strip() if told else ""


def _may(asked: Asked) -> bool:
    """Reports hold words of notes: they are for those who work with them."""
    return asked.person.may("engineer") or asked.person.may("reviewer")


def _folder(asked: Asked) -> Path:
    if not _may(asked):
        raise NotAllowed("Reports are for those who have the role engineer or reviewer.")
    if asked.bench.reports is None:
        raise UnknownResource("This workbench has no folder of reports.")
    return asked.bench.reports


def _file(asked: Asked) -> tuple[Report, bytes]:
    folder, name = _folder(asked), asked.path["name"]
    content = reports.read(folder, name)
    return next(one for one in reports.listed(folder) if one.name == name), content


PAGE = Page(
    path="models",
    name="Models and reports",
    actions=(
        Action(answer=show),
        Action(answer=compare, path="/compare"),
        Action(answer=report, path="/reports/{name}"),
        Action(answer=download, path="/reports/{name}/file"),
    ),
)
