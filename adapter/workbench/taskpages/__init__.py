"""The page Tasks: those there are, and one in the making.

tasks      the page and its actions        filled    a form <-> a draft
shown      a draft -> what the page shows   trying    a draft asked about a note
"""

from adapter.workbench.taskpages.tasks import PAGE

__all__ = ["PAGE"]
