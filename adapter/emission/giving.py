"""Whether a medicine was given once rather than taken: lidocaine in an operation, "received cefazolin"."""

import re
from typing import Final

from adapter.emission import elements
from adapter.emission.rules import Given, OutcomeName
from adapter.emission.tables import Giving, Said
from adapter.model import Finding, Note, primary

NAMES: Final[tuple[OutcomeName, ...]] = ("present", "historical")
"""The outcomes of which this may be asked: what is planned or denied was not given."""


def once(note: Note, finding: Finding, name: OutcomeName, rules: Given) -> bool:
    """Whether the note says so: by section, by what the drug is, or in words; not of what has a regimen."""
    if elements.attributes(finding, *rules.regimen):
        return False
    if name == "present" and finding.section not in rules.lists and _by_nature(finding, rules):
        return True
    words = rules.words.get(primary(note.language_at(finding.start)))
    return words is not None and finding.section not in rules.taken and _said(note, finding, words, rules)


def _by_nature(finding: Finding, rules: Given) -> bool:
    coded = any(one.code.startswith(rules.codes.get(one.system, ())) for one in finding.codings)
    return coded or finding.section in rules.sections


def _said(note: Note, finding: Finding, words: Giving, rules: Given) -> bool:
    """Whether the drug's own sentence, or what of it semicolons leave, says that it was given."""
    sentence = note.sentence_at(finding.start)
    before = " ".join(note.text[sentence.start : finding.start].rpartition(";")[2].split())
    after = " ".join(note.text[finding.end : sentence.end].partition(";")[0].split())
    whole = f"{before} {after}"
    if words.unless.search(whole):
        return False
    return any(
        _near(one, before, after, words.apart, rules.reach)
        and all(beside.search(whole) for beside in one.beside)
        for one in words.said
    )


def _near(said: Said, before: str, after: str, apart: re.Pattern[str], reach: int) -> bool:
    """Whether the words stand near the drug, and nothing between them speaks of something else."""
    found = [before[match.end() :] for match in (said.before.finditer(before) if said.before else ())]
    found += [after[: match.start()] for match in (said.after.finditer(after) if said.after else ())]
    return any(len(between) <= reach and not apart.search(between) for between in found)
