"""Stage 3: what an engine mentioned becomes findings, each judged for whether, when and in whom."""

from adapter.context.assertion import assess
from adapter.context.rules import ContextRules, load

__all__ = ["ContextRules", "assess", "load"]
