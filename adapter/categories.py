"""The fifteen ELMTEX categories as a view over findings, by the table `mappings/categories.toml`.

ELMTEX: Guluzade et al. 2025, "ELMTEX: Fine-Tuning Large Language Models for Structured Clinical Information
Extraction", https://arxiv.org/abs/2502.05638
"""

import mappings
from adapter.model import Finding


class Row(mappings.Table):
    """A category and what a finding must be to be in it; a key left out asks nothing."""

    category: str
    kinds: frozenset[str] = frozenset()
    sections: frozenset[str] = frozenset()
    experiencer: str | None = None
    historical: bool | None = None
    words: tuple[str, ...] = ()

    def fits(self, finding: Finding) -> bool:
        """Whether a finding is in this category."""
        text = finding.text.casefold()
        return (
            (not self.kinds or finding.kind in self.kinds)
            and (not self.sections or finding.section in self.sections)
            and (self.experiencer is None or finding.assertion.experiencer == self.experiencer)
            and (self.historical is None or finding.assertion.historical == self.historical)
            and (not self.words or any(word in text for word in self.words))
        )


class Categories(mappings.Table):
    """The whole table; the last row fits everything."""

    version: int
    row: tuple[Row, ...]

    def of(self, finding: Finding) -> str:
        """The category of a finding."""
        return next(row.category for row in self.row if row.fits(finding))


def load(files: mappings.Files = mappings.SHIPPED) -> Categories:
    """The table.

    Raises mappings.MappingError naming file and key.
    """
    return files.read("categories.toml", Categories)
