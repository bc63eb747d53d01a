"""A finding -> the wordings under which a terminology may know it, most precise first."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from adapter.coding.rules import CodingRules
from adapter.model import Finding

_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[^\W_](?:[\w.&/-]*[^\W_])?\.?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Words to look for, and whether they say less than the note."""

    text: str
    broader: bool


def of(finding: Finding, rules: CodingRules, languages: Sequence[str] = ()) -> list[Wording]:
    """The wordings of a finding, each once; first those with abbreviations of these languages written out."""
    name = _SPACE.sub(" ", finding.text).strip()
    meant = _meant(rules, languages)
    whole = _WORD.sub(lambda word: meant.get(word[0], word[0]), name) if meant else name
    return list(
        dict.fromkeys(one for text in dict.fromkeys((whole, name)) for one in _all(finding, text, rules))
    )


def _meant(rules: CodingRules, languages: Sequence[str]) -> dict[str, str]:
    """What abbreviations mean; of two languages that know one, the first decides."""
    tables = [rules.abbreviations.get(one, {}) for one in languages or rules.abbreviations]
    return {short: long for table in reversed(tables) for short, long in table.items()}


def _all(finding: Finding, name: str, rules: CodingRules) -> Iterator[Wording]:
    core = _core(name, rules.broaden.get(finding.kind, frozenset()))
    yield from _with_site(finding, core, rules)
    yield Wording(text=name, broader=False)
    if core != name:
        yield Wording(text=core, broader=True)
    if finding.kind == "medication":
        ingredient = _cut(name, rules)
        if ingredient and ingredient != name:
            yield Wording(text=ingredient, broader=True)


def _with_site(finding: Finding, core: str, rules: CodingRules) -> Iterator[Wording]:
    sites = [attribute for attribute in finding.attributes if attribute.kind == "body_site"]
    if len(sites) != 1 or finding.kind not in rules.site.kinds:
        return
    site = _SPACE.sub(" ", sites[0].text)
    bare = _core(site, rules.broaden.get(finding.kind, frozenset()))
    for text in dict.fromkeys((site, bare)):
        for form in rules.site.forms:
            yield Wording(text=form.format(site=text, name=core), broader=text != site)


def _core(name: str, words: frozenset[str]) -> str:
    """The name without words at its ends that only place or grade it."""
    parts = name.split(" ")
    while len(parts) > 1:
        size = next(
            (n for n in (2, 1) if len(parts) > n and " ".join(parts[:n]).lower().strip(",") in words), 0
        )
        if size:
            parts = parts[size:]
        elif parts[-1].lower() in words:
            parts = parts[:-1]
        else:
            break
    return " ".join(parts).strip(" ,")


def _cut(name: str, rules: CodingRules) -> str:
    for pattern in rules.ingredient.cut:
        name = pattern.sub(" ", name)
    return _SPACE.sub(" ", name).strip(" ,;")
