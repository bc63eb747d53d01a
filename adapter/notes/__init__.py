"""Stage 1: a DocumentReference, or a Bundle of them, becomes Notes with sections and sentences."""

from adapter.notes.document import MAX_BYTES, from_text, read
from adapter.notes.formats.reading import Limits

__all__ = ["MAX_BYTES", "Limits", "from_text", "read"]
