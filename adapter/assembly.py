"""Settings -> an open pipeline: model, terminology store, rules. Closed in reverse order.

The only place that knows which file is the default one.
"""

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import httpx

import mappings
import terminology
from adapter import coding, context, delivery, emission, engines, extraction, notes, rulefiles
from adapter.delivery import Sink
from adapter.fhir.systems import Version
from adapter.model import Mention, ModelInfo, Step
from adapter.pipeline import Pipeline
from adapter.release import software_version
from adapter.settings import Settings

DEFAULT_SOURCES = ("core", "icd10cm")
DETECT = "detect"  # in place of a language
TIMEOUT = 30.0  # seconds for one answer of a FHIR server

__all__ = ["Sink", "opened", "opened_coder", "opened_identifiers", "opened_sinks"]

Progress = Callable[[str], None]


@contextmanager
def opened(
    settings: Settings, progress: Progress | None = None, store: terminology.Store | None = None
) -> Iterator[Pipeline]:
    """A pipeline, open for as long as the context lasts; with the store of the settings, or an open one.

    Raises ModelError, TerminologyError or MappingError when a part cannot be opened.
    """
    rulefiles.check(settings.files)
    files = settings.files.taken()
    with ExitStack() as stack:
        store = store or stack.enter_context(opened_store(settings, progress))
        engine = engines.opened(settings, store)
        stack.callback(engine.close)
        yield Pipeline(
            engine=engine,
            coder=coding.Coder(store, coding.load(files), engines.chooser(settings, engine)),
            contexts=context.Shelf(languages(files), files),
            resources=emission.load(files),
            maker=maker(engine.model, store, instant(settings.recorded), files),
            fhir=cast(Version, settings.fhir),
            listening=listening(settings),
            max_bytes=settings.max_bytes,
            calendars=context.Calendars(files),
            spellings=notes.Spellings(files),
            orders=extraction.load_orders(files),
            files=files,
        )


def ruled(line: Pipeline, files: mappings.Files) -> Pipeline:
    """An open pipeline by other mapping files; model, store and what did not change are shared.

    It is closed by who opened the first.

    Raises MappingError naming file and key.
    """
    changed = files.differing(line.files)
    folders = {name.rpartition("/")[0] for name in changed}
    contexts = context.Shelf(languages(files), files)
    if isinstance(line.contexts, context.Shelf):
        contexts = line.contexts.reread(languages(files), files, changed)
    return replace(
        line,
        engine=engines.ruled(line.engine, files) if "extraction" in folders else line.engine,
        coder=line.coder.ruled(coding.load(files)) if "coding" in folders else line.coder,
        contexts=contexts,
        resources=emission.load(files) if "resources" in folders else line.resources,
        maker=replace(line.maker, mappings=files.digest()),
        calendars=context.Calendars(files) if "dates" in folders else line.calendars,
        spellings=notes.Spellings(files) if "sections" in folders else line.spellings,
        orders=extraction.load_orders(files) if line.orders else None,
        files=files,
    )


def opened_store(settings: Settings, progress: Progress | None = None) -> terminology.Store:
    """The terminology store of the settings, to be closed by who asks."""
    return terminology.open_store(store_path(settings, progress))


@contextmanager
def opened_coder(settings: Settings, progress: Progress | None = None) -> Iterator[coding.Coder]:
    """The coding stage alone, for terms that are no notes."""
    with terminology.open_store(store_path(settings, progress)) as store:
        yield coding.Coder(store, coding.load(settings.files))


@contextmanager
def opened_identifiers(
    settings: Settings, model: Path | None = None
) -> Iterator[Callable[[str, str, str | None], Step[Mention]]]:
    """What finds the identifiers of a note, given its id, text and, if known, language."""
    with closing(engines.identifiers(settings, model)) as engine:
        tongues = listening(settings)
        yield lambda id, text, language: engine.mentions(notes.heard(id, text, tongues, language))


@contextmanager
def opened_sinks(names: Sequence[str]) -> Iterator[list[Sink]]:
    """Where Bundles are delivered: a URL is a FHIR server, anything else a folder."""
    with ExitStack() as stack:
        client: httpx.Client | None = None
        sinks: list[Sink] = []
        for name in names:
            if name.startswith(("http://", "https://")):
                client = client or stack.enter_context(httpx.Client(timeout=TIMEOUT))
                sinks.append(delivery.Server(name, client))
            else:
                sinks.append(delivery.Folder(Path(name)))
        yield sinks


def listening(settings: Settings) -> notes.Listening:
    """How the languages of notes are told."""
    expected = None if settings.language == DETECT else settings.language
    return notes.Listening(expected=expected, detector=notes.Detector(), contradicted=settings.contradicted)


def languages(files: mappings.Files = mappings.SHIPPED) -> list[str]:
    """The languages there are context rules for."""
    return [Path(name).stem for name in files.names("context")]


def instant(recorded: str | None) -> str | None:
    """The instant Provenance records: as given, or the clock's for "now"."""
    if recorded != "now":
        return recorded
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def maker(
    model: ModelInfo | None,
    store: terminology.Store,
    recorded: str | None = None,
    files: mappings.Files = mappings.SHIPPED,
) -> emission.Maker:
    """What Device and Provenance say made the resources."""
    return emission.Maker(
        model=model or ModelInfo(name="recorded answers", version="", digest="", quantization=""),
        version=software_version(),
        mappings=files.digest(),
        terminology=store.manifest.digest,
        recorded=recorded,
    )


def describe_model(path: Path) -> dict[str, object]:
    """What a model file says of itself, and whether it is the default."""
    info, kinds = extraction.describe(path)
    return {
        "file": path.name,
        "default": path.name == engines.ENCODER.file,
        "name": info.name,
        "version": info.version,
        "quantization": info.quantization,
        "sha256": info.digest,
        "bytes": path.stat().st_size,
        "kinds": kinds,
    }


def store_path(settings: Settings, progress: Progress | None = None) -> Path:
    """The terminology store to use; the default one is built where it is not there yet."""
    if settings.terminology:
        return settings.terminology
    path = default_store()
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        if progress:
            progress("building the default terminology store (once)")
        terminology.build([terminology.parse_source(name) for name in DEFAULT_SOURCES], path, progress)
    return path


def default_store() -> Path:
    """Where the default store lies; its name changes with the tables it is built from."""
    home = os.environ.get("XDG_DATA_HOME")
    folder = Path(home) if home else Path.home() / ".local" / "share"
    return folder / "notewright" / f"core-{_core_digest()[:16]}.sqlite"


def _core_digest() -> str:
    data = Path(terminology.__file__).parent
    whole = hashlib.sha256(software_version().encode())
    for path in sorted(path for path in data.rglob("*") if path.suffix in (".tsv", ".toml", ".py")):
        whole.update(path.read_bytes())
    return whole.hexdigest()
