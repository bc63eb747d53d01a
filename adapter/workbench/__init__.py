"""The workbench: a door of pages for people, at /workbench. It draws the pipeline's Steps and adds no logic.

bench     what the pages work with         pages     the routes, and what each answers
guard     who is let in, and headers       trying    a form -> a tried note
marking   a note -> its marked stretches   drawing   a tried note -> what the page shows
"""

from adapter.workbench.bench import Admit, Bench
from adapter.workbench.pages import BASE, routes

__all__ = ["BASE", "Admit", "Bench", "routes"]
