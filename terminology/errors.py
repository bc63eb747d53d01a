"""What can go wrong with terminology data."""


class TerminologyError(Exception):
    """A terminology source or store cannot be used; the message names file, line and column."""
