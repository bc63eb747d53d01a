"""ICD-10 in ClaML (2 or 3): that of the WHO in any language, ICD-10-GM and the French CIM-10.

Chapters and blocks only carry modifiers and context: they are no codes. Fourth and fifth characters that the
file states once, as modifiers, are written out for every category they hold for; a category the file spells
out wins over one that is made. Daggers and asterisks are kept out of the codes, exclusions out of the names.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import Element

from terminology import systems
from terminology.errors import TerminologyError
from terminology.model import Entry, Term
from terminology.sources.reading import Reading
from terminology.sources.xml_reading import XML_LANG, digest, elements, flat, opened

LICENCE_BFARM = "BfArM, official work (section 5 (2) UrhG): redistribution unmodified, with source credit"
Label = tuple[str, str]  # text and language
MOST_CODES = 1_000_000
WANTED = frozenset({"Meta", "Identifier", "Title", "ModifierClass", "Class"})
CODE = re.compile(r"[A-Z]\d[0-9A-Z](\.[0-9A-Z+]{1,4})?")
MARKS = "†‡*!+#.-– "
LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")
BARRED = "excludeOnPrecedingModifier"  # of a ModifierClass: "MODIFIER CHARACTER" that it never follows

# Where a title is a site or a substance, and says what is meant only below the title above it.
BELOW_CATEGORY = (("C00", "D48"), ("T36", "T65"), ("Y40", "Y59"))
BELOW_BLOCK = (("Y40", "Y59"),)
CAUSES = (("V01", "Y98"),)  # what is included in an external cause is no name of it


@dataclass(frozen=True, slots=True, kw_only=True)
class _Edition:
    """One of the ICD-10s."""

    system: str
    marks: re.Pattern[str]  # in what a file says of itself
    language: str
    licence: str
    filler: str  # in the fourth place, where only a fifth is stated


EDITIONS = (
    _Edition(
        system=systems.ICD10GM,
        marks=re.compile(r"icd-?10[- ]?gm|german modification", re.I),
        language="de",
        licence=LICENCE_BFARM,
        filler="X",
    ),
    _Edition(
        system=systems.ICD10FR,
        marks=re.compile(r"cim-?10|icd-?10[- ]?fr|\batih\b", re.I),
        language="fr",
        licence="ATIH and ANS, under the licence of the file; WHO licence required",
        filler="+",
    ),
    _Edition(
        system=systems.ICD10,
        marks=re.compile(r"icd-?10(?![- ]?(am|ca|cm|pcs|se|tm)\b)", re.I),
        language="en",
        licence="WHO licence required",
        filler="X",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ModifiedBy:
    """A modifier as a class names it."""

    code: str
    place: int  # 4 or 5, 0 where it is not said
    valid: frozenset[str] | None  # None where every character is


@dataclass(frozen=True, slots=True, kw_only=True)
class _Applied:
    """A modifier as it comes to a category."""

    code: str
    place: int
    valid: frozenset[str] | None
    own: bool  # named by the category itself
    near: bool  # named by it or a category above it, not by a block or chapter


@dataclass(frozen=True, slots=True, kw_only=True)
class _Character:
    """A ModifierClass: one fourth or fifth character."""

    text: str
    label: str
    barred: frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Class:
    """A Class of the file."""

    code: str
    category: bool
    above: tuple[str, ...]
    modified: tuple[_ModifiedBy, ...]
    excluded: frozenset[str]
    labels: Mapping[str, tuple[Label, ...]]  # by rubric kind
    used: bool  # the publisher has filled it


@dataclass(slots=True, kw_only=True)
class _File:
    """A file as read."""

    path: Path
    about: dict[str, str] = field(default_factory=dict)
    language: str = ""
    classes: dict[str, _Class] = field(default_factory=dict)
    characters: dict[str, list[_Character]] = field(default_factory=dict)  # by modifier
    parents: set[str] = field(default_factory=set)  # categories with categories below
    skipped: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A code in the making."""

    code: str
    label: str
    parent: str
    taken: tuple[tuple[str, str], ...] = ()  # modifiers and their characters so far


def canonical(text: str) -> str:
    """An ICD-10 code with its dot and without dagger, asterisk, ! or dashes; empty where it cannot be one."""
    code = text.strip().rstrip(MARKS).upper()
    if len(code) > 3 and "." not in code:
        code = f"{code[:3]}.{code[3:]}"
    return code if CODE.fullmatch(code) else ""


def read(path: Path | None) -> Reading:
    """Every category of the file and every code its modifiers make."""
    if path is None:
        raise TerminologyError("source claml: needs a path")
    file = _parse(path)
    edition = _edition(file)
    file.language = _language(file.about.get("language", ""), edition.language)
    return Reading(
        name=file.about.get("name", path.name),
        version=file.about.get("version", ""),
        licence=edition.licence,
        sha256=digest(path),
        entries=tuple(_entries(file, edition)),
        skipped=file.skipped,
    )


