"""The reference page `docs/configuration.md`, made from `Settings` and the model of `site.toml`."""

import inspect
import re
from collections.abc import Iterator
from dataclasses import fields

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from adapter.api.site import Site
from adapter.language_model import LanguageModel
from adapter.settings import PREFIX, Settings

_FIELD = re.compile(r"^    (?P<name>\w+): (?P<type>[^=]+) = (?P<value>.*?)  # (?P<help>.*)$", re.MULTILINE)

HEAD = """# Configuration

Made by `make docs` from `adapter/settings.py`, `adapter/api/site.py` and `adapter/language_model.py`; do not
edit.

Every setting is an environment variable, and the ones a command takes are its options too (`docs/cli.md`);
an option outranks the variable. What only the service needs stands in `site.toml` (`NOTEWRIGHT_SITE`), who
gets the Bundles in `targets.toml` (`NOTEWRIGHT_TARGETS`, `docs/delivery.md`), how a language model is run in
`language-model.toml` (`NOTEWRIGHT_LANGUAGE_MODEL`, `docs/language-models.md`). Secrets are named there by
file or variable, never written. A key that is not known stops the start.

## Environment

| variable | default | meaning |
|---|---|---|
"""

MODEL = """
## language-model.toml

Beside the tables below, one `[[adapter]]` for each LoRA adapter: `name`, `path` (a remote server has its
own), `scale` (default 1).
"""


def page() -> str:
    """The page."""
    told = {found["name"]: found for found in _FIELD.finditer(inspect.getsource(Settings))}
    rows = [
        f"| `{PREFIX}{field.name.upper()}` | {_shown(field.default)} | {told[field.name]['help']} |\n"
        for field in fields(Settings)
    ]
    return (
        HEAD
        + "".join(rows)
        + "\n## site.toml\n"
        + "".join(_tables(Site))
        + MODEL
        + "".join(_tables(LanguageModel))
    )


def _tables(site: type[BaseModel]) -> Iterator[str]:
    for name, field in site.model_fields.items():
        model = field.annotation
        if inspect.isclass(model) and issubclass(model, BaseModel):
            yield f"\n### [{name}]\n\n{(model.__doc__ or '').strip()}\n\n"
            yield "| key | default | meaning |\n|---|---|---|\n"
            yield from (_row(key, one) for key, one in model.model_fields.items())


def _row(key: str, field: FieldInfo) -> str:
    return f"| `{key}` | {_shown(field.default)} | {field.description or ''} |\n"


def _shown(value: object) -> str:
    if value is None or value == ():
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`{list(value)}`".replace("'", '"')
    return f"`{value}`"
