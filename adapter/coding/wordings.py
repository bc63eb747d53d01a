"""A finding -> the wordings under which a terminology may know it, most precise first."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from adapter.coding.rules import CodingRules
from adapter.model import Finding

_SPACE = re.compile(r"\s+")
_WORD = re.compile(r"[^\W_](?:[\w.&/-]*[^\W_])?\.?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Words to look for, and whether they say less than the note."""

    text: str
    broader: bool
    lost: Literal["", "course", "site"] = ""  # that a classification tells codes apart by


def of(finding: Finding, rules: CodingRules, languages: Sequence[str] = ()) -> list[Wording]:
    """The wordings of a finding, each once; first those with abbreviations of these languages written out."""
    name = _SPACE.sub(" ", finding.text).strip()
    meant = _meant(rules, languages)
    whole = _WORD.sub(lambda word: meant.get(word[0], word[0]), name) if meant else name
    return list(
        dict.fromkeys(
            one for text in dict.fromkeys((whole, name)) for one in _all(finding, text, rules, languages)
        )
    )


def coarse(finding: Finding, rules: CodingRules, is_site: Callable[[str], bool]) -> Iterator[Wording]:
    """Wordings without what a classification would need: course and stage first, then the site too.

    None for what is denied: "no acute fracture" does not say that there is no fracture.
    """
    if finding.kind not in rules.coarse.kinds or finding.assertion.negated:
        return
    words = rules.broaden.get(finding.kind, frozenset())
    name = _SPACE.sub(" ", finding.text).strip()
    bare = _core(_without(name, rules.coarse.cut), words)
    if bare != name and len(bare) >= rules.coarse.shortest:
        yield Wording(text=bare, broader=True, lost="course")
    for text in dict.fromkeys((name, bare)):
        for one in _siteless(text, rules, is_site, words):
            rest = _core(_without(one, rules.coarse.cut), words)
            if _anywhere(rest, rules):
                yield Wording(text=rest, broader=True, lost="site")


def _anywhere(name: str, rules: CodingRules) -> bool:
    """Whether a name means the same at any site, by how it ends."""
    plain = name.casefold()
    forms = (plain, plain.removesuffix("s"))
    return any(f" {form}".endswith(" " + end) for form in forms for end in rules.coarse.anywhere)


def _without(name: str, patterns: Sequence[re.Pattern[str]]) -> str:
    for pattern in patterns:
        name = pattern.sub(" ", name)
    return _SPACE.sub(" ", name).strip(" ,;-")


def _siteless(
    name: str, rules: CodingRules, is_site: Callable[[str], bool], words: frozenset[str]
) -> Iterator[str]:
    """The name without the body site before or behind it: "wrist injury", "injury of the wrist"."""
    parts = name.split(" ")
    for size in range(min(len(parts) - 1, rules.coarse.longest_site), 0, -1):
        if is_site(_core(" ".join(parts[:size]), words)):
            yield " ".join(parts[size:])
    for pattern in rules.coarse.behind:
        match = pattern.fullmatch(name)
        if match and is_site(_core(match["site"], words)):
            yield match["name"]


def _meant(rules: CodingRules, languages: Sequence[str]) -> dict[str, str]:
    """What abbreviations mean; of two languages that know one, the first decides."""
    tables = [rules.abbreviations.get(one, {}) for one in languages or rules.abbreviations]
    return {short: long for table in reversed(tables) for short, long in table.items()}


def _all(finding: Finding, name: str, rules: CodingRules, languages: Sequence[str]) -> Iterator[Wording]:
    core = _core(name, rules.broaden.get(finding.kind, frozenset()))
    yield from _with_site(finding, core, rules, languages)
    yield Wording(text=name, broader=False)
    if core != name:
        yield Wording(text=core, broader=True)
    sideless = _sideless(core, rules)
    if sideless and sideless != core and finding.kind in rules.coarse.kinds:
        yield Wording(text=sideless, broader=True)
    if finding.kind == "medication":
        ingredient = _cut(name, rules)
        if ingredient and ingredient != name:
            yield Wording(text=ingredient, broader=True)


def _with_site(
    finding: Finding, core: str, rules: CodingRules, languages: Sequence[str]
) -> Iterator[Wording]:
    sites = [attribute for attribute in finding.attributes if attribute.kind == "body_site"]
    if len(sites) != 1 or finding.kind not in rules.site.kinds:
        return
    site = _SPACE.sub(" ", sites[0].text)
    bare = _sideless(_core(site, rules.broaden.get(finding.kind, frozenset())), rules)
    forms = [form for one in languages or rules.site.forms for form in rules.site.forms.get(one, ())]
    for text in filter(None, dict.fromkeys((site, bare))):  # of "both sides" without its side nothing is left
        for form in forms:
            yield Wording(text=form.format(site=text, name=core), broader=text != site)


def _sideless(name: str, rules: CodingRules) -> str:
    return " ".join(word for word in name.split(" ") if word.casefold() not in rules.inside)


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
    return _without(name, rules.ingredient.cut)
