"""The time words of every language, each read when it is first asked for, and what they say of findings."""

from threading import Lock

import mappings
from adapter.context import dates, expressions
from adapter.context.dates import Attachment
from adapter.context.expressions import TimeRules
from adapter.model import Finding, Note, Step


class Calendars:
    """Gives findings the times that a note tells of them. May be used by several threads.

    A file that cannot be read raises mappings.MappingError when it is first asked for.
    """

    def __init__(self, files: mappings.Files = mappings.SHIPPED) -> None:
        self._files = files
        self._attachment: Attachment | None = None
        self._languages: tuple[str, ...] = ()
        self._read: dict[str, TimeRules] = {}
        self._lock = Lock()

    def date(self, note: Note, step: Step[Finding], language: str) -> Step[Finding]:
        """The same Step, with times; unchanged in a language whose time words are not known."""
        attachment, rules = self._rules(language)
        if rules is None or not step.kept:
            return step
        return dates.date(note, step, rules, attachment)

    def _rules(self, language: str) -> tuple[Attachment, TimeRules | None]:
        with self._lock:
            if self._attachment is None:
                self._attachment = dates.load_attachment(self._files)
                self._languages = expressions.languages(self._files)
            if language in self._languages and language not in self._read:
                self._read[language] = expressions.load(language, self._files)
            return self._attachment, self._read.get(language)
