"""Stage 4: findings get ranked codes from the terminology store, or none."""

from adapter.coding.coder import Coder, assign
from adapter.coding.rules import CodingRules, load

__all__ = ["Coder", "CodingRules", "assign", "load"]
