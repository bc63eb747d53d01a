"""Log record -> one line of JSON, made of nothing but listed fields.

Only numbers and `Known` words are written. A message, its arguments, the text of an exception and any other
`extra` could quote a note or a path, so they are dropped, whoever logged them.
"""

import json
import logging
import math
import re
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, TextIO

from adapter.errors import SettingsError

EVENTS: Final = frozenset(
    {
        "start", "stop", "request", "request-refused", "request-failed", "check-failed",
        "metrics-source-failed", "accepted", "duplicate", "superseded", "retracted", "extracted",
        "emitted", "delivered", "delivery-failed", "dead-letter", "retried", "discarded",
        "circuit-opened", "circuit-closed", "queue-full", "queue-free", "subscription-activated",
        "subscription-notified", "subscription-failed", "fetch-refused", "fetched", "token-refused",
        "access-denied", "sign-in-refused", "audit-failed", "audit-exported", "settings", "uncaught",
    }
)  # fmt: skip
"""What our own loggers may say; anything else is written as "other"."""

FIELDS: Final = (
    "request_id", "method", "route", "status", "milliseconds", "received", "sent",
    "document", "stage", "target", "reason", "state", "check", "source", "listener",
    "documents", "findings", "resources", "characters", "tokens", "attempts", "depth", "count",
)  # fmt: skip
"""What `extra` may add to a line, in the order in which it is written."""

_TOLD: Final = {
    "Started server process [%d]": "server-started",
    "Waiting for application startup.": "starting",
    "Application startup complete.": "started",
    "Application startup failed. Exiting.": "start-failed",
    "Shutting down": "shutting-down",
    "Waiting for application shutdown.": "stopping",
    "Application shutdown complete.": "stopped",
    "Application shutdown failed. Exiting.": "stop-failed",
    "Finished server process [%d]": "server-finished",
    "Exception in ASGI application\n": "application-failed",
    "Invalid HTTP request received.": "invalid-http",
    "Exceeded concurrency limit.": "too-many-connections",
}
"""Messages of libraries that are told from others; only the word on the right is ever written."""

_OURS: Final = ("adapter", "terminology", "mappings")
_ROOTS: Final = frozenset(
    (*_OURS, "root", "uvicorn", "dbos", "asyncio", "fastapi", "httpx", "httpcore", "sqlalchemy", "concurrent",
     "py", "pypdf", "opentelemetry")
)  # fmt: skip
_QUIET: Final = ("uvicorn.access", "httpx", "httpcore")  # one line per request is written by `requests`
_KNOWN: Final = re.compile(r"[\x21-\x7e]{1,128}")
_LOGGER: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.]{0,63}")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.]{0,95}|<module>|<lambda>")
_FRAMES: Final = 12
_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class Known(str):
    """A word that comes from our code or the configuration, never from a note or unchecked from a request.

    A plain str in `extra` is not written: whoever wraps a word vouches for it.
    """

    __slots__ = ()


class Lines(logging.Formatter):
    """Writes a record as one line of JSON with the listed fields alone."""

    def format(self, record: logging.LogRecord) -> str:
        """The line: time, level, logger, event, the fields, and for an exception its classes and places."""
        told: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname if record.levelname in _LEVELS else "OTHER",
            "logger": _logger(record.name),
            "event": event_of(record),
        }
        told |= fields_of(vars(record))
        if told["event"] in ("other", "library"):
            told["at"] = f"{_name(record.module)}:{record.lineno}"
        error = record.exc_info[1] if isinstance(record.exc_info, tuple) else None
        if error is not None:
            told |= {"error": classes(error), "trace": places(error)}
        return json.dumps(told, ensure_ascii=True, allow_nan=False)


class Stderr(logging.StreamHandler[TextIO]):
    """Writes lines to standard error; what cannot be written is said without saying what it was."""

    def handleError(self, record: logging.LogRecord) -> None:
        """Says that a line was lost; the standard library would print message and arguments."""
        try:
            self.stream.write('{"level": "ERROR", "event": "log-line-lost"}\n')
        except (OSError, ValueError):
            return  # standard error itself is gone: nobody is left to tell


