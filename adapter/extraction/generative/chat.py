"""A chat in the words of a model's own template, with what is data kept apart from what is markup.

The template is rendered with unguessable placeholders in place of the contents, so nothing in a note can
steer it, and the result is cut at the placeholders. Each placeholder stands between marks of white space:
where the template strips a content, the marks are gone, and the content is stripped likewise. A template that
loses or tears a placeholder is refused when the model is loaded.
"""

import datetime
import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from jinja2 import TemplateError, meta
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from adapter.errors import ModelError
from adapter.extraction.generative.backend import Message

_MARK = "\n\t\n"
_DAY = datetime.datetime(2025, 1, 1)  # for templates that tell the date: an answer must not depend on the day
_FAILURES = (
    TemplateError,
    TypeError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a prompt: of the template (markup) or of a message (data)."""

    text: str
    markup: bool


class Chat:
    """The chat template of a model. Raises ModelError, naming the model's file, when it cannot be used."""

    def __init__(self, source: str, *, bos: str, eos: str, file: str) -> None:
        self.source = source
        self._file = file
        self._tokens = {"bos_token": bos, "eos_token": eos}
        try:
            environment = _environment()
            self._template = environment.from_string(source)
            self.variables = meta.find_undeclared_variables(environment.parse(source))
        except TemplateError as error:
            raise ModelError(f"{file}: chat template cannot be read (line {_line(error)})") from None
        self._system = self._takes_system()

    def parts(self, messages: Sequence[Message], *, think: bool) -> list[Part]:
        """The prompt for the next answer, in parts whose texts joined are the rendered template."""
        given = messages if self._system else folded(messages)
        found = self._rendered(given, think)
        if found is None:
            raise ModelError(f"{self._file}: chat template does not take these messages")
        return found

    def _takes_system(self) -> bool:
        """Whether the template takes a system message. Raises ModelError if it takes no user's either."""
        system, user = Message(role="system", content="s"), Message(role="user", content="u")
        if self._rendered((system, user), think=False) is not None:
            return True
        if self._rendered((user,), think=False) is None:
            raise ModelError(f"{self._file}: chat template does not render a plain chat")
        return False

    def _rendered(self, messages: Sequence[Message], think: bool) -> list[Part] | None:
        """The parts, or None where the template refuses the messages or leaves one out."""
        names = [secrets.token_hex(16) for _ in messages]
        turns = [
            {"role": m.role, "content": f"{_MARK}{name}{_MARK}"}
            for m, name in zip(messages, names, strict=True)
        ]
        try:
            text = self._template.render(
                messages=turns,
                add_generation_prompt=True,
                enable_thinking=think,
                thinking=think,
                **self._tokens,
            )
        except _FAILURES:
            return None
        contents = {name: message.content for name, message in zip(names, messages, strict=True)}
        found = _cut(text, contents)
        return found if all(text.count(name) == 1 for name in names) else None


def folded(messages: Sequence[Message]) -> list[Message]:
    """The messages with the system text put before the first user turn, for models that know no system."""
    system = "\n\n".join(message.content for message in messages if message.role == "system")
    rest = [message for message in messages if message.role != "system"]
    for at, message in enumerate(rest):
        if message.role == "user" and system:
            rest[at] = Message(role="user", content=f"{system}\n\n{message.content}")
            break
    return rest


def _cut(text: str, contents: dict[str, str]) -> list[Part]:
    """The rendered text with its placeholders replaced, stripped where the template stripped."""
    mark, names = re.escape(_MARK), "|".join(contents)
    parts, at = [], 0
    for found in re.finditer(f"({mark})?({names})({mark})?", text) if contents else ():
        content = contents[found[2]]
        content = content if found[1] else content.lstrip()
        content = content if found[3] else content.rstrip()
        parts.append(Part(text=text[at : found.start()], markup=True))
        parts.append(Part(text=content, markup=False))
        at = found.end()
    parts.append(Part(text=text[at:], markup=True))
    return [part for part in parts if part.text]


def _environment() -> ImmutableSandboxedEnvironment:
    """Jinja as chat templates expect it, in its sandbox."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols]
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = _DAY.strftime
    return environment


def _to_json(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)


def _refuse(message: str) -> NoReturn:
    raise TemplateError(message)


def _line(error: TemplateError) -> int | str:
    return getattr(error, "lineno", None) or "unknown"
