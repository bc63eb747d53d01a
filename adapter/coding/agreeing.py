"""Codes that the note itself contradicts: they are taken from a finding that other words of it rule out.

The code of a name is what to report when no more is known; where the note says more, it may say otherwise.
What contradicts what is in `mappings/coding/coding.toml`, [[contradicted]].
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from adapter.coding.rules import CodingRules, Contradiction
from adapter.model import Coding, Finding, Note, Span, primary


def agreeing(findings: Sequence[Finding], note: Note, rules: CodingRules) -> list[Finding]:
    """The findings of a note, each without the codes that are contradicted where it stands."""
    said = [one for one in findings if _is_so(one)]
    return [_agreeing(one, said, note, rules) for one in findings]


def _agreeing(finding: Finding, said: Sequence[Finding], note: Note, rules: CodingRules) -> Finding:
    against = [rule for rule in rules.contradicted if any(_is_of(rule, one) for one in finding.codings)]
    held = [rule for rule in against if _holds(rule, finding, said, note)]
    if not held:
        return finding
    kept = tuple(one for one in finding.codings if not any(_is_of(rule, one) for rule in held))
    return replace(finding, codings=kept)


def _is_so(finding: Finding) -> bool:
    """Whether a finding is the patient's, and there."""
    told = finding.assertion
    return told.experiencer == "patient" and not (told.negated or told.uncertain or told.hypothetical)


def _is_of(rule: Contradiction, coding: Coding) -> bool:
    return coding.system == rule.system and rule.codes.match(coding.code) is not None


def _holds(rule: Contradiction, finding: Finding, said: Sequence[Finding], note: Note) -> bool:
    if rule.languages and primary(note.language_at(finding.start)) not in rule.languages:
        return False
    return any(rule.by.search(text) for text in _words(rule, finding, said, note))


def _words(rule: Contradiction, finding: Finding, said: Sequence[Finding], note: Note) -> Iterator[str]:
    """What may contradict a finding: its own words with those close behind, and other findings about it."""
    behind = note.text[finding.start : finding.end + rule.behind]
    yield " ".join(behind.split("\n\n", maxsplit=1)[0].split())
    if rule.where != "itself":
        whole = Span(start=0, end=len(note.text))
        place = note.sentence_at(finding.start) if rule.where == "sentence" else whole
        yield from (one.text for one in said if place.start <= one.start and one.end <= place.end)
