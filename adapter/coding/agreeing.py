"""Codes that the note itself contradicts: they are taken from a finding that other words of it rule out.

The code of a name is what to report when no more is known; where the note says more, it may say otherwise.
What contradicts what is in `mappings/coding/coding.toml`, [[contradicted]]. Without a note there are the own
words of the finding alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from adapter.coding.rules import CodingRules, Contradiction
from adapter.model import Coding, Finding, Note, Span, primary


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What a finding stands in."""

    languages: tuple[str, ...] = ()  # of the names that may match, its own first
    note: Note | None = None
    findings: Sequence[Finding] = ()  # of the note


def agreeing(finding: Finding, around: Around, rules: CodingRules) -> Finding:
    """The finding without the codes that are contradicted where it stands."""
    against = [rule for rule in rules.contradicted if any(_is_of(rule, one) for one in finding.codings)]
    held = [rule for rule in against if _holds(rule, finding, around)]
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


def _holds(rule: Contradiction, finding: Finding, around: Around) -> bool:
    if rule.languages and _language(finding, around) not in rule.languages:
        return False
    if rule.unless is not None and rule.unless.search(finding.text):
        return False
    return any(rule.by.search(text) for text in _words(rule, finding, around))


def _language(finding: Finding, around: Around) -> str:
    if around.note is not None:
        return primary(around.note.language_at(finding.start))
    return around.languages[0] if around.languages else ""


def _words(rule: Contradiction, finding: Finding, around: Around) -> Iterator[str]:
    """What may contradict a finding: its own words with those close behind, and other findings about it."""
    yield " ".join(finding.text.split())
    if around.note is None:
        return
    sentence = around.note.sentence_at(finding.start)
    yield " ".join(around.note.text[finding.start : _behind(rule, finding, sentence, around)].split())
    if rule.where != "itself":
        whole = Span(start=0, end=len(around.note.text))
        place = sentence if rule.where == "sentence" else whole
        near = (one for one in around.findings if place.start <= one.start and one.end <= place.end)
        yield from (one.text for one in near if _is_so(one))


def _behind(rule: Contradiction, finding: Finding, sentence: Span, around: Around) -> int:
    """Where the words close behind end: in its sentence, and before what is denied or another person's."""
    end = max(finding.end, min(finding.end + rule.behind, sentence.end))
    others = (one.start for one in around.findings if finding.end <= one.start < end and not _is_so(one))
    return min([end, *others])
