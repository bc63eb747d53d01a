"""`notewright mappings COMMAND`: whether a directory of mapping files of your own is sound."""

import sys
from pathlib import Path

from adapter import rulefiles
from adapter.cli.streams import say
from adapter.errors import InputError
from adapter.settings import Settings
from mappings import SHIPPED

BROKEN = 3


def validate(settings: Settings, *, path: Path) -> int:
    """Everything that is wrong with the files of a directory, one line each; exit code 3 then."""
    if not path.is_dir():
        raise InputError(f"{path.name}: not a directory")
    files = SHIPPED.over(path)
    found = rulefiles.validated(path, files)
    for fault in found:
        sys.stdout.write(f"{fault}\n")
    if not found:
        count = sum(one in rulefiles.known(files) for one in rulefiles.names(path))
        say(f"sound: {count} files in place of those that ship; digest {files.digest()}")
    return BROKEN if found else 0
