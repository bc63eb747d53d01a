"""How a site runs and asks a language model: one TOML file, `docs/language-models.md` says every key.

[asking]   runs, seed, temperature, time, thinking, examples
[local]    model file, context, slots
[remote]   server, dialect, key, times
[[adapter]] LoRA adapters
"""

import tomllib
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, field_validator

from adapter.errors import SettingsError
from mappings import Table

Dialect = Literal["openai", "llama-server", "vllm", "vllm-guided", "ollama", "llama-cpp-python"]


class Asking(Table):
    """How a task is asked."""

    strategy: Literal["naive", "advanced", "retrieved"] | None = Field(
        None, description="In place of the task's own"
    )
    runs: int = Field(1, ge=1, le=31, description="Answers to each question, voted on")
    temperature: float = Field(0.7, gt=0, le=2, description="Of several runs; a single one is at 0")
    seed: int = Field(0, ge=0, description="Of every draw; the same seed, the same answer")
    seconds: float = Field(120.0, gt=0, description="The most one answer may take")
    patience: float = Field(1800.0, gt=0, description="Seconds the most a note may take")
    think: int = Field(0, ge=0, description="Tokens a reasoning model may think")
    chunk_tokens: int = Field(
        0, ge=0, description="Tokens of note text asked about at once; 0: what its file says, else what fits"
    )
    examples: Path | None = Field(
        None, description="Validated examples of the site's own, JSON lines, for strategy retrieved"
    )
    embedder: str = Field("", description="Embedding model that finds examples, file or name; none: by words")
    choose: bool = Field(False, description="Ask it to choose among candidate concepts, or none of them")
    diversity: float = Field(0.5, ge=0, le=1, description="Of the examples shown")


class Local(Table):
    """A model in this process."""

    model: str = Field("", description="GGUF file, or name of an added model; none: the one that ships")
    context: int = Field(0, ge=0, description="Tokens; 0: what the model was made for, at most 8192")
    slots: int = Field(1, ge=1, le=64, description="Answers written at the same time")
    template: Path | None = Field(None, description="Jinja chat template, instead of the model's own")


class Remote(Table):
    """A model on an OpenAI-compatible server."""

    url: str = Field("", description="Its base, such as https://models.example.org/v1")
    model: str = Field("", description="As the server names it; none: its only one")
    dialect: Dialect = Field("openai", description="How the server wants the schema of the answer")
    key_file: Path | None = Field(None, description="File with the API key")
    ca_file: Path | None = Field(
        None, description="Authorities that are trusted, PEM, in place of the system's"
    )
    certificate: Path | None = Field(None, description="Our certificate, PEM")
    certificate_key: Path | None = Field(None, description="Its key, PEM")
    insecure: bool = Field(False, description="Plain http to another machine is meant")
    slots: int = Field(0, ge=0, description="Requests at the same time; 0: what the server says")
    context: int = Field(0, ge=0, description="Tokens; 0: what the server says")
    logprobs: bool = Field(True, description="Ask how sure the model is of each token")
    connect_seconds: float = Field(5.0, gt=0, description="Until the connection stands")
    first_seconds: float = Field(90.0, gt=0, description="Until the first token")
    pause_seconds: float = Field(30.0, gt=0, description="Between two tokens")
    tries: int = Field(4, ge=1, description="Of a call that may go through when tried again")


class Adapter(Table):
    """A LoRA adapter; a remote server knows it by its name alone."""

    name: str = Field(description="What it is called, here or at the server")
    path: Path | None = Field(None, description="GGUF file; a remote server has its own")
    scale: float = Field(1.0, description="How strongly it is applied")


class LanguageModel(Table):
    """The whole file."""

    asking: Asking = Asking()
    local: Local = Local()
    remote: Remote = Remote()
    adapter: tuple[Adapter, ...] = ()

    @field_validator("adapter")
    @classmethod
    def _once(cls, told: tuple[Adapter, ...]) -> tuple[Adapter, ...]:
        if len({one.name for one in told}) < len(told):
            raise ValueError("two of one name")
        return told


def read(path: Path | None) -> LanguageModel:
    """What the file says; what holds without one for None. Paths in it are beside the file.

    Raises SettingsError naming file and key.
    """
    if path is None:
        return LanguageModel()
    try:
        told = LanguageModel.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise SettingsError(f"{path.name}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path.name}: not TOML: {error}") from None
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False)[0]
        key = ".".join(str(part) for part in problem["loc"])
        raise SettingsError(f"{path.name}: {key}: {problem['msg']}") from None
    told = _beside(told, path.parent)
    if told.asking.examples and not told.asking.examples.is_file():
        raise SettingsError(f"{path.name}: asking.examples: there is no file {told.asking.examples.name}")
    return told


def _beside(told: LanguageModel, folder: Path) -> LanguageModel:
    """The same with its paths made from the folder of the file."""

    def whole(path: Path | None) -> Path | None:
        return folder / path if path else None

    def model(name: str) -> str:
        """A file beside the file, else the name of an added model or a path as it is."""
        return str(folder / name) if name and (folder / name).is_file() else name

    asking, local = told.asking, told.local
    return told.model_copy(
        update={
            "asking": asking.model_copy(
                update={"examples": whole(asking.examples), "embedder": model(asking.embedder)}
            ),
            "local": local.model_copy(
                update={"template": whole(local.template), "model": model(local.model)}
            ),
            "remote": told.remote.model_copy(
                update={
                    name: whole(getattr(told.remote, name))
                    for name in ("key_file", "ca_file", "certificate", "certificate_key")
                }
            ),
            "adapter": tuple(one.model_copy(update={"path": whole(one.path)}) for one in told.adapter),
        }
    )
