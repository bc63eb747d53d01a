"""Names of conditions, findings and drugs in the forms that sentences ask for, per language."""

from training.notes.grammar import dutch, english, french, german
from training.notes.grammar.noun import Grammar, Inflected, Noun

__all__ = ["Grammar", "Inflected", "Noun", "of"]


def of(language: str) -> Grammar:
    """The grammar of a language."""
    return {"en": english.GRAMMAR, "de": german.GRAMMAR, "fr": french.GRAMMAR, "nl": dutch.GRAMMAR}[language]
