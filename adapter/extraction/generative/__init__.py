"""Language models as extraction engines: grounded, and bound to the schema of a task."""

from adapter.extraction.generative.answer import Answer, Attempt, Fact
from adapter.extraction.generative.asking import Manner
from adapter.extraction.generative.backend import Backend
from adapter.extraction.generative.chooser import ModelChooser
from adapter.extraction.generative.embedder import open_embedder
from adapter.extraction.generative.engine import GenerativeEngine, Told
from adapter.extraction.generative.local import LocalBackend
from adapter.extraction.generative.numbers import load as load_numbers
from adapter.extraction.generative.prompts import messages
from adapter.extraction.generative.remote import Endpoint, RemoteBackend
from adapter.extraction.generative.sampler import Sampler
from adapter.extraction.generative.shots import ShotIndex
from adapter.extraction.generative.showing import Shots

__all__ = [
    "Answer",
    "Attempt",
    "Backend",
    "Endpoint",
    "Fact",
    "GenerativeEngine",
    "LocalBackend",
    "Manner",
    "ModelChooser",
    "RemoteBackend",
    "Sampler",
    "ShotIndex",
    "Shots",
    "Told",
    "load_numbers",
    "messages",
    "open_embedder",
]
