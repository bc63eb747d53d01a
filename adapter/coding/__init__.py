"""Stage 4: findings get ranked codes from the terminology store, or none."""

from adapter.coding.binding import bind
from adapter.coding.coder import Coder, assign
from adapter.coding.explaining import Explained
from adapter.coding.rules import CodingRules, load

__all__ = ["Coder", "CodingRules", "Explained", "assign", "bind", "load"]
