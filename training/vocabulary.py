"""Term lists -> terms by kind: our own lists, the Core table, and reference lists of a folder."""

import gzip
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

DATA = Path(__file__).parent / "data"
CORE = Path(__file__).parents[1] / "terminology" / "data" / "core"
KINDS = (
    "condition", "finding", "medication", "procedure", "test", "result", "body_site", "social",
    "age", "gender", "dose", "route", "frequency", "duration", "form",
)  # fmt: skip
WORD = re.compile(r"[^\W_]+")
TAGGED = re.compile(r"^(.*) \(([^()]+)\)$")
TAG_KINDS = {
    "disorder": "condition",
    "finding": "finding",
    "morphologic abnormality": "condition",
    "procedure": "procedure",
    "regime/therapy": "procedure",
    "body structure": "body_site",
    "medicinal product": "medication",
    "product": "medication",
}
MEASURING = re.compile(
    r"\b(imaging|radiograph\w*|x-ray|tomography|ultraso\w+|sonograph\w*|scan|mri"
    r"|echocardiogra\w+|electrocardiogra\w+"
    r"|measurement|count|screening|test|level|culture|analysis|angiogra\w+|mammogra\w+|spirometry|monitoring"
    r"|electroencephalogra\w+|electromyogra\w+|assay|panel|titer|urinalysis|oximetry)\b"
)
LEADING = re.compile(
    r"(?:left|right|bilateral)(?! (?:ventric|bundle|atri|heart|upper|lower|axis|anterior fasc"
    r"|sided heart|salpingo))"
    r"|(?:mild|moderate|severe|no|history of|personal history of"
    r"|status post|previous|prior|on examination)\b(?! (?:cognitive|acute respiratory))",
    re.I,
)
STRENGTH = re.compile(r"\d\s?(?:mg|mcg|ml|units?|%)\b|[a-z] \d+$", re.I)
AUXILIARY = re.compile(r"(?:is|does|has|was|are|allergic to|allergy to) (?!two children)", re.I)
SCOPE = re.compile(r"oscopy\b|ectomy\b|biopsy|plasty\b|otomy\b|counseling")
SIGN = re.compile(
    r"\b(pain|ache|aches|headache|swelling|edema|tenderness|numbness|weakness|cough|fever|nausea"
    r"|vomiting|rash|dyspnea|tremor|murmur|bruit"
    r"|\w+(?:algia|uria|pnea|phagia|rrhea|rrhagia|cardia|megaly|esthesia|plegia|opsia)|spasm"
    r"|cramps?|discharge|bleeding"
    r"|itching|dizziness|fatigue|loss|incontinence|stiffness|discomfort|difficulty|breathing"
    r"|sweats?|palpitations?|wheez\w+)\b"
)
DRUG_HEADS = re.compile(
    r"\b(oral|tablet|capsule|injection|injectable|mg|ml|mcg|unt|actuat|solution|hr|spray|pack"
    r"|meq|suspension|inhaler|ointment|cream|gel|patch"
    r"|topical|nda\d+|transdermal|system|ophthalmic|mucosal|prefilled|syringe|day|nasal|implant"
    r"|auto-injector|metered|dose|vaginal|intraperitoneal|chewable|hour|release|extended|delayed"
    r"|drug|medicated|pen|cartridge|device|product|per|lozenge|film|sublingual|rectal"
    r"|suppository|intrauterine|ring|effervescent|disintegrating|bupivacaine/"
    r"|\d[\d.]*(?:/\w+)?)\b",
    re.I,
)


@dataclass
class Vocabulary:
    """Terms as written, by kind, from lists we trust and lists that need guarding; `words`: every word."""

    trusted: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    guarded: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    words: set[str] = field(default_factory=set)
    refused: set[tuple[str, ...]] = field(default_factory=set)

    def add(self, kind: str, term: str, *, trusted: bool) -> None:
        """Take in one term, unless the guideline leaves it or its first words outside."""
        outside = kind in ("condition", "finding", "procedure") and LEADING.match(term)
        strength = kind == "medication" and STRENGTH.search(term)
        if outside or strength or key(term) in self.refused or AUXILIARY.match(term):
            return
        (self.trusted if trusted else self.guarded)[kind].append(term)
        self.words.update(key(term))


