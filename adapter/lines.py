"""The line with another engine in it, for who tries several: opened when first asked for, closed together.

A language model reads one note at a time here, and only for so long: somebody waits for the answer.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import terminology
from adapter import assembly, engines, language_model
from adapter.errors import EngineError, InputError, ModelError
from adapter.extraction import Engine
from adapter.extraction.generative import Backend, GenerativeEngine
from adapter.language_model import LanguageModel
from adapter.model import ModelInfo
from adapter.pipeline import Pipeline
from adapter.settings import LANGUAGE_MODELS, Settings
from adapter.tasks import Task, library

PATIENCE = 300.0  # seconds a language model may take for a note
QUEUE = 30.0  # seconds somebody waits for the notes of others
TASKS = 8  # of one language model that are kept ready

__all__ = ["Lines"]


class Lines:
    """The engines a site can open beside its own. Safe to use from several threads."""

    def __init__(self, settings: Settings, own: Pipeline) -> None:
        self._settings, self._own = settings, own
        self._how = _patient(language_model.read(settings.language_model))
        self._stack, self._lock, self._reading = ExitStack(), threading.Lock(), threading.Lock()
        self._backends: dict[str, Backend] = {}
        self._tasked: OrderedDict[tuple[str, str, str], GenerativeEngine] = OrderedDict()
        self._encoder: Pipeline | None = own if settings.engine == "encoder" else None
        if isinstance(own.engine, GenerativeEngine):
            self._backends[settings.engine] = own.engine.backend

    @property
    def engines(self) -> tuple[str, ...]:
        """Those that can be asked for, the site's own first."""
        others = (name for name in ("encoder", *LANGUAGE_MODELS) if self._there(name))
        return tuple(dict.fromkeys((self._settings.engine, *others)))

    @property
    def task(self) -> str:
        """What a language model is asked when nobody says."""
        return self._settings.task

    def tasks(self) -> Sequence[Task]:
        """What a language model may be asked. Raises MappingError for a task that cannot be used."""
        return [entry.read() for entry in library.entries(self._settings.tasks)]

    def opened(self) -> Mapping[str, ModelInfo]:
        """The models that are open beside the site's own, by engine."""
        with self._lock:
            found = {name: backend.model for name, backend in self._backends.items()}
            encoder = self._encoder.engine.model if self._encoder else None
        return found | ({"encoder": encoder} if encoder else {})

    @contextmanager
    def line(self, engine: str, task: str) -> Iterator[Pipeline]:
        """The line with an engine, and for a language model a task, in it: for one note.

        Raises InputError for what is not offered, EngineError when it cannot be opened or is busy.
        """
        if engine not in self.engines:
            raise InputError("this engine is not among those offered", path="engine")
        if engine not in LANGUAGE_MODELS:
            yield self._without_task(engine)
            return
        if not self._reading.acquire(timeout=QUEUE):
            raise EngineError("The language model reads another note; try again in a moment.")
        try:
            yield _with(self._own, self._asked(engine, task))
        finally:
            self._reading.release()

    def model(self, engine: str) -> Backend:
        """The language model of an engine, for tasks of others too; closed with what was opened here."""
        with self._lock:
            return self._backend(engine)

    def close(self) -> None:
        """Frees what was opened here."""
        with self._lock:
            self._tasked.clear()
            self._stack.close()

    def _there(self, engine: str) -> bool:
        if engine == "remote":
            return bool(self._settings.remote or self._how.remote.url)
        try:
            engines.model_path(_other(self._settings, engine))
        except ModelError:
            return engine == "generative" and bool(self._how.local.model)
        return True

    def _without_task(self, engine: str) -> Pipeline:
        if engine == self._settings.engine:
            return self._own
        with self._lock:
            if self._encoder is None:
                store = self._stack.enter_context(terminology.open_store(assembly.store_path(self._settings)))
                opened = engines.opened(_other(self._settings, engine), store)
                self._stack.callback(opened.close)
                self._encoder = _with(self._own, opened)
            return self._encoder

    def _asked(self, engine: str, name: str) -> GenerativeEngine:
        """A language model asked a task, as the task is now."""
        task = self._named(name)
        key = (engine, task.name, task.digest)
        with self._lock:
            if key not in self._tasked:
                backend, files = self._backend(engine), self._settings.files
                self._tasked[key] = engines.engine(backend, task, self._how, engine, files)
            self._tasked.move_to_end(key)
            while len(self._tasked) > TASKS:
                self._tasked.popitem(last=False)
            return self._tasked[key]

    def _named(self, name: str) -> Task:
        if name == self._settings.task:
            return library.find(name, self._settings.tasks)
        if name not in {entry.name for entry in library.entries(self._settings.tasks)}:
            raise InputError("this task is not among those offered", path="task")
        return library.named(name, self._settings.tasks)

    def _backend(self, engine: str) -> Backend:
        if engine not in self._backends:
            opened = engines.asked(_other(self._settings, engine))
            self._stack.callback(opened.close)
            self._backends[engine] = opened.backend
        return self._backends[engine]


def _patient(how: LanguageModel) -> LanguageModel:
    asking = how.asking.model_copy(update={"patience": min(how.asking.patience, PATIENCE)})
    return how.model_copy(update={"asking": asking})


def _other(settings: Settings, engine: str) -> Settings:
    """The settings for another engine: what model was chosen, was chosen for the site's own."""
    return replace(settings, engine=engine, model=None)


def _with(line: Pipeline, engine: Engine) -> Pipeline:
    """The same line with another engine, which says so in what it emits."""
    model = engine.model
    return replace(line, engine=engine, maker=replace(line.maker, model=model) if model else line.maker)
