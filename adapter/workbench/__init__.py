"""The workbench: a door of pages for people, at /workbench. It draws the pipeline's Steps and adds no logic.

bench     what the pages work with         page      what a page is
pages     those there are, their routes    trial     the page Try
guard     who is let in, and headers       trying    a form -> a tried note
marking   a note -> its marked stretches   drawing   a tried note -> what the page shows
"""

from adapter.workbench.bench import ROLES, Admit, Bench, Headers, Person, Role
from adapter.workbench.page import BASE
from adapter.workbench.pages import routes

__all__ = ["BASE", "ROLES", "Admit", "Bench", "Headers", "Person", "Role", "routes"]
