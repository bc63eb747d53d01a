"""Settings -> an open extraction engine. Knows which model file is the default one of each.

encoder     the shipped token classifier, beside the dictionary of the terminology store
generative  a language model in this process, asked a task
remote      the same task, asked of an OpenAI-compatible server
replay      recorded answers
"""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast

import mappings
import terminology
from adapter import extraction, language_model, models, notes
from adapter.delivery.credentials import tls
from adapter.delivery.credentials.tls import Tls
from adapter.errors import InputError, ModelError, SettingsError
from adapter.extraction import generative
from adapter.extraction.generative import Answer, Fact, Told
from adapter.language_model import LanguageModel
from adapter.model import Note
from adapter.secret import Secret
from adapter.settings import LANGUAGE_MODELS, Settings
from adapter.tasks import Example, Task, checking, library, schema

__all__ = [
    "DECODER",
    "ENCODER",
    "IDENTIFIERS",
    "Answer",
    "Fact",
    "Questions",
    "Told",
    "answered",
    "asked",
    "asking",
    "encoder_path",
    "engine",
    "identifiers",
    "model_folder",
    "model_path",
    "opened",
    "prompt",
    "questions",
    "ruled",
    "sampler",
]

ENCODER = models.Generation(
    name="notewright-minilm",
    version="3",
    base="notewright-minilm-v2.Q8_0.gguf",
    adapter="notewright-minilm-v3.lora.gguf",
    sha256="a75947fb6a9e94c4586ed4a85f6f31826af691961854231185bb168a50792696",
)
IDENTIFIERS = models.Generation(
    name="notewright-identifiers",
    version="1",
    base=ENCODER.base,
    adapter="notewright-identifiers-v1.lora.gguf",
    sha256="00a42020c721a99fe661b1593ba459802f829b3c228b1af0967470a89ea04d8c",
)
SAME_NAME = 0.5  # the share of evidence that an identifier takes from its other places in the note
DECODER = "notewright-scribe-v1.Q8_0.gguf"
SAMPLE_SECONDS, SAMPLE_PATIENCE = 60.0, 120.0  # of an answer and of a note, for who waits at a page


def opened(settings: Settings, store: terminology.Store) -> extraction.Engine:
    """The engine the settings name.

    Raises ModelError, SettingsError or MappingError when it cannot be opened.
    """
    if settings.engine in LANGUAGE_MODELS:
        return asked(settings)
    if settings.engine == "replay":
        return extraction.Replay.of_file(cast(Path, settings.recording))
    return _encoder(settings, store)


def ruled(opened: extraction.Engine, files: mappings.Files) -> extraction.Engine:
    """The same engine by the rules of other files; the model is shared, and closed by who opened it.

    Raises MappingError naming file and key.
    """
    if isinstance(opened, extraction.Arbiter):
        return opened.ruled(extraction.load(files))
    if isinstance(opened, generative.GenerativeEngine):
        return opened.ruled(extraction.load_orders(files), generative.load_numbers(files))
    return opened


def asked(settings: Settings) -> generative.GenerativeEngine:
    """The language model the settings name, asked their task."""
    how = language_model.read(settings.language_model)
    task = library.find(settings.task, settings.tasks)
    backend = _remote(settings, how) if settings.engine == "remote" else _local(settings, how)
    try:
        return engine(backend, task, how, settings.engine, settings.files)
    except BaseException:
        backend.close()
        raise


class Questions:
    """Any task there is, asked of one language model. Safe to use from several threads."""

    def __init__(self, settings: Settings, how: LanguageModel, backend: generative.Backend) -> None:
        self._settings, self._how, self._backend = settings, how, backend
        self._engines: dict[str, generative.GenerativeEngine] = {}

    def tasks(self) -> tuple[Task, ...]:
        """The tasks there are."""
        return tuple(entry.read() for entry in library.entries(self._settings.tasks))

    def ask(self, name: str | None, note: Note) -> Told:
        """What the model says to a task about a note; None asks the site's own.

        Raises InputError when there is no such task, EngineError when the model cannot be run.
        """
        name = name or self._settings.task
        if name not in self._engines:
            chosen = self._settings
            self._engines[name] = engine(
                self._backend, self._task(name), self._how, chosen.engine, chosen.files
            )
        return self._engines[name].mentions(note)

    def _task(self, name: str) -> Task:
        if name == self._settings.task:
            return library.find(name, self._settings.tasks)
        try:
            return library.named(name, self._settings.tasks)
        except SettingsError as error:
            raise InputError(str(error), path="Parameters.parameter") from None


