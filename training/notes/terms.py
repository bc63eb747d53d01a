"""Core tables, ICD title lists and the language's own lists -> pools of terms to choose from."""

import csv
import gzip
import random
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from training.gold.markup import SYSTEMS
from training.notes.content import DATA, Content, parts
from training.notes.grammar import Grammar, Noun
from training.notes.template import Choice, ContentError, Nodes, parse
from training.vocabulary import CORE, LEADING, STRENGTH

COLUMNS = {"snomed": "sct", "icd10cm": "icd10cm", "rxnorm": "rxnorm", "atc": "atc"}
MARKED = re.compile(r"^(.*?)\s+~([mfnp0]+)$")
TITLE = re.compile(
    r"[(),;:/\[\]]| - |\d{3}"
    r"|\b(?:other|unspecified|elsewhere|autres?|sans|précisé\w*|sonstige\w*|nicht|andere|overige)\b",
    re.I,
)
COMMON, OWN, CORE_ROWS, TITLES = 5.0, 4.0, 5.0, 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A name to write down, of one kind, with its codes."""

    kind: str
    noun: Noun
    row: str = ""  # the English name of its Core row
    codings: tuple[tuple[str, str], ...] = ()
    nodes: Nodes | None = None  # what it is made of, where it is a template


@dataclass(frozen=True, kw_only=True)
class Patients:
    """Which Core rows only some patients have."""

    only: Mapping[str, re.Pattern[str]]  # by sex
    never: Mapping[str, re.Pattern[str]]  # by age
    _known: dict[str, frozenset[str]] = field(default_factory=dict)

    def suits(self, term: Term, who: str) -> bool:
        """Whether such a patient ("m child", "f adult", "m old") may have it."""
        name = term.row or term.noun.text
        if name not in self._known:
            self._known[name] = frozenset(self._not_of(name))
        sex, _, age = who.partition(" ")
        shut = self._known[name]
        return sex not in shut and age not in shut and not (age == "old" and "adult" in shut)

    def _not_of(self, name: str) -> Iterator[str]:
        """The sexes and ages that never have it."""
        yield from ("f" if sex == "m" else "m" for sex, words in self.only.items() if words.search(name))
        yield from (age for age, words in self.never.items() if words.search(name))


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What decides whether a term fits a slot."""

    grammar: Grammar
    patients: Patients


@dataclass(slots=True, kw_only=True)
class Pool:
    """Terms in tiers, each with its weight."""

    kind: str
    tiers: list[tuple[float, list[Term]]] = field(default_factory=list)
    _forms: dict[tuple[str, bool], list[list[Term]]] = field(default_factory=dict)
    _fit: dict[tuple[str, str, bool], tuple[list[float], list[list[Term]]]] = field(default_factory=dict)

    def choose(self, dice: random.Random, rules: Rules, *, form: str, who: str, adjective: bool) -> Term:
        """A term that is known in the form and suits the patient. Raises ContentError where there is none."""
        key = (form, who, adjective)
        if key not in self._fit:
            self._fit[key] = self._fitting(rules, form, who, adjective)
        weights, tiers = self._fit[key]
        if not tiers:
            raise ContentError(f"no {self.kind} is known in the form {form or 'as it is'}")
        at, rest = 0, dice.random() * weights[-1]
        while rest > weights[at]:
            at += 1
        tier = tiers[at]
        return tier[int(dice.random() * len(tier))]

    def _fitting(
        self, rules: Rules, form: str, who: str, adjective: bool
    ) -> tuple[list[float], list[list[Term]]]:
        weights: list[float] = []
        tiers: list[list[Term]] = []
        known = self._known(rules.grammar, form, adjective)
        for (weight, _), terms in zip(self.tiers, known, strict=True):
            fit = [term for term in terms if rules.patients.suits(term, who)]
            if fit:
                weights.append(weight + (weights[-1] if weights else 0))
                tiers.append(fit)
        return weights, tiers

    def _known(self, grammar: Grammar, form: str, adjective: bool) -> list[list[Term]]:
        """The terms of each tier that are known in the form."""
        if not form and not adjective:
            return [terms for _, terms in self.tiers]
        if (form, adjective) not in self._forms:
            words = ["x"] if adjective else []
            self._forms[form, adjective] = [
                [term for term in terms if grammar.inflect(term.noun, form, words, "f")]
                for _, terms in self.tiers
            ]
        return self._forms[form, adjective]


