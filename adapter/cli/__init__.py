"""The command line: `notewright COMMAND`. Turns errors into messages and exit codes, and does nothing else."""

import os
import sys
from collections.abc import Sequence
from typing import Any

import terminology as terms
from adapter import assembly, settings
from adapter.cli import convert, explain, extract, terminology
from adapter.cli.arguments import parser
from adapter.cli.streams import say
from adapter.errors import InputError, NotewrightError, SettingsError
from mappings import MappingError


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    options = vars(parser(assembly.software_version()).parse_args(arguments))
    try:
        return _run(options.pop("command"), options)
    except (SettingsError, InputError) as error:
        say(f"notewright: {error}")
        return 2
    except (NotewrightError, terms.TerminologyError, MappingError) as error:
        say(f"notewright: {error}")
        return 3
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:
        say(f"notewright: {error.filename or 'input or output'}: {error.strerror}")
        return 2
    except KeyboardInterrupt:
        return 130


def _run(command: str, options: dict[str, Any]) -> int:
    chosen = settings.read(os.environ, options)
    rest = {name: value for name, value in options.items() if not hasattr(chosen, name)}
    match command:
        case "convert":
            return convert.run(chosen, **rest)
        case "extract":
            return extract.extract(chosen, **rest)
        case "code":
            return extract.code(chosen, **rest)
        case "explain":
            return explain.run(chosen, **rest)
        case "terminology build":
            return terminology.build(**rest)
        case "terminology status":
            return terminology.status(chosen)
        case "terminology search":
            return terminology.search(chosen, **rest)
        case "terminology lookup":
            return terminology.lookup(chosen, **rest)
    return terminology.models(chosen)


if __name__ == "__main__":
    sys.exit(main())