def questions(settings: Settings, opened: extraction.Engine, stack: ExitStack) -> Questions | None:
    """The language model of a service: that of its engine, or one of its own beside another engine.

    None where the settings name no language model.
    """
    how = language_model.read(settings.language_model)
    if isinstance(opened, generative.GenerativeEngine):
        return Questions(settings, how, opened.backend)
    if settings.language_model is None and settings.remote is None:
        return None
    chosen = replace(
        settings, engine="remote" if settings.remote or how.remote.url else "generative", model=None
    )
    backend = _remote(chosen, how) if chosen.engine == "remote" else _local(chosen, how)
    stack.callback(backend.close)
    return Questions(chosen, how, backend)


def sampler(
    settings: Settings,
    opened: extraction.Engine | None,
    lend: Callable[[str], generative.Backend] | None = None,
) -> generative.Sampler:
    """Tasks tried on notes: by the engine's language model, else one that opens when it is needed.

    `lend` gives the model of an engine that is open for others too; without it the sampler has its own.
    """
    how = language_model.read(settings.language_model)
    asking = how.asking.model_copy(update={"seconds": min(how.asking.seconds, SAMPLE_SECONDS)})
    asking = asking.model_copy(update={"patience": min(asking.patience, SAMPLE_PATIENCE)})
    how = how.model_copy(update={"asking": asking})
    own = isinstance(opened, generative.GenerativeEngine)
    named = "remote" if settings.remote or how.remote.url else "generative"
    chosen = settings if own else replace(settings, engine=named, model=None)
    kept = opened.backend if isinstance(opened, generative.GenerativeEngine) else None

    def backend() -> generative.Backend:
        if lend is not None and kept is None:
            return lend(chosen.engine)
        return kept or (_remote(chosen, how) if chosen.engine == "remote" else _local(chosen, how))

    def asked(backend: generative.Backend, task: Task) -> generative.GenerativeEngine:
        return engine(backend, task, how, chosen.engine, chosen.files)

    small = chosen.engine == "generative" and chosen.model is None and not how.local.model
    return generative.Sampler(
        backend, asked, strategy=asking.strategy, lent=own or lend is not None, small=small
    )


def chooser(settings: Settings, opened: extraction.Engine) -> generative.ModelChooser | None:
    """The language model that chooses among candidate concepts; None where nobody asked for that."""
    how = language_model.read(settings.language_model)
    if not how.asking.choose:
        return None
    if not isinstance(opened, generative.GenerativeEngine):
        raise SettingsError("asking.choose needs engine generative or remote")
    return generative.ModelChooser(opened.backend)


def asking(settings: Settings) -> Settings:
    """The same settings with a language model as the engine: on the server they name, or here."""
    return replace(settings, engine="remote" if settings.remote else "generative")


def answered(engine: generative.GenerativeEngine, id: str, text: str, language: str | None = None) -> Answer:
    """The answer to the engine's task about a plain text. Raises EngineError."""
    return engine.answer(notes.from_text(id, text, language or "en"))


def prompt(task: Task) -> str:
    """What a model is told before the note, in words."""
    shown = generative.messages(task, "")
    return "\n\n".join(message.content for message in shown if message.content)


def engine(
    backend: generative.Backend,
    task: Task,
    how: LanguageModel,
    name: str,
    files: mappings.Files = mappings.SHIPPED,
) -> generative.GenerativeEngine:
    """A backend asked one task; several tasks may share a backend."""
    asking = how.asking
    manner = generative.Manner(
        runs=asking.runs,
        temperature=asking.temperature,
        seed=asking.seed,
        seconds=asking.seconds,
        patience=asking.patience,
        think=asking.think,
        adapters=tuple((adapter.name, adapter.scale) for adapter in how.adapter),
    )
    if asking.strategy:
        task = replace(task, strategy=asking.strategy)
    return generative.GenerativeEngine(
        backend,
        task,
        name=name,
        manner=manner,
        shots=_shots(task, how),
        chunk_tokens=asking.chunk_tokens or None,
        orders=extraction.load_orders(files),
        number_words=generative.load_numbers(files),
    )