def _edition(file: _File) -> _Edition:
    told = " ".join(file.about.get(key, "") for key in ("name", "uid", "title"))
    found = next((edition for edition in EDITIONS if edition.marks.search(told)), None)
    if found is None:
        raise TerminologyError(f"{file.path}: the title names neither ICD-10, ICD-10-GM nor CIM-10")
    return found


def _parse(path: Path) -> _File:
    file = _File(path=path)
    with opened(path, ".xml", "claml") as stream:
        for tag, element in elements(path, stream, "ClaML", WANTED):
            if tag == "Class":
                _add(file, element)
            elif tag == "ModifierClass":
                file.characters.setdefault(element.get("modifier", ""), []).append(_character(element))
            else:
                _tell(file.about, tag, element)
    for one in file.classes.values():
        file.parents.update(code for code in one.above if one.category)
    return file


def _tell(about: dict[str, str], tag: str, element: Element) -> None:
    """What the head of the file says of it; the first word on a matter counts."""
    told = {"language": element.get(XML_LANG, "")}
    if tag == "Title":
        told |= {
            "title": flat(element),
            "name": element.get("name", ""),
            "version": element.get("version", ""),
        }
    elif tag == "Identifier":
        told["uid"] = f"{element.get('authority', '')} {element.get('uid', '')}"
    elif tag == "Meta" and element.get("name") == "lang":
        told["language"] = element.get("value", "")
    for key, value in told.items():
        if value.strip():
            about.setdefault(key, value.strip())


def _add(file: _File, element: Element) -> None:
    code = element.get("code", "").strip()
    category = element.get("kind") == "category"
    if not code or (code in file.classes and not (category and not file.classes[code].category)):
        file.skipped += 1
        return
    metas = {meta.get("name"): meta.get("value") for meta in element.findall("Meta")}
    file.classes[code] = _Class(
        code=code,
        category=category,
        above=tuple(above.get("code", "") for above in element.findall("SuperClass")),
        modified=tuple(_modified_by(one) for one in element.findall("ModifiedBy")),
        excluded=frozenset(one.get("code", "") for one in element.findall("ExcludeModifier")),
        labels=_labels(element),
        used=metas.get("Content") != "N",  # ICD-10-GM: codes kept free for later
    )


def _modified_by(element: Element) -> _ModifiedBy:
    code = element.get("code", "")
    place = element.get("position", "") or code.rpartition("_")[2]
    valid = frozenset(one.get("code", "") for one in element.findall("ValidModifierClass"))
    every = not valid and element.get("all", "true") != "false"
    return _ModifiedBy(
        code=code, place=int(place) if place in {"4", "5"} else 0, valid=None if every else valid
    )


def _character(element: Element) -> _Character:
    barred = (meta.get("value", "").split() for meta in element.findall("Meta") if meta.get("name") == BARRED)
    labels = _labels(element)
    label = labels.get("preferred", ()) or labels.get("preferredLong", ())
    return _Character(
        text=element.get("code", "").strip(),
        label=label[0][0] if label else "",
        barred=frozenset((pair[0], pair[1]) for pair in barred if len(pair) == 2),
    )


def _labels(element: Element) -> dict[str, tuple[Label, ...]]:
    found: dict[str, tuple[Label, ...]] = {}
    for rubric in element.findall("Rubric"):
        kind = rubric.get("kind", "")
        texts = ((flat(label), label.get(XML_LANG, "")) for label in rubric.findall("Label"))
        found[kind] = found.get(kind, ()) + tuple(label for label in texts if label[0])
    return found


def _entries(file: _File, edition: _Edition) -> Iterator[Entry]:
    """Every usable category, followed by what its modifiers make of it; the rest is counted."""
    taken = {canonical(one.code) for one in file.classes.values() if one.category}
    given: set[str] = set()
    for one in file.classes.values():
        code = canonical(one.code)
        if not one.category:
            continue
        if not (code and code not in given and one.used and _title(file, one)[0]):
            file.skipped += 1
            continue
        given.add(code)
        above = [canonical(up) for up in one.above if up in file.classes and file.classes[up].category]
        yield _entry(file, edition, code, _terms(file, one), tuple(up for up in above if up and up != code))
        for made in _expanded(file, one, edition.filler, taken):
            term = Term(text=made.label, language=file.language, preferred=True)
            yield _entry(file, edition, made.code, (term,), (made.parent,))


def _entry(
    file: _File, edition: _Edition, code: str, terms: tuple[Term, ...], parents: tuple[str, ...]
) -> Entry:
    version = file.about.get("version")
    return Entry(system=edition.system, code=code, kind=None, terms=terms, version=version, parents=parents)


