"""`commands.toml` -> an argument parser."""

import argparse
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

EPILOG = """exit codes: 0 all done; 1 some lines could not be done (each has its OperationOutcome);
2 wrong usage; 3 a part is missing or broken (model, terminology store, mappings); 4 a delivery failed;
5 a figure of an evaluation is under what was asked, over what may be, or worse than the run
compared with"""
_TYPES = {"int": int, "float": float, "path": Path}


def table() -> dict[str, Any]:
    """The commands and options as data."""
    return tomllib.loads(files(__package__).joinpath("commands.toml").read_text("utf-8"))


def parser(version: str) -> argparse.ArgumentParser:
    """The parser of the whole command line; the parsed `command` is a key of the table."""
    data = table()
    whole = argparse.ArgumentParser(
        prog="notewright", description="Clinical notes into coded FHIR.", epilog=EPILOG
    )
    whole.add_argument("--version", action="version", version=f"notewright {version}")
    level = whole.add_subparsers(required=True, metavar="COMMAND")
    groups: dict[str, Any] = {}
    for name, command in data["commands"].items():
        head, _, tail = name.partition(" ")
        if tail and head not in groups:
            group = level.add_parser(head, help=f"{head}: {_members(data, head)}")
            groups[head] = group.add_subparsers(required=True, metavar="COMMAND")
        part = (groups[head] if tail else level).add_parser(
            tail or head, help=command["help"], description=command["help"], epilog=EPILOG
        )
        part.set_defaults(command=name)
        for option in command["options"]:
            _add(part, dict(data["options"][option]))
    return whole


def page() -> str:
    """The reference page `docs/cli.md`, made from the table."""
    data = table()
    parts = ["# Command line\n\nMade from `adapter/cli/commands.toml` by `make docs`; do not edit.\n"]
    for name, command in data["commands"].items():
        said = command["help"][0].upper() + command["help"][1:]
        head = "\n| option | meaning |\n|---|---|\n" if command["options"] else ""
        parts.append(f"\n## notewright {name}\n\n{said}.\n{head}")
        for option in (data["options"][key] for key in command["options"]):
            names = f"{option.get('flag', '')} {option.get('metavar', option.get('name', ''))}".strip()
            choices = f" ({', '.join(option['choices'])})" if "choices" in option else ""
            parts.append(
                f"| `{names}` | {option['help']}{choices} |\n".replace("FILE|-", "FILE\\|-").replace(
                    "INSTANT|now", "INSTANT\\|now"
                )
            )
    return "".join(parts) + f"\n## Exit codes\n\n{EPILOG.removeprefix('exit codes: ')}.\n"


def _members(data: dict[str, Any], head: str) -> str:
    return ", ".join(name.split(" ")[1] for name in data["commands"] if name.startswith(head + " "))


def _add(part: argparse.ArgumentParser, option: dict[str, Any]) -> None:
    name = option.pop("flag", None) or option.pop("name")
    if option.get("nargs") == "append":
        option["action"] = option.pop("nargs")
    if "type" in option:
        option["type"] = _TYPES[option["type"]]
    part.add_argument(name, **option)
