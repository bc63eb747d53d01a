"""A task in the making: fields as somebody writes them in a form -> the files of a task, and back.

draft     the nouns                    written   a draft -> files, and what is wrong, by field
opened    a task -> a draft            kept      files -> a folder of the site, or one file to take along
edited    a draft, changed in one place
"""

from adapter.tasks.drafting.draft import Draft, Field, Shown
from adapter.tasks.drafting.kept import pack, save
from adapter.tasks.drafting.opened import opened
from adapter.tasks.drafting.written import Written, Wrong, written

__all__ = ["Draft", "Field", "Shown", "Written", "Wrong", "opened", "pack", "save", "written"]
