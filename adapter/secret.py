"""Values that must not be seen: they come from the environment or a file and show themselves nowhere.

A `Secret` prints, formats and logs as asterisks, and cannot be pickled or written as JSON. Only `reveal`
gives the value, and who calls it hands it straight to where it belongs.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from adapter.errors import SettingsError

MASK = "********"
LONGEST = 64 * 1024  # bytes of a file; a larger one is not a secret but a mistake


class Secret:
    """A value from the environment or a file, masked wherever it is shown.

    A file is read anew each time, so that a secret that was changed on disk is taken up without a restart.
    """

    __slots__ = ("_file", "_value", "_variable")

    def __init__(self, *, variable: str | None, value: str | None, file: Path | None) -> None:
        self._variable = variable
        self._value = value
        self._file = file

    @classmethod
    def of_variable(cls, name: str, environment: Mapping[str, str]) -> "Secret":
        """The secret in an environment variable. SettingsError if it is not set or empty."""
        value = environment.get(name, "")
        if not value:
            raise SettingsError(f"The environment variable {name} is not set")
        return cls(variable=name, value=value, file=None)

    @classmethod
    def of_file(cls, path: Path) -> "Secret":
        """The secret in a file, less the line end at its end. SettingsError if it cannot be read now."""
        secret = cls(variable=None, value=None, file=path)
        secret.reveal()
        return secret

    @property
    def origin(self) -> str:
        """Where it comes from, in words that may be shown."""
        return f"variable {self._variable}" if self._file is None else f"file {self._file}"

    def reveal(self) -> str:
        """The value itself. SettingsError naming the file that cannot be read or is empty."""
        return (self._value or "") if self._file is None else _text(self._file)

    def __repr__(self) -> str:
        return f"Secret({self.origin}: {MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "Secret":
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("A secret cannot be pickled")


def _text(path: Path) -> str:
    """The words of a secret file."""
    try:
        with path.open("rb") as stream:
            content = stream.read(LONGEST + 1)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else "unreadable"
        raise SettingsError(f"The secret file {path} cannot be read: {why}") from None
    text = _decoded(content, path).removesuffix("\n").removesuffix("\r")
    if not text:
        raise SettingsError(f"The secret file {path} is empty")
    return text


def _decoded(content: bytes, path: Path) -> str:
    if len(content) > LONGEST:
        raise SettingsError(f"The secret file {path} is larger than {LONGEST} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SettingsError(f"The secret file {path} is not UTF-8") from None
