"""What a site may choose, read once in a door and passed on by constructor."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from adapter.errors import SettingsError
from mappings import SHIPPED, Files

PREFIX = "NOTEWRIGHT_"
ENGINES = ("encoder", "generative", "remote", "replay")
LANGUAGE_MODELS = ("generative", "remote")
VERSIONS = ("r4", "r5")
CONTRADICTED = ("leave-out", "detected", "declared")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_TRUTH = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The effective configuration. Every field can be set as NOTEWRIGHT_<NAME> or as an option."""

    terminology: Path | None = None  # the terminology store; None: the default store, built when first needed
    model: Path | None = None  # GGUF file, or name of an added model; None: the one that ships for the engine
    engine: str = "encoder"  # "encoder"; "generative" or "remote" (a language model); "replay"
    task: str = "problems-medications-procedures"  # what a language model is asked
    tasks: Path | None = None  # a directory of tasks of the site's own
    mappings: Path | None = None  # a directory of mapping files of the site's own (mappings/README.md)
    cases: Path | None = None  # a folder of cases that the workbench shows (docs/cases.md)
    reports: Path | None = None  # a folder of evaluation reports that the workbench shows (docs/workbench.md)
    language_model: Path | None = None  # how a language model is run, TOML (docs/language-models.md)
    remote: str | None = None  # base URL of the OpenAI-compatible server that engine remote asks
    recording: Path | None = None  # answers for the replay engine, JSON lines
    fhir: str = "r4"  # "r4" or "r5": the FHIR version of what is emitted
    language: str | None = None  # of notes that do not name theirs, BCP 47; None or "detect": it is detected
    contradicted: str = "leave-out"  # texts not in the language declared: or read as "detected", "declared"
    recorded: str | None = None  # when the run was accepted: an instant, or "now"; None: said to be unknown
    threads: int = 0  # cores the encoder may use; 0: all there are
    max_bytes: int = 8 * 1024 * 1024  # of one decoded attachment; US Core asks for 5 MiB
    database: str | None = None  # SQLAlchemy URL of the ledger; None: SQLite in the user's state folder
    targets: Path | None = None  # who gets the Bundles, TOML (docs/delivery.md)
    site: Path | None = None  # how the service is run, TOML (docs/configuration.md)
    host: str = "127.0.0.1"  # address `serve` listens on
    port: int = 8765  # and its port
    workers: bool = False  # other processes do the work (`notewright worker`); `serve` only accepts
    insecure_local: bool = False  # serve without authentication, on a loopback address only
    log_level: str = "INFO"  # DEBUG, INFO, WARNING or ERROR
    max_line: int = 160 * 1024 * 1024  # of one line of input, bytes

    def __post_init__(self) -> None:
        _one_of("engine", self.engine, ENGINES)
        _one_of("fhir", self.fhir, VERSIONS)
        _one_of("contradicted", self.contradicted, CONTRADICTED)
        _one_of("log_level", self.log_level, LEVELS)
        if self.engine == "replay" and self.recording is None:
            raise SettingsError("engine replay needs a recording")
        if self.recorded not in (None, "now") and not _INSTANT.fullmatch(self.recorded or ""):
            raise SettingsError("recorded must be now or an instant such as 2026-03-07T14:05:00Z")
        if not 0 <= self.port < 65536:
            raise SettingsError("port must be a port number")
        if self.threads < 0 or self.max_bytes <= 0 or self.max_line <= 0:
            raise SettingsError("threads, max_bytes and max_line must not be negative")

    @property
    def files(self) -> Files:
        """The mapping files there are: those that ship, and the site's own in their place.

        Raises SettingsError when the site's directory is none.
        """
        if self.mappings is not None and not self.mappings.is_dir():
            raise SettingsError("mappings: not a directory")
        return SHIPPED.over(self.mappings)

    @property
    def cores(self) -> int:
        """The number of encoder threads to run."""
        return (
            self.threads or len(os.sched_getaffinity(0))
            if hasattr(os, "sched_getaffinity")
            else os.cpu_count() or 1
        )


def read(environment: Mapping[str, str], chosen: Mapping[str, Any]) -> Settings:
    """The settings of an environment, overridden by what was chosen on the command line (None: not chosen).

    Raises SettingsError naming the variable.
    """
    known = {field.name: field for field in fields(Settings)}
    values: dict[str, Any] = {}
    for name in known:
        raw = environment.get(PREFIX + name.upper())
        if raw:
            values[name] = _parsed(name, raw)
    values |= {name: value for name, value in chosen.items() if name in known and value is not None}
    return replace(Settings(), **values)


def _parsed(name: str, raw: str) -> Any:
    kind = next(field.type for field in fields(Settings) if field.name == name)
    if kind == Path | None:
        return Path(raw)
    if kind is int:
        if not raw.isdecimal():
            raise SettingsError(f"{PREFIX}{name.upper()} is not a number")
        return int(raw)
    if kind is bool:
        if raw.lower() not in _TRUTH:
            raise SettingsError(f"{PREFIX}{name.upper()} is neither true nor false")
        return _TRUTH[raw.lower()]
    return raw


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise SettingsError(f"{name} must be one of {', '.join(allowed)}")
