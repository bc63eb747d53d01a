"""Stage 2: an engine reads a note and quotes what is clinical in it."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace

from adapter.errors import EngineError
from adapter.extraction.arbiter import Arbiter, ArbiterRules, load
from adapter.extraction.classifier import Classifier, describe
from adapter.extraction.dictionary import Dictionary
from adapter.extraction.encoder import EncoderEngine, Reading
from adapter.extraction.engine import Engine
from adapter.extraction.orders import Orders, inside, issue
from adapter.extraction.orders import load as load_orders
from adapter.extraction.replay import Replay
from adapter.model import Issue, Mention, Note, Span, Step, primary

__all__ = [
    "Arbiter",
    "ArbiterRules",
    "Classifier",
    "Dictionary",
    "EncoderEngine",
    "Engine",
    "Orders",
    "Reading",
    "Replay",
    "describe",
    "extract",
    "load",
    "load_orders",
    "reads",
]


def extract(note: Note, engine: Engine, orders: Orders | None = None) -> Step[Mention]:
    """What the engine finds in the note, its headings apart: "ALLERGIES" is not something the patient has.

    Nor is what a note orders whoever reads it by machine to report.

    Every mention's text is checked to be the note's own characters: an engine that misquotes is an error.
    """
    step = engine.mentions(note)
    for mention in step.kept:
        if note.text[mention.start : mention.end] != mention.text or not mention.text:
            raise EngineError(f"engine {engine.name} misquoted the note")
    headings = [section.heading for section in note.sections if section.key != "unknown"]
    ordered = orders.spans(note) if orders and step.kept else ()
    kept: list[Mention] = []
    dropped: list[Issue] = []
    for mention in step.kept:
        if inside(ordered, mention.start, mention.end):
            dropped.append(issue(mention.start, mention.end, mention.kind))
        elif _inside(mention, headings):
            dropped.append(_in_heading(mention))
        elif not reads(engine, note.language_at(mention.start)):
            dropped.append(_unread(mention))
        else:
            kept.append(mention)
    return replace(step, kept=tuple(kept), left_out=(*step.left_out, *dropped))


def reads(engine: Engine, language: str) -> bool:
    """Whether an engine reads a language, given as a BCP 47 tag."""
    return engine.languages is None or primary(language) in engine.languages


def _inside(mention: Mention, headings: Sequence[Span]) -> bool:
    """Whether a mention stands in one of the headings, which are in text order."""
    place = bisect_right(headings, mention.start, key=lambda heading: heading.start) - 1
    return place >= 0 and mention.start < headings[place].end


def _unread(mention: Mention) -> Issue:
    return Issue(
        code="not-supported",
        reason="language-not-read",
        message="The words are in a language that the engine does not read.",
        severity="information",
        start=mention.start,
        end=mention.end,
        kind=mention.kind,
    )


def _in_heading(mention: Mention) -> Issue:
    return Issue(
        code="informational",
        reason="in-heading",
        message="The words are a section heading.",
        severity="information",
        start=mention.start,
        end=mention.end,
        kind=mention.kind,
    )
