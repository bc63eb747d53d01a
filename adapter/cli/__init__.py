"""The command line: `notewright COMMAND`. Turns errors into messages and exit codes; does nothing else."""

import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from typing import Any

import terminology as terms
from adapter import assembly, settings
from adapter.cli import convert, explain, extract, terminology
from adapter.cli.arguments import parser
from adapter.cli.streams import say
from adapter.errors import InputError, NotewrightError, SettingsError
from mappings import MappingError


def _later(module: str, function: str, *given: Any, **options: Any) -> int:
    """A command of a module that is read only when it is used: the service brings much with it."""
    command: Callable[..., int] = getattr(import_module(f"adapter.cli.{module}"), function)
    return command(*given, **options)


COMMANDS: dict[str, Callable[..., int]] = {
    "convert": convert.run,
    "extract": extract.extract,
    "identifiers": extract.identifiers,
    "code": extract.code,
    "explain": explain.run,
    "test": partial(_later, "cases", "run"),
    "terminology status": terminology.status,
    "terminology search": terminology.search,
    "terminology lookup": terminology.lookup,
    "terminology translate": terminology.translate,
    "terminology expand": terminology.expand,
    "terminology validate": terminology.validate,
    "terminology subsumes": terminology.subsumes,
    "terminology dense": terminology.dense,
    "terminology maps": terminology.maps,
    "models list": partial(_later, "models", "list_"),
    "models add": partial(_later, "models", "add"),
    "models remove": partial(_later, "models", "remove"),
    "models quantize": partial(_later, "models", "quantize"),
    "models bench": partial(_later, "models", "bench"),
    "models merge": partial(_later, "models", "merge"),
    "models bake": partial(_later, "models", "bake"),
    "models make": partial(_later, "models", "make"),
    "mappings validate": partial(_later, "rulefiles", "validate"),
    "tasks list": partial(_later, "tasks", "list_"),
    "tasks show": partial(_later, "tasks", "show"),
    "tasks validate": partial(_later, "tasks", "validate"),
    "tasks import": partial(_later, "tasks", "import_"),
    "tasks answer-dragon": partial(_later, "dragon", "answer"),
    "serve": partial(_later, "serve", "serve"),
    "worker": partial(_later, "serve", "worker"),
    "workbench": partial(_later, "workbench", "run"),
    "deliveries list": partial(_later, "operate", "deliveries_list"),
    "deliveries retry": partial(_later, "operate", "deliveries_retry"),
    "deliveries discard": partial(_later, "operate", "deliveries_discard"),
    "documents list": partial(_later, "operate", "documents_list"),
    "documents retry": partial(_later, "operate", "documents_retry"),
    "reviews export": partial(_later, "reviews", "export"),
    "reviews agreement": partial(_later, "reviews", "agree"),
    "keys add": partial(_later, "operate", "keys_add"),
    "keys list": partial(_later, "operate", "keys_list"),
    "keys revoke": partial(_later, "operate", "keys_revoke"),
    "keys new": partial(_later, "operate", "keys_new"),
    "audit export": partial(_later, "operate", "audit_export"),
    "audit verify": partial(_later, "operate", "audit_verify"),
    "evaluate findings": partial(_later, "evaluate", "findings"),
    "evaluate bundles": partial(_later, "evaluate_bundles", "bundles"),
    "evaluate answers": partial(_later, "evaluate_answers", "answers"),
    "evaluate redaction": partial(_later, "evaluate_redaction", "redaction"),
    "evaluate notes": partial(_later, "evaluate", "notes"),
    "evaluate dragon": partial(_later, "evaluate", "dragon"),
    "train lora": partial(_later, "train", "lora"),
}


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
    if command == "terminology build":
        return terminology.build(**rest)
    return COMMANDS[command](chosen, **rest)


if __name__ == "__main__":
    sys.exit(main())