@dataclass(kw_only=True)
class Terms:
    """All pools of a language."""

    pools: dict[str, Pool]
    rules: Rules
    figures: Mapping[str, Mapping[str, Any]]


def shared(folder: Path = DATA / "shared") -> dict[str, dict[str, Any]]:
    """The tables that all languages have in common."""
    tables: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.toml")):
        for table, rows in tomllib.loads(path.read_text("utf-8")).items():
            tables.setdefault(table, {}).update(rows)
    return tables


def load(content: Content, grammar: Grammar, *, core: Path = CORE, titles: Path | None = None) -> Terms:
    """The pools: every kind, the shared lists of Core rows, and the language's own lists."""
    genders = {ending: gender for gender, endings in content.gender.items() for ending in endings}
    tables = shared()
    never = {kind: re.compile(words, re.I) for kind, words in tables["core"].items()}
    maker = _Maker(content=content, grammar=grammar, genders=genders, never=never)
    rows = {
        key: found for path in sorted(core.glob("*.tsv")) for key, found in maker.core(path, core).items()
    }
    pools: dict[str, Pool] = {}
    for (kind, _), terms in rows.items():
        pool = pools.setdefault(kind, Pool(kind=kind, tiers=[(CORE_ROWS, [])]))
        pool.tiers[0][1].extend(terms)
    for name, table in tables["pools"].items():
        kind = table["kind"]
        listed = [term for one in parts(table["rows"]) for term in rows.get((kind, one), ())]
        pool = pools.setdefault(name, Pool(kind=kind))
        pool.tiers.append((COMMON, listed))
    by_name = {(term.kind, term.noun.text.lower()): term for terms in rows.values() for term in terms}
    for name, (kind, lines) in content.mentions.items():
        pool = pools.setdefault(name, Pool(kind=kind))
        pool.tiers.append((OWN, [maker.own(line, kind, by_name) for line in lines]))
    if titles:
        pools["condition"].tiers.append((TITLES, list(maker.titles(titles))))
    found = tables["patients"]
    patients = Patients(
        only={sex: re.compile(words, re.I) for sex, words in found["only"].items()},
        never={age: re.compile(words, re.I) for age, words in found["not"].items()},
    )
    rules = Rules(grammar=grammar, patients=patients)
    return Terms(pools=pools, rules=rules, figures=tables)


