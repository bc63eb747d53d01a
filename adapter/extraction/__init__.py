"""Stage 2: an engine reads a note and quotes what is clinical in it."""

from adapter.errors import EngineError
from adapter.extraction.arbiter import Arbiter, ArbiterRules, load
from adapter.extraction.classifier import Classifier, describe
from adapter.extraction.dictionary import Dictionary
from adapter.extraction.encoder import EncoderEngine
from adapter.extraction.engine import Engine
from adapter.extraction.replay import Replay
from adapter.model import Mention, Note, Step

__all__ = [
    "Arbiter",
    "ArbiterRules",
    "Classifier",
    "Dictionary",
    "EncoderEngine",
    "Engine",
    "Replay",
    "describe",
    "extract",
    "load",
]


def extract(note: Note, engine: Engine) -> Step[Mention]:
    """What the engine finds in the note.

    Every mention's text is checked to be the note's own characters: an engine that misquotes is an error.
    """
    step = engine.mentions(note)
    for mention in step.kept:
        if note.text[mention.start : mention.end] != mention.text or not mention.text:
            raise EngineError(f"engine {engine.name} misquoted the note")
    return step