def key(term: str) -> tuple[str, ...]:
    """The words of a term, folded: what two spellings of it share."""
    return tuple(word.lower() for word in WORD.findall(term))


def parts(text: str) -> list[str]:
    """The entries of a comma or line separated list."""
    return [part.strip() for part in text.replace("\n", ",").split(",") if part.strip()]


def table(name: str) -> dict:
    """One data file of this package."""
    return tomllib.loads((DATA / name).read_text("utf-8"))


def load(terminology: Path | None = None, core: Path = CORE) -> Vocabulary:
    """All terms: own lists and Core trusted, reference lists (folder `terminology`) guarded."""
    vocabulary = Vocabulary(refused={key(term) for term in parts(table("distant.toml")["refused"])})
    for kind, terms in table("vocabulary.toml").items():
        for term in parts(terms):
            vocabulary.add(kind, term, trusted=True)
    for kind, term in core_terms(core):
        vocabulary.add(kind, term, trusted=True)
    if terminology is not None:
        add_reference(vocabulary, terminology)
    return vocabulary


def core_terms(folder: Path) -> Iterator[tuple[str, str]]:
    """(kind, term) of every name and synonym of the Core table."""
    for path in sorted(folder.glob("*.tsv")):
        head, *rows = path.read_text("utf-8").splitlines()
        columns = head.split("\t")
        for row in rows:
            cells = dict(zip(columns, row.split("\t"), strict=False))
            kind = cells.get("kind", "")
            if kind in KINDS:
                yield from (
                    (kind, term) for term in [cells["name"], *cells.get("synonyms", "").split("|")] if term
                )


def add_reference(vocabulary: Vocabulary, folder: Path) -> None:
    """Take in the reference lists that lie in `folder`; words of all kinds count as terminology words."""
    for name in ("snomed-gps-2020-09.tsv.gz", "synthea-codes.tsv.gz"):
        for system, display in displays(folder / name):
            vocabulary.words.update(key(display))
            if system.endswith("rxnorm"):
                for drug in ingredients(display):
                    vocabulary.add("medication", drug, trusted=False)
            elif found := snomed_term(display):
                vocabulary.add(*found, trusted=False)


def displays(path: Path) -> Iterator[tuple[str, str]]:
    """(system, display) of each row of a code list."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        next(lines)
        for line in lines:
            system, _, display = line.rstrip("\n").split("\t")[:3]
            yield system, display


def snomed_term(display: str) -> tuple[str, str] | None:
    """Kind and plain term of a display with its semantic tag; None when the tag says nothing for us."""
    match = TAGGED.match(display)
    if not match or match[2] not in TAG_KINDS or re.search(r"\band/or\b|\bOR\b|[,:;]", match[1], re.I):
        return None
    term, kind = match[1], TAG_KINDS[match[2]]
    if kind == "finding" and not SIGN.search(term.lower()):
        return None
    if kind == "procedure" and MEASURING.search(term.lower()) and not SCOPE.search(term.lower()):
        kind = "test"
    if kind == "body_site":
        term = re.sub(r"^(Entire|Structure of)\s+|\s+structure$|\bstructure of\s+", "", term, flags=re.I)
    if kind == "medication":
        term = re.sub(r"^Product containing (only )?", "", term, flags=re.I)
    return kind, term


def ingredients(display: str) -> list[str]:
    """The drug names in an RxNorm display: ingredients and the brand in brackets."""
    brand = re.findall(r"\[([^\]]+)\]", display)
    plain = DRUG_HEADS.sub("|", re.sub(r"\[[^\]]+\]", "", display)).replace(" / ", "|")
    names = [part.strip(" -,/{}()") for part in plain.split("|")]
    return [name for name in [*names, *brand] if len(name) > 4 and not re.search(r"\d", name)]
