"""The command line: `notewright COMMAND`. Turns errors into messages and exit codes; does nothing else."""

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, Final

from adapter import settings
from adapter.cli.arguments import parser
from adapter.cli.streams import say
from adapter.errors import InputError, NotewrightError, SettingsError
from adapter.release import software_version
from mappings import MappingError

COMMANDS: Final = {  # each is a function of a module beside this one, read when it is used
    "convert": "convert.run",
    "extract": "extract.extract",
    "identifiers": "extract.identifiers",
    "code": "extract.code",
    "explain": "explain.run",
    "test": "cases.run",
    "terminology build": "terminology.build",
    "terminology status": "terminology.status",
    "terminology search": "terminology.search",
    "terminology lookup": "terminology.lookup",
    "terminology translate": "terminology.translate",
    "terminology expand": "terminology.expand",
    "terminology validate": "terminology.validate",
    "terminology subsumes": "terminology.subsumes",
    "terminology dense": "terminology.dense",
    "terminology maps": "terminology.maps",
    "models list": "models.list_",
    "models add": "models.add",
    "models remove": "models.remove",
    "models quantize": "models.quantize",
    "models bench": "models.bench",
    "models merge": "models.merge",
    "models bake": "models.bake",
    "models make": "models.make",
    "mappings validate": "rulefiles.validate",
    "tasks list": "tasks.list_",
    "tasks show": "tasks.show",
    "tasks validate": "tasks.validate",
    "tasks import": "tasks.import_",
    "tasks answer-dragon": "dragon.answer",
    "serve": "serve.serve",
    "worker": "serve.worker",
    "workbench": "workbench.run",
    "deliveries list": "operate.deliveries_list",
    "deliveries retry": "operate.deliveries_retry",
    "deliveries discard": "operate.deliveries_discard",
    "documents list": "operate.documents_list",
    "documents retry": "operate.documents_retry",
    "reviews export": "reviews.export",
    "reviews agreement": "reviews.agree",
    "keys add": "operate.keys_add",
    "keys list": "operate.keys_list",
    "keys revoke": "operate.keys_revoke",
    "keys new": "operate.keys_new",
    "audit export": "operate.audit_export",
    "audit verify": "operate.audit_verify",
    "evaluate findings": "evaluate.findings",
    "evaluate bundles": "evaluate_bundles.bundles",
    "evaluate answers": "evaluate_answers.answers",
    "evaluate redaction": "evaluate_redaction.redaction",
    "evaluate notes": "evaluate.notes",
    "evaluate dragon": "evaluate.dragon",
    "train lora": "train.lora",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns its exit code."""
    options = vars(parser(software_version()).parse_args(arguments))
    try:
        return _run(options.pop("command"), options)
    except (SettingsError, InputError) as error:
        say(f"notewright: {error}")
        return 2
    except _broken() as error:
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
    module, _, function = COMMANDS[command].partition(".")
    run: Callable[..., int] = getattr(import_module(f"{__package__}.{module}"), function)
    return run(**rest) if command == "terminology build" else run(chosen, **rest)


def _broken() -> tuple[type[Exception], ...]:
    """What a missing or broken part raises; the terminology's is read only where something was raised."""
    return NotewrightError, MappingError, import_module("terminology").TerminologyError


if __name__ == "__main__":
    sys.exit(main())
