"""Model files: added by name, described, quantized, measured and merged."""

from adapter.models.shelf import resolve

__all__ = ["resolve"]