@dataclass(kw_only=True)
class _Maker:
    content: Content
    grammar: Grammar
    genders: Mapping[str, str]
    never: Mapping[str, re.Pattern[str]]

    def core(self, path: Path, folder: Path) -> dict[tuple[str, str], list[Term]]:
        """The terms of a Core table in the language, by kind and row; the usual name counts twice."""
        language = self.content.language
        names: dict[tuple[str, str], list[str]] = {}
        if language != "en":
            for row in table(folder / "names" / language / path.name):
                names[row["kind"], row["name"]] = row["names"].split("|")
        found: dict[tuple[str, str], list[Term]] = {}
        for row in table(path):
            key = (row["kind"], row["name"])
            if row["kind"] in self.never and self.never[row["kind"]].search(row["name"]):
                continue
            own = (
                [row["name"], *filter(None, row["synonyms"].split("|"))]
                if language == "en"
                else names.get(key, [])
            )
            codings = tuple((SYSTEMS[COLUMNS[one]], row[one]) for one in COLUMNS if row.get(one))
            kept = [name for name in own if self._fits(name, row["kind"])]
            if kept:
                found[key] = [self._term(name, *key, codings) for name in [kept[0], *kept]]
        return found

    def _fits(self, name: str, kind: str) -> bool:
        """Whether a name can stand where a template asks for one."""
        if (
            self.content.language == "en"
            and kind in ("condition", "finding", "procedure")
            and LEADING.match(name)
        ):
            return False
        if kind == "medication" and STRENGTH.search(name):
            return False
        shut = self.content.grammar.get(f"not_{kind}", ())
        return name not in shut and not (kind == "finding" and self._adjective(name))

    def _adjective(self, name: str) -> bool:
        if self.content.language == "de":
            return not re.search(r"(?:^|[ -])[A-ZÄÖÜ0-9]", name)
        endings = self.content.grammar.get("adjective_endings", ())
        return bool(endings) and name.rsplit(" ", maxsplit=1)[-1].endswith(tuple(endings)) and " " not in name

    def _term(self, name: str, kind: str, row: str, codings: tuple[tuple[str, str], ...]) -> Term:
        return Term(kind=kind, noun=self.grammar.noun(name, self.genders), row=row, codings=codings)

    def own(self, line: str, kind: str, by_name: Mapping[tuple[str, str], Term]) -> Term:
        """A term of the language's own lists; `~f` after it is its gender, `~0` says it is not inflected."""
        marked = MARKED.match(line)
        text, gender = (marked[1], marked[2]) if marked else (line, None)
        known = by_name.get((kind, text.lower()))
        nodes = parse(text)
        plain = first(nodes).strip() or text
        if gender:
            noun = Noun(text=plain, gender=None if gender == "0" else gender)
        else:
            noun = self.grammar.noun(plain, self.genders)
        made = None if all(isinstance(node, str) for node in nodes) else nodes
        row, codings = (known.row, known.codings) if known else ("", ())
        return Term(kind=kind, noun=noun, row=row, codings=codings, nodes=made)

    def titles(self, folder: Path) -> Iterator[Term]:
        """The conditions of ICD title lists in the language that read like words of a note."""
        for path in sorted(folder.iterdir()):
            if f"-{self.content.language}." not in path.name or "icd" not in path.name.replace(
                "cim10", "icd10"
            ):
                continue
            system = SYSTEMS["icd10cm" if "icd10cm" in path.name else "icd10"]
            for code, title in _titles(path):
                if code[:1] in "VWXYZURSTO" or not 4 < len(title) < 45 or TITLE.search(title):
                    continue
                yield self._term(_lowered(title, self.content.language), "condition", "", ((system, code),))


def first(nodes: Nodes) -> str:
    """What a template says with the first option of each choice, and its slots left out."""
    return "".join(
        node if isinstance(node, str) else first(node.options[0]) if isinstance(node, Choice) else ""
        for node in nodes
    )


def _titles(path: Path) -> Iterator[tuple[str, str]]:
    """(code with its point, title) of a list: CSV or TSV with a header that has `code` and a title."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as file:
        head = file.readline()
        mark = "\t" if "\t" in head else ","
        columns = head.rstrip("\n").split(mark)
        title = next(
            (name for name in ("long", "title", "label", "term", "display") if name in columns), None
        )
        if "code" not in columns or title is None:
            raise ContentError(f"{path.name}: no column with codes and titles")
        for row in csv.DictReader(file, fieldnames=columns, delimiter=mark):
            code = row["code"]
            yield code if "." in code or len(code) < 4 else f"{code[:3]}.{code[3:]}", row[title]


def _lowered(title: str, language: str) -> str:
    """The title as it stands inside a sentence."""
    if language == "de" and not re.match(r"[A-ZÄÖÜ]\w+(?:e|er|es) [A-ZÄÖÜ]", title):
        return title
    head = title.split(" ", maxsplit=1)[0]
    return title if any(letter.isupper() for letter in head[1:]) else title[:1].lower() + title[1:]


def table(path: Path) -> Iterator[Mapping[str, str]]:
    """The rows of a tab separated table; none where there is no such file."""
    if path.exists():
        head, *rows = path.read_text("utf-8").splitlines()
        columns = head.split("\t")
        for row in rows:
            yield dict(zip(columns, [*row.split("\t"), *[""] * len(columns)], strict=False))


def missing(core: Path = CORE) -> Sequence[str]:
    """The entries of the shared lists that are no row of Core."""
    known = {(row["kind"], row["name"]) for path in core.glob("*.tsv") for row in table(path)}
    return [
        f"{name}: {one}"
        for name, found in shared()["pools"].items()
        for one in parts(found["rows"])
        if (found["kind"], one) not in known
    ]
