"""The workbench: a door of pages for people, at /workbench. It draws the pipeline's Steps and adds no logic.

bench     what the pages work with         page      what a page is
pages     those there are, their routes    trial     the page Try
guard     who is let in, and headers       trying    a form -> a tried note
forms     a request -> fields and files    dropped   a file -> a text, or an attachment
marking   a note -> its marked stretches   drawing   a tried note -> what the page shows
"""

from adapter.workbench.bench import (
    ROLES,
    Act,
    Admit,
    Bench,
    Documents,
    Headers,
    Installed,
    Packs,
    Person,
    Role,
)
from adapter.workbench.page import BASE
from adapter.workbench.pages import routes

__all__ = [
    "BASE",
    "ROLES",
    "Act",
    "Admit",
    "Bench",
    "Documents",
    "Headers",
    "Installed",
    "Packs",
    "Person",
    "Role",
    "routes",
]
