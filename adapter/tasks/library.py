"""The tasks there are: those that ship, and a site's own."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mappings
from adapter.errors import SettingsError
from adapter.tasks import folder
from adapter.tasks.task import Task
from mappings import MappingError

BUILT_IN = mappings.ROOT / "tasks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A task's folder; it is read when it is asked for."""

    name: str  # of the folder
    path: Path
    ships: bool  # it is built in

    def read(self) -> Task:
        """The task.

        Raises MappingError naming file and key.
        """
        task = folder.read(self.path)
        if task.name != self.name:
            raise MappingError(f"{self.name}/{folder.TASK}: name: not the name of its folder")
        return task


def entries(own: Path | None = None) -> tuple[Entry, ...]:
    """Every task that ships and every task in a site's directory, by name, those that ship first.

    Raises SettingsError when the directory is none, or when a task in it has the name of one that ships.
    """
    if own is not None and not own.is_dir():
        raise SettingsError("tasks: not a directory")
    shipped = tuple(_folders(BUILT_IN, ships=True))
    names = {entry.name for entry in shipped}
    site = tuple(_folders(own, ships=False)) if own is not None and not own.samefile(BUILT_IN) else ()
    for entry in site:
        if entry.name in names:
            raise SettingsError(f"tasks: {entry.name} is the name of a task that ships")
    return shipped + site


def find(name: str, own: Path | None = None) -> Task:
    """The task of a name, or of a folder where the name has a "/" in it: for those who may read any file.

    Raises what `named` raises.
    """
    return folder.read(Path(name)) if "/" in name or "\\" in name else named(name, own)


def named(name: str, own: Path | None = None) -> Task:
    """The task of a name, and never of a path.

    Raises SettingsError when there is none, and MappingError naming file and key when it cannot be used.
    """
    for entry in entries(own):
        if entry.name == name:
            return entry.read()
    raise SettingsError(f"no task of that name; there are: {', '.join(one.name for one in entries(own))}")


def _folders(directory: Path, *, ships: bool) -> Iterator[Entry]:
    for path in sorted(directory.iterdir()):
        if (path / folder.TASK).is_file():
            yield Entry(name=path.name, path=path, ships=ships)
