"""Drafts of mapping files: kept apart, tried on documents, and installed where a site lets them be.

drawer      drafts, one folder each         comparing  a document -> what a draft changes in its Bundle
coverage    which rules fired, and never    packing    a draft -> a zip, a patch
installing  a draft -> the site's own mappings
"""

from adapter.drafts.comparing import Compared, Document, compared
from adapter.drafts.coverage import Coverage, Rule, coverage
from adapter.drafts.drawer import Draft, Drawer
from adapter.drafts.installing import Installed, Installer
from adapter.drafts.packing import packed, patch

__all__ = [
    "Compared",
    "Coverage",
    "Document",
    "Draft",
    "Drawer",
    "Installed",
    "Installer",
    "Rule",
    "compared",
    "coverage",
    "packed",
    "patch",
]