def _language(told: str, default: str) -> str:
    told = told.lower().replace("_", "-")
    return told if LANGUAGE.fullmatch(told) else default


def _named(file: _File, one: _Class, *kinds: str) -> list[Label]:
    """What a class is called in some rubrics, the language of the file first."""
    labels = [label for kind in kinds for label in one.labels.get(kind, ())]
    named = [(text, _language(tag, file.language)) for text, tag in labels]
    return sorted(named, key=lambda label: label[1] != file.language)


def _terms(file: _File, one: _Class) -> tuple[Term, ...]:
    """The title, its translations, and what is included where the title stands alone."""
    title, short = _title(file, one), _named(file, one, "preferred")
    others = _named(file, one, "preferredLong")
    if title in short:
        others += short
        if not _within(one.code, CAUSES):
            others += _named(file, one, "inclusion", "index")
    terms = dict.fromkeys([title, *others])
    return tuple(Term(text=text, language=tag, preferred=(text, tag) == title) for text, tag in terms)


def _title(file: _File, one: _Class) -> Label:
    """The name of a class as it can stand alone: the long one, or below the title above where it must be."""
    long, short = _named(file, one, "preferredLong"), _named(file, one, "preferred")
    title = (long or short or [("", file.language)])[0]
    above = file.classes.get(one.above[0]) if one.above else None
    if long or not title[0] or above is None or not _dependent(one, above):
        return title
    context = _title(file, above)[0]
    head = context.casefold()[:5]
    return title if not head or head in title[0].casefold() else (f"{context}: {title[0]}", title[1])


def _dependent(one: _Class, above: _Class) -> bool:
    if above.category:
        return len(above.code) < len(one.code) and _within(one.code, BELOW_CATEGORY)
    return one.category and _within(one.code, BELOW_BLOCK)


def _within(code: str, spans: tuple[tuple[str, str], ...]) -> bool:
    return any(first <= code[:3] <= last for first, last in spans)


def _expanded(file: _File, one: _Class, filler: str, taken: set[str]) -> Iterator[_Made]:
    """The codes that modifiers make of a category, those of the fourth place before those of the fifth."""
    code = canonical(one.code)
    leaf = one.code not in file.parents
    bases = [_Made(code=code, label=_title(file, one)[0], parent=code)]
    for applied in _applied(file, one):
        made = []
        for base in bases:
            for character in file.characters.get(applied.code, ()):
                whole = _extended(base, applied, character, leaf, filler)
                if whole and whole not in taken:
                    taken.add(whole)
                    made.append(_further(base, whole, applied, character))
        if len(taken) > MOST_CODES:
            raise TerminologyError(f"{file.path}: modifiers make more than {MOST_CODES} codes")
        yield from made
        bases = made or bases


def _applied(file: _File, one: _Class) -> list[_Applied]:
    """The modifiers of a category, its own and those from above that nothing between excludes."""
    found: dict[str, _Applied] = {}
    excluded: set[str] = set()
    seen: set[str] = set()
    near, node = True, one
    while node.code not in seen:
        seen.add(node.code)
        excluded |= node.excluded
        near = near and node.category
        for by in node.modified:
            if by.code not in excluded:
                place = by.place or _place(file, by.code)
                found.setdefault(
                    by.code, _Applied(code=by.code, place=place, valid=by.valid, own=node is one, near=near)
                )
        node = next((file.classes[above] for above in node.above if above in file.classes), node)
    return sorted(found.values(), key=lambda applied: applied.place)


def _place(file: _File, modifier: str) -> int:
    """Where a modifier stands that does not say so: a character with a dot comes fourth."""
    return 4 if all(one.text.startswith(".") for one in file.characters.get(modifier, ())) else 5


def _extended(base: _Made, applied: _Applied, character: _Character, leaf: bool, filler: str) -> str:
    """The code with one more character, or nothing where the two do not go together."""
    text, dotted = character.text, "." in base.code
    if applied.valid is not None and text not in applied.valid:
        return ""
    if any(pair in base.taken or base.code[3:] == pair[1] for pair in character.barred):
        return ""
    if text.startswith("."):
        whole = base.code + text if not dotted and (leaf or applied.own) else ""
    elif dotted:
        whole = base.code + text if applied.place == 5 or applied.near else ""
    elif leaf:
        whole = f"{base.code}.{'' if applied.place == 4 else filler}{text}"
    else:
        whole = ""
    return whole if CODE.fullmatch(whole) else ""


def _further(base: _Made, whole: str, applied: _Applied, character: _Character) -> _Made:
    label = f"{base.label}, {character.label}" if character.label else base.label
    return _Made(
        code=whole, label=label, parent=base.code, taken=(*base.taken, (applied.code, character.text))
    )
