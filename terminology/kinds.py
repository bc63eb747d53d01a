"""What a concept is for a clinician: a kind from its system, its semantic tag or its words.

The tables are data (`data/kinds.toml`); the order in which they are asked is in `data/README.md`.
"""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from terminology import systems
from terminology.errors import TerminologyError
from terminology.normalise import DATA, Normaliser

LOINC_TEST = re.compile(r"\d+-\d")
KINDS = ("condition", "finding", "procedure", "test", "medication", "body_site", "social", "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kinds:
    """The tables that tell kinds."""

    systems: dict[str, str]
    icd10cm: dict[str, str]
    words: tuple[tuple[str, frozenset[str], tuple[str, ...]], ...]  # kind, words, word endings
    default: str
    untagged: str

    def of_system(self, system: str, code: str) -> str | None:
        """The kind every concept of a system or chapter has, if it has one."""
        if system in systems.CLASSIFICATIONS:
            fitting = [start for start in self.icd10cm if code.startswith(start)]
            return self.icd10cm[max(fitting, key=len)]
        if system == systems.LOINC and not LOINC_TEST.fullmatch(code):
            return self.default  # answers (LA...) and parts (LP...) are no tests
        return self.systems.get(system)

    def of_words(self, names: Iterable[str], normaliser: Normaliser) -> str | None:
        """The kind the words of an untagged name tell: that of the first table that has one of them."""
        for name in names:
            words = normaliser.words(name)
            for kind, known, endings in self.words:
                if any(word in known or word.endswith(endings) for word in words):
                    return kind
        return None


def shipped(normaliser: Normaliser) -> Kinds:
    """The tables that come with this version."""
    return parse((DATA / "kinds.toml").read_text("utf-8"), normaliser)


def parse(text: str, normaliser: Normaliser) -> Kinds:
    """The tables in a text like `data/kinds.toml`; a kind or key that is not known is refused."""
    data = tomllib.loads(text)
    wanted = {"version", "default", "untagged", "systems", "icd10cm", "words"}
    if set(data) != wanted:
        raise TerminologyError(f"kinds.toml: keys must be {', '.join(sorted(wanted))}")
    named = [data["default"], data["untagged"], *(group["kind"] for group in data["words"])]
    named += normaliser.tags.values()
    for key in ("systems", "icd10cm"):
        named += data[key].values()
    unknown = sorted(set(named) - set(KINDS))
    if unknown:
        raise TerminologyError(f"kinds.toml: {unknown[0]!r} is no kind")
    return Kinds(
        systems=data["systems"],
        icd10cm=data["icd10cm"],
        words=tuple(_group(group, normaliser) for group in data["words"]),
        default=data["default"],
        untagged=data["untagged"],
    )


def _group(group: dict[str, Any], normaliser: Normaliser) -> tuple[str, frozenset[str], tuple[str, ...]]:
    whole = frozenset(normaliser.word(word) for word in group["any"] if not word.startswith("*"))
    endings = tuple(normaliser.word(word[1:]) for word in group["any"] if word.startswith("*"))
    return group["kind"], whole, endings
