"""Model files: added by name, described, quantized, measured and merged."""

from adapter.models.generation import Generation
from adapter.models.shelf import resolve

__all__ = ["Generation", "resolve"]
