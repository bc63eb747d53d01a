"""Stage 1: a DocumentReference, or a Bundle of them, becomes Notes with sections and sentences."""

from adapter.notes.document import MAX_BYTES, from_text, read

__all__ = ["MAX_BYTES", "from_text", "read"]
