"""Stage 3: what an engine mentioned becomes findings, each judged for whether, when and in whom."""

from adapter.context.assertion import assess
from adapter.context.calendars import Calendars
from adapter.context.rules import ContextRules, load
from adapter.context.shelf import Shelf

__all__ = ["Calendars", "ContextRules", "Shelf", "assess", "load"]
