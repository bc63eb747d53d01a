"""Content, terms and a seed -> notes, one after another."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.notes import content as contents
from training.notes import figures, grammar, layout, noise, record, state, terms
from training.notes.expansion import Expander
from training.notes.layout import Layout, Style
from training.notes.noise import Abbreviations
from training.vocabulary import CORE

LANGUAGES = ("en", "de", "fr", "nl")
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Generator:
    """Makes the notes of one language."""

    language: str
    expander: Expander
    styles: list[Style]
    abbreviations: Abbreviations

    def notes(self, *, count: int, seed: int, prefix: str = "made") -> Iterator[Row]:
        """So many notes; the same seed gives the same notes, however many are asked."""
        for index in range(count):
            name = f"{prefix}-{self.language}-{seed}-{index:06d}"
            yield self.note(name, random.Random(f"{self.language} {seed} {index}"))

    def note(self, name: str, dice: random.Random) -> Row:
        """One note, with some text in it."""
        while True:
            asked = layout.chosen_document(self.expander.content.documents, dice)
            style = dice.choices(self.styles, weights=[one.weight for one in self.styles])[0]
            patient = state.begin(self.expander.content, dice, asked.ages)
            made = Layout(
                expander=self.expander, state=patient, style=style, heading=dice.choice(style.headings),
                case=dice.choice(style.case), bullet=dice.choice(style.bullets), used=[],
            )  # fmt: skip
            text, spans = record.joined(made.note(asked))
            if text.strip():
                break
        text, spans = record.roughened(text, spans, patient, style.noise, self.abbreviations)
        told = {"document": asked.name, "style": style.name, "templates": made.used}
        return record.row(name, self.language, text, spans, told)


def load(
    language: str, *, core: Path = CORE, titles: Path | None = None, held_out: bool | None = None
) -> Generator:
    """The generator of a language. Raises ContentError where its content cannot be read."""
    found = contents.load(language, held_out=held_out)
    rules = grammar.of(language)
    pools = terms.load(found, rules, core=core, titles=titles)
    expander = Expander(
        content=found, terms=pools, grammar=rules,
        measures=figures.measures(pools.figures["tests"]["rows"], language),
        strengths=figures.strengths(pools.figures["drugs"]["rows"]),
    )  # fmt: skip
    known = noise.abbreviations(found.abbreviations)
    return Generator(
        language=language, expander=expander, styles=layout.styles(pools.figures), abbreviations=known
    )