def event_of(record: logging.LogRecord) -> str:
    """The event of a record: its message if that is one of ours, a word for it if it is a library's."""
    message = record.msg if isinstance(record.msg, str) else ""
    if message in EVENTS:
        return str(message)
    if record.name.split(".", 1)[0] in _OURS:
        return "other"
    return _TOLD.get(message, "library")


def fields_of(extra: Mapping[str, object]) -> dict[str, object]:
    """The listed fields with a value that may be shown: a finite number, a truth value or a Known word."""
    shown: dict[str, object] = {}
    for field in FIELDS:
        value = extra.get(field)
        if isinstance(value, Known):
            shown[field] = str(value) if _KNOWN.fullmatch(value) else "other"
        elif type(value) in (bool, int) or (type(value) is float and math.isfinite(value)):
            shown[field] = round(value, 3) if isinstance(value, float) else value
    return shown


def classes(error: BaseException) -> list[str]:
    """The class names of an exception and of those that caused it, outermost first."""
    return [_name(type(one).__qualname__) for one in _chain(error)]


def places(error: BaseException) -> list[str]:
    """Where an exception and those that caused it passed, innermost last: module, function and line."""
    found: list[str] = []
    for one in reversed(_chain(error)):
        trace = one.__traceback__
        while trace is not None:
            found.append(_place(trace))
            trace = trace.tb_next
    return found[-_FRAMES:]


def configure(level: str = "INFO", stream: TextIO | None = None) -> Callable[[], None]:
    """Sends every logger, warning and uncaught exception of this process through `Lines`.

    Gives back what undoes it. Start uvicorn with `log_config=None`, or it puts its own handlers back.
    Raises SettingsError for an unknown level.
    """
    if level.upper() not in _LEVELS:
        raise SettingsError(f"the log level must be one of {', '.join(_LEVELS)}")
    handler = Stderr(stream or sys.stderr)
    handler.setFormatter(Lines())
    before = _Before()
    for logger in _loggers():
        logger.handlers, logger.propagate, logger.disabled = [], True, False
        if logger.name.startswith("uvicorn"):  # a server started before may have set a level of its own
            logger.setLevel(logging.NOTSET)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    dbos = logging.getLogger("dbos")  # adds a handler of its own unless it has one
    dbos.handlers, dbos.propagate = [handler], False
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable
    return before.restore


class _Before:
    """How logging stood."""

    def __init__(self) -> None:
        names = ("dbos", *_QUIET)
        self._loggers = [
            (one, one.handlers, one.propagate, one.disabled, one.level)
            for one in (logging.getLogger(), *map(logging.getLogger, names), *_loggers())
        ]
        self._hooks: tuple[Any, Any, Any] = (sys.excepthook, threading.excepthook, sys.unraisablehook)

    def restore(self) -> None:
        for logger, handlers, propagate, disabled, level in self._loggers:
            logger.handlers, logger.propagate, logger.disabled = handlers, propagate, disabled
            logger.setLevel(level)
        sys.excepthook, threading.excepthook, sys.unraisablehook = self._hooks
        logging.captureWarnings(False)


def _loggers() -> list[logging.Logger]:
    known = logging.getLogger().manager.loggerDict.values()
    return [one for one in known if isinstance(one, logging.Logger)]


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("adapter").critical("uncaught", exc_info=(kind, error, trace))


def _uncaught_in_thread(told: threading.ExceptHookArgs) -> None:
    if told.exc_value is not None and not issubclass(told.exc_type, SystemExit):
        _uncaught(told.exc_type, told.exc_value, told.exc_traceback)


def _unraisable(told: "sys.UnraisableHookArgs") -> None:
    if told.exc_value is not None:
        _uncaught(told.exc_type, told.exc_value, told.exc_traceback)


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    one: BaseException | None = error
    while one is not None and one not in found and len(found) < _FRAMES:
        found.append(one)
        one = one.__cause__ or one.__context__
    return found


def _place(trace: TracebackType) -> str:
    code = trace.tb_frame.f_code
    module = str(trace.tb_frame.f_globals.get("__name__", "?"))
    return f"{_name(module)}:{_name(code.co_name)}:{trace.tb_lineno}"


def _logger(name: str) -> str:
    return name if name.split(".", 1)[0] in _ROOTS and _LOGGER.fullmatch(name) else "other"


def _name(name: str) -> str:
    shown = name.replace("<locals>.", "")
    return shown if _NAME.fullmatch(shown) else "?"