def model_folder() -> Path:
    """Where the shipped models lie: beside the code, or where the installation put them."""
    beside = Path(__file__).parent.parent / "models"
    return beside if beside.is_dir() else Path(sys.prefix) / "share" / "notewright" / "models"


def model_path(settings: Settings) -> Path:
    """The GGUF file to use; that of the default encoder is made where it is not there yet.

    Raises ModelError when there is none.
    """
    if settings.model is not None:
        return models.resolve(settings.model)
    if settings.engine not in LANGUAGE_MODELS:
        return encoder_path()
    path = model_folder() / DECODER
    if not path.is_file():
        raise ModelError(f"{path.name}: no such model file")
    return path


def encoder_path() -> Path:
    """The file of the default encoder."""
    return ENCODER.path(model_folder())


def identifiers(settings: Settings, model: Path | None = None) -> extraction.EncoderEngine:
    """What finds identifiers: its mentions are of the kinds of `docs/identifiers.md`.

    The model of the settings finds something else. Raises ModelError when none can be opened.
    """
    path = models.resolve(model) if model else IDENTIFIERS.path(model_folder())
    classifier = extraction.Classifier(path, threads=settings.cores)
    return extraction.EncoderEngine(classifier, threshold=0.0, same_word=SAME_NAME)


def _encoder(settings: Settings, store: terminology.Store) -> extraction.Engine:
    rules = extraction.load(settings.files)
    classifier = extraction.Classifier(model_path(settings), threads=settings.cores)
    return extraction.Arbiter.of(classifier, store, rules)


def _local(settings: Settings, how: LanguageModel) -> generative.Backend:
    if settings.model is None and how.local.model:
        settings = replace(settings, model=Path(how.local.model))
    template = how.local.template
    return generative.LocalBackend(
        model_path(settings),
        context=how.local.context,
        slots=how.local.slots,
        threads=settings.cores,
        adapters={adapter.name: adapter.path for adapter in how.adapter if adapter.path},
        template=template.read_text("utf-8") if template else None,
    )


def _remote(settings: Settings, how: LanguageModel) -> generative.Backend:
    server = how.remote
    url = settings.remote or server.url
    if not url:
        raise SettingsError("engine remote needs the URL of a server")
    endpoint = generative.Endpoint(
        url=url,
        model=str(settings.model or server.model),
        dialect=server.dialect,
        key=Secret.of_file(server.key_file) if server.key_file else None,
        insecure=server.insecure,
        slots=server.slots,
        context=server.context,
        logprobs=server.logprobs,
        connect_seconds=server.connect_seconds,
        first_seconds=server.first_seconds,
        pause_seconds=server.pause_seconds,
        tries=server.tries,
    )
    context = None
    if endpoint.target.scheme == "https":
        told = Tls(certificate=server.certificate, key=server.certificate_key, authorities=server.ca_file)
        context = tls.context(told)
    return generative.RemoteBackend(endpoint, context)


def _shots(task: Task, how: LanguageModel) -> generative.Shots:
    """How the examples of a prompt are chosen."""
    if task.strategy != "retrieved":
        return partial(_first, task.examples[: task.shots] if task.strategy == "advanced" else ())
    asking = how.asking
    embedder = generative.open_embedder(models.resolve(asking.embedder)) if asking.embedder else None
    index = generative.ShotIndex(
        task.examples, embedder=embedder, file=asking.examples, index=_index(task) if embedder else None
    )
    _check(task, index.examples)
    return partial(_nearest, index, task.shots or 3, asking.diversity)


def _check(task: Task, examples: Sequence[Example]) -> None:
    """Raises SettingsError for an example that cannot be shown: not of the task, or without its words."""
    node = schema.parse(task.schema)
    for number, example in enumerate(examples, 1):
        for key, said in checking.example_faults(task, node, example):
            raise SettingsError(f"example {number} of task {task.name}: {key}: {said}")


def _first(examples: Sequence[Example], _text: str) -> tuple[Example, ...]:
    return tuple(examples)


def _nearest(index: generative.ShotIndex, count: int, diversity: float, text: str) -> tuple[Example, ...]:
    return index.nearest(text, count, diversity)


def _index(task: Task) -> Path:
    """Where the directions of a task's examples are kept between runs."""
    home = os.environ.get("XDG_CACHE_HOME")
    folder = Path(home) if home else Path.home() / ".cache"
    path = folder / "notewright" / "examples" / f"{task.name}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path
