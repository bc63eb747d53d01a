"""Cases: documents with the Bundle that they must give, and why. The command and the page do the same.

folder     a folder <-> a case            shelf      a tree of cases, and changes to it
running    a case -> what differs         sameness   what may differ (may_differ.toml), and nothing else
junit      results -> JUnit XML           telling    results -> JSON, and lines for people
"""

from adapter.cases.folder import Case, Fault, name_fault, read, written
from adapter.cases.running import Result, ran
from adapter.cases.shelf import Shelf

__all__ = ["Case", "Fault", "Result", "Shelf", "name_fault", "ran", "read", "written"]
