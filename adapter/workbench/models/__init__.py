"""The page Models and reports.

installed  what is there          reports    the files of a folder, read with care
figures    the results of runs    sandboxed  a report as an answer that can do nothing
"""

from adapter.workbench.models.showing import PAGE

__all__ = ["PAGE"]
