"""What is declared of a note's language, and what its text says -> the language each stretch is read in.

Text that is read by the rules of another language says the opposite of what was meant ("kein Fieber"), so a
stretch whose language is not clear, or contradicts what is declared, is read in none.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from adapter.model import Issue, Stretch, primary
from adapter.notes.languages import SURE, UNKNOWN, Detector, Run, sureness

ASSUMED = "en"  # where nothing is declared and nothing is looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """The languages of a note."""

    language: str
    stretches: tuple[Stretch, ...] = ()
    detector: str = ""  # what found them, where they are not just what was declared
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """How the languages of notes are told."""

    expected: str | None = None  # language of documents that declare none, BCP 47; None: it is detected
    detector: Detector | None = None  # None: what is declared is believed
    contradicted: str = "leave-out"  # or "detected", "declared": see Settings

    def spoken(self, text: str, declared: str | None, path: str) -> Spoken:
        """The languages of a text that declares one, or none."""
        told = (declared or self.expected or "").lower()
        if self.detector is None or (told and self.contradicted == "declared"):
            return Spoken(language=told or ASSUMED)
        runs = self.detector.runs(text, primary(told) if told else None)
        if not runs:
            return Spoken(language=told or UNKNOWN)
        return self._settled(runs, told, self.detector.name, path)

    def _settled(self, runs: Sequence[Run], told: str, detector: str, path: str) -> Spoken:
        longest = max(runs, key=lambda run: run.letters)
        against = bool(told) and longest.language != primary(told) and longest.margin >= SURE
        apart = against and self.contradicted == "leave-out"
        stretches = tuple(_stretch(run, told, apart) for run in runs)
        language = stretches[runs.index(longest)].language
        foreign = any(stretch.language != told for stretch in stretches)
        return Spoken(
            language=told if apart or (told and language == UNKNOWN) else language,
            stretches=stretches,
            detector=detector if foreign else "",
            issues=(_contradiction(longest.language, told, path),) if against else (),
        )


def _stretch(run: Run, told: str, apart: bool) -> Stretch:
    if told and run.language == primary(told):
        language = told
    else:
        language = UNKNOWN if apart or run.margin < SURE else run.language
    return Stretch(
        start=run.start, end=run.end, language=language, found=run.language, sure=sureness(run.margin)
    )


def _contradiction(found: str, told: str, path: str) -> Issue:
    return Issue(
        code="informational",
        reason="language-contradicted",
        message=f"The text is in another language than declared: {found}, not {told}.",
        severity="information",
        path=path or None,
    )
