"""Which release of Notewright this is."""

from importlib.metadata import PackageNotFoundError, version


def software_version() -> str:
    """The installed version of Notewright."""
    try:
        return version("notewright")
    except PackageNotFoundError:
        return "unknown"
