"""The nouns every stage speaks: what a note, a mention, a finding and a step are.

Values only: frozen, keyword-only, no behaviour beyond small derived facts. Offsets everywhere are
half-open and count Unicode code points of `Note.text` (Python `str` indices), never bytes and never
UTF-16 units. Identity and storage live elsewhere.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

Resource = dict[str, Any]
"""A FHIR resource or element as the JSON object it is on the wire."""

T = TypeVar("T")

Severity = Literal["fatal", "error", "warning", "information"]
Experiencer = Literal["patient", "family", "other"]
Side = Literal["left", "right", "both"]

KINDS = (
    "condition",
    "finding",
    "medication",
    "procedure",
    "test",
    "result",
    "body_site",
    "social",
    "age",
    "gender",
    "dose",
    "route",
    "frequency",
    "duration",
    "form",
    "date",
    "reason",
)
"""What an engine may find in a note; `docs/glossary.md` says what each means."""

DICTIONARY = "dictionary"
"""The source of mentions that are a name of the terminology store."""

FLAGS = ("negated", "ruled_out", "uncertain", "hypothetical", "historical", "planned", "stopped", "allergen")
"""The truth values of an `Assertion`."""


def primary(language: str) -> str:
    """The language of a BCP 47 tag, without region and script."""
    return language.lower().split("-")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of a note."""

    start: int  # first code point
    end: int  # one past the last code point


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A headed part of a note, such as "Family History:"."""

    key: str  # canonical name from mappings/sections, or "unknown"
    heading: Span  # the heading as written; empty for the part before the first heading
    start: int  # where the heading begins
    end: int  # where the next section begins


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A part of a note that is in one language."""

    start: int
    end: int  # where the next begins; the stretches cover the note
    language: str  # the language it is read in, BCP 47; "und": in none
    found: str = ""  # the language that was detected in it, when one was looked for
    sure: float | None = None  # probability that it is that one rather than any other


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """The text of one attachment, with where it came from and whom it is about."""

    id: str  # stable for the same source, path and text
    text: str  # decoded text all offsets refer to
    language: str = "en"  # of most of it, BCP 47, lower case; "und" when it is not clear
    stretches: tuple[
        Stretch, ...
    ] = ()  # what is in which language, in order; none: all of it is in `language`
    detector: str = ""  # what told its languages, where they are not just what was declared
    source: str = ""  # reference to the DocumentReference, e.g. "DocumentReference/123"
    path: str = ""  # FHIRPath of the attachment, e.g. "DocumentReference.content[0].attachment"
    contents: int = 1  # how many contents the document has; derivation-reference needs the path when > 1
    identifier: Resource | None = None  # the document's business identifier, if any
    subject: Resource | None = None  # Reference to the Patient
    encounter: Resource | None = None  # Reference to the Encounter
    date: str | None = None  # when the document was made, FHIR instant or dateTime
    sections: tuple[Section, ...] = ()  # in order, covering the whole text
    sentences: tuple[Span, ...] = ()  # in order, not overlapping, without surrounding white space

    def section_at(self, position: int) -> Section:
        """The section in which a code point stands; one of key "unknown" if none is known."""
        index = bisect_right(self.sections, position, key=lambda section: section.start) - 1
        if index >= 0:
            return self.sections[index]
        return Section(key="unknown", heading=Span(start=0, end=0), start=0, end=len(self.text))

    def language_at(self, position: int) -> str:
        """The language in which the words at a code point are read."""
        index = bisect_right(self.stretches, position, key=lambda stretch: stretch.start) - 1
        return self.stretches[index].language if index >= 0 else self.language

    def sentence_at(self, position: int) -> Span:
        """The sentence in which a code point stands; its line, where sentences were not told."""
        index = bisect_right(self.sentences, position, key=lambda sentence: sentence.start) - 1
        if index >= 0 and position < self.sentences[index].end:
            return self.sentences[index]
        end = self.text.find("\n", position)
        start = self.text.rfind("\n", 0, position) + 1
        return Span(start=start, end=len(self.text) if end < 0 else end)

    @property
    def parts(self) -> tuple[Stretch, ...]:
        """Its stretches; the whole note where none were looked for."""
        return self.stretches or (Stretch(start=0, end=len(self.text), language=self.language),)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages its terms may be in: its own, and English, in which every terminology has names."""
        return tuple(dict.fromkeys([*(primary(part.language) for part in self.parts), "en"]))

    def log_context(self) -> dict[str, object]:
        """The only facts about a note that may enter a log."""
        return {"characters": len(self.text), "path": self.path, "language": self.language}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """Words in a note that an engine took for something clinical."""

    start: int
    end: int
    text: str  # note.text[start:end], verbatim
    kind: str  # one of KINDS
    confidence: float  # probability, 0..1
    sources: tuple[str, ...] = ()  # who found it: "encoder", "dictionary", ...
    claims: tuple[str, ...] = ()  # flags of Assertion that the engine itself says hold, e.g. "negated"
    head: Span | None = None  # the mention it is a detail of, where the engine says so


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """The words that decided one axis of an assertion."""

    axis: str  # "negated", "uncertain", "hypothetical", "historical", "family", ...
    rule: str  # id of the rule in mappings/context, or "section:<key>"
    start: int
    end: int
    text: str  # note.text[start:end]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """How a note speaks of a finding: whether, when, and in whom."""

    negated: bool = False  # said not to be there ("denies fever")
    ruled_out: bool = False  # once considered, then disproved ("PE was ruled out"); implies negated
    uncertain: bool = False  # "possible", "cannot exclude"
    hypothetical: bool = False  # "return if fever", "to prevent"
    historical: bool = False  # "history of", past section
    planned: bool = False  # "scheduled for", "will undergo"
    stopped: bool = False  # medication no longer taken
    allergen: bool = False  # the substance the patient reacts to
    experiencer: Experiencer = "patient"
    relative: str | None = None  # HL7 v3-RoleCode of the relative, e.g. "MTH"
    cues: tuple[Cue, ...] = ()  # what decided, in text order


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """The time that words tell of a finding; without a date or an age the words are all there is."""

    role: Literal["at", "start", "end", "diagnosed"] = "at"
    date: str | None = None  # FHIR date as exact as it was said: 2019, 2019-03, 2019-03-07
    age: int | None = None  # in years, of whom the finding is about


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """A detail that belongs to a finding: a dose, a route, a result, a body site, a date, a severity."""

    kind: str  # one of KINDS, or "severity", "reference_range" or "laterality", which rules alone find
    start: int
    end: int
    text: str  # note.text[start:end]
    when: When | None = None  # of a date: what it says
    side: Side | None = None  # of a laterality: what it says
    of: Span | None = None  # of a laterality: the body site it is said of, if not of the finding itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Coding:
    """A code for a finding, with how it was reached."""

    system: str  # FHIR code system URI
    code: str
    display: str
    score: float  # 0..1, calibrated
    match: str  # "exact", "normalised", "fuzzy", "broader" or "mapped"
    term: str = ""  # the terminology's term that matched
    version: str | None = None  # of the code system, when known
    kind: str = ""  # what the terminology says the concept is: "condition", "procedure", "test", ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A mention understood: what it is, how it is asserted, and what it is called."""

    start: int
    end: int
    text: str
    kind: str
    confidence: float
    sources: tuple[str, ...] = ()
    section: str = "unknown"  # key of the section it stands in
    assertion: Assertion = field(default_factory=Assertion)
    attributes: tuple[Attribute, ...] = ()  # in text order
    codings: tuple[Coding, ...] = ()  # chosen: one per system, best first
    alternatives: tuple[Coding, ...] = ()  # the candidates not chosen, best first
    choice: "Choice | None" = None  # who chose among the candidates, where it was not the search alone
    claims: tuple[str, ...] = ()  # axes of the assertion that the engine itself says hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """Something a stage left out or could not do, and why. Never quotes note text."""

    code: str  # FHIR issue type: "invalid", "not-supported", "not-found", "informational", ...
    reason: str  # stable key for counting, e.g. "attachment-empty", "below-threshold"
    message: str  # for people; names the element, never the words of the note
    severity: Severity = "warning"
    path: str | None = None  # FHIRPath of the element
    start: int | None = None  # where in the note, when there is a place
    end: int | None = None
    kind: str | None = None  # kind of the mention concerned


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Generic[T]):
    """What one stage kept, and what it left out and why."""

    name: str  # "notes", "extraction", ...
    kept: tuple[T, ...]
    left_out: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptEntry:
    """What a server did with one entry of a Bundle. Ids are data: they are stored, never logged."""

    full_url: str  # of the entry as it was sent
    type: str  # of the resource
    result: Literal["created", "updated", "existing", "omitted"]  # omitted: nothing there to mark as an error
    status: int | None = None  # HTTP status of the entry; None when it was not sent because it was known
    id: str | None = None  # the server's, when it told
    version: str | None = None

    @property
    def reference(self) -> str | None:
        """The literal reference to the resource at the server, when its id is known."""
        return f"{self.type}/{self.id}" if self.id else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a sink did with a Bundle."""

    sink: str  # "collected", "folder", "stdout" or the server's base URL
    status: str  # "sent", "stored", "unchanged"
    location: str | None = None  # file or URL, never with identifiers in it
    attempts: int = 1
    entries: tuple[ReceiptEntry, ...] = ()  # in the order of the Bundle; only servers tell


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """Which model speaks, for Provenance and Device."""

    name: str
    version: str
    digest: str  # SHA-256 of the GGUF file, hex
    quantization: str  # "Q8_0", "F16", ...
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What a model chose among the concepts a search found for a finding."""

    by: ModelInfo
    outcome: Literal[
        "chosen", "none", "unsure", "disagreed", "failed"
    ]  # disagreed: other orders, other answers
    index: int | None = None  # of the chosen concept among those offered; None unless "chosen"
    confidence: float | None = None  # probability of the answer, 0..1; None where the model tells none
