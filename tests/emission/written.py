"""Notes and findings for the tests of emission, found by their words."""

from adapter import emission
from adapter.model import Assertion, Attribute, Coding, Cue, Finding, ModelInfo, Note

ICD = "http://hl7.org/fhir/sid/icd-10-cm"
SNOMED = "http://snomed.info/sct"
RULES = emission.load()
MAKER = emission.Maker(
    model=ModelInfo(name="minilm-clinical", version="1.0", digest="ab" * 32, quantization="Q8_0"),
    version="0.1.0",
    mappings="cd" * 32,
    terminology="ef" * 32,
)


def note(text, **given):
    return Note(
        **{
            "id": "note-1",
            "text": text,
            "source": "DocumentReference/7",
            "path": "DocumentReference.content[0].attachment",
            "subject": {"reference": "Patient/1"},
            "encounter": {"reference": "Encounter/2"},
            "date": "2026-03-04T10:00:00+01:00",
            **given,
        }
    )


def finding(
    text, words, kind, *, codes=(), details=(), cue=None, nth=0, section="unknown", confidence=0.9, **said
):
    """The nth place of `words` in a text; `details` are (kind, words)."""
    start = -1
    for _ in range(nth + 1):
        start = text.index(words, start + 1)
    return Finding(
        start=start,
        end=start + len(words),
        text=words,
        kind=kind,
        confidence=confidence,
        section=section,
        assertion=Assertion(cues=_cues(text, cue, start), **said),
        attributes=tuple(_attribute(text, kind, words, start) for kind, words in details),
        codings=tuple(
            Coding(system=system, code=code, display=display, score=0.9, match="exact")
            for system, code, display in codes
        ),
    )


def built(text, *findings, fhir="r4", **given):
    """The resources of a note, after their Bundle has been checked."""
    written = note(text, **given)
    step = emission.build(written, findings, RULES, fhir)
    emission.bundle(written, step.kept, MAKER, fhir)
    return step


def only(step):
    (resource,) = step.kept
    return resource


def code(concept):
    (coding,) = concept["coding"]
    return coding["code"]


def _cues(text, words, near):
    if words is None:
        return ()
    before = text.rfind(words, 0, near)
    start = before if before >= 0 else text.index(words)
    return (Cue(axis="any", rule="any", start=start, end=start + len(words), text=words),)


def _attribute(text, kind, words, near):
    after = text.find(words, near)
    start = after if after >= 0 else text.index(words)
    return Attribute(kind=kind, start=start, end=start + len(words), text=words)
