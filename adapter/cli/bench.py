"""What the workbench works with beside the line itself, for both commands that serve it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import mappings
from adapter import engines, workbench
from adapter.cases import Shelf
from adapter.cli import models
from adapter.delivery import adapting, packs
from adapter.drafts import Drawer, Installer
from adapter.errors import SettingsError
from adapter.fhir.systems import Version
from adapter.lines import Lines
from adapter.model import Resource, Step
from adapter.models import registry
from adapter.settings import Settings
from adapter.workbench.casebook import CaseBook
from adapter.workbench.draftbook import DraftBook


@contextmanager
def furnished(
    settings: Settings, bench: workbench.Bench, *, install: bool = False
) -> Iterator[workbench.Bench]:
    """The workbench with profile packs, tasks, cases, drafts and other engines, until the context ends.

    With `install`, administrators may install drafts of mappings into the site's directory of them.
    """
    more = replace(bench, packs=_packs(settings.files), tasks=settings.tasks, cases=_cases(settings))
    more = replace(more, models=partial(_models, settings), reports=_reports(settings))
    if bench.pipeline is None:
        yield more
        return
    more = replace(more, drafts=bench.drafts or _drafts(settings, install))
    with (
        closing(Lines(settings, bench.pipeline)) as lines,
        closing(engines.sampler(settings, bench.pipeline.engine, lines.model)) as sampler,
    ):
        yield replace(more, lines=lines, sampler=sampler)


def _cases(settings: Settings) -> CaseBook | None:
    """The site's cases. SettingsError when their folder is none."""
    if settings.cases is None:
        return None
    if not settings.cases.is_dir():
        raise SettingsError("cases: not a directory")
    return CaseBook(Shelf(settings.cases))


def _drafts(settings: Settings, install: bool) -> DraftBook:
    """Drafts in the user's state folder. SettingsError where there is nothing to install them into."""
    home = os.environ.get("XDG_STATE_HOME")
    folder = (Path(home) if home else Path.home() / ".local" / "state") / "notewright" / "drafts"
    if install and settings.mappings is None:
        raise SettingsError("workbench.install needs a directory of mappings (NOTEWRIGHT_MAPPINGS)")
    installer = Installer(settings.mappings) if install and settings.mappings else None
    return DraftBook(Drawer(folder), installer)


def _reports(settings: Settings) -> Path | None:
    """The folder of reports. SettingsError when it is none."""
    if settings.reports is not None and not settings.reports.is_dir():
        raise SettingsError("reports: not a directory")
    return settings.reports


def _models(settings: Settings) -> list[workbench.Installed]:
    """What `notewright models list` tells, with the cards that lie beside the files."""
    shipped = [_installed(row, _card(path)) for path, row in models.shipped(settings).items()]
    return [*shipped, *(_installed(row, "") for row in registry.added())]


def _installed(row: Mapping[str, Any], card: str) -> workbench.Installed:
    names = {one.name for one in fields(workbench.Installed)} & set(row)
    told = {name: row[name] for name in names}
    return workbench.Installed(**told, finds=tuple(row.get("kinds", ())), card=card)


def _card(path: Path) -> str:
    """The Markdown beside a model that names its file; a folder's own README last."""
    pages = sorted(path.parent.glob("*.md"), key=lambda page: (page.name == "README.md", page.name))
    texts = (page.read_text("utf-8", "replace") for page in pages)
    return next((text for text in texts if f"`{path.name}`" in text), "")


def _packs(files: mappings.Files) -> workbench.Packs:
    """The profile packs of these mapping files."""
    versions = {name: packs.load(name, files).fhir for name in packs.names(files)}
    return workbench.Packs(versions=versions, adapt=partial(_adapted, files))


def _adapted(files: mappings.Files, bundle: Resource, fhir: Version, pack: str) -> Step[Resource]:
    return adapting.adapt(bundle, adapting.wishes(fhir, pack, files=files))
