"""The report of an evaluation, one HTML file."""

from adapter.evaluation.report.page import written

__all__ = ["written"]
