"""The reports of evaluations, one HTML file each."""

from adapter.evaluation.report.answers_page import written as answers
from adapter.evaluation.report.bundles_page import written as bundles
from adapter.evaluation.report.findings_page import written
from adapter.evaluation.report.redaction_page import written as redaction

__all__ = ["answers", "bundles", "redaction", "written"]
