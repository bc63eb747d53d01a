"""Stage 1: a DocumentReference, or a Bundle of them, becomes Notes with sections and sentences."""

from adapter.notes.document import MAX_BYTES, from_text, heard, read
from adapter.notes.formats.reading import Limits
from adapter.notes.headings import Spellings
from adapter.notes.languages import UNKNOWN, Detector
from adapter.notes.spoken import Listening

__all__ = [
    "MAX_BYTES",
    "UNKNOWN",
    "Detector",
    "Limits",
    "Listening",
    "Spellings",
    "from_text",
    "heard",
    "read",
]
