"""The policy of emission as data: mappings/resources/*.toml -> ResourceRules.

Every outcome must be listed in every policy, so nothing happens to a mention that nobody decided.
"""

from collections.abc import Mapping
from typing import Any, Literal, get_args

from pydantic import ConfigDict, model_validator

import mappings
from adapter.emission.tables import Code, Dates, Dosage, Giving, Sides, Units
from mappings import Pattern, Table

OutcomeName = Literal[
    "present",
    "negated",
    "ruled_out",
    "uncertain",
    "historical",
    "planned",
    "stopped",
    "hypothetical",
    "other",
]
Status = Literal["clinicalStatus", "verificationStatus"]
OUTCOMES: tuple[OutcomeName, ...] = get_args(OutcomeName)


class Outcome(Table):
    """What one way of speaking leads to: the statuses of a resource, or a reason to leave it out."""

    leave_out: str | None = None
    status: str | None = None
    clinicalStatus: str | None = None
    verificationStatus: str | None = None
    adherence: str | None = None


class Policy(Table):
    """What every file of resources has."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    version: int
    kinds: tuple[str, ...]
    resource: str
    outcomes: Mapping[OutcomeName, Outcome]
    absorbs: tuple[OutcomeName, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> "Policy":
        missing = [name for name in OUTCOMES if name not in self.outcomes]
        if missing:
            raise ValueError(f"outcomes not decided: {', '.join(missing)}")
        return self


class Problem(Table):
    """When a finding is a problem rather than the result of an examination."""

    kinds: frozenset[str]
    classifications: frozenset[str]
    not_chapters: tuple[str, ...]
    systems: frozenset[str]
    not_sections: frozenset[str]


class Severity(Code):
    """Words of severity and their code."""

    words: tuple[str, ...]


class Interpretation(Code):
    """What a result is said to be."""

    words: frozenset[str]


class Refers(Table):
    """Words that refer back to a problem, which ends or begins with them."""

    ends: frozenset[str]
    begins: frozenset[str]


class ConditionPolicy(Policy):
    """condition.toml."""

    category: Mapping[OutcomeName, str]
    category_in: Mapping[str, str]
    said: Mapping[OutcomeName, Mapping[Status, Mapping[str, tuple[str, ...]]]]
    problem: Problem
    refers: Refers
    severity: tuple[Severity, ...]


class ExamPolicy(Policy):
    """exam.toml."""

    category: str
    code: Code


class Bare(Table):
    """The unit that a bare number from `low` to `high` can only be in."""

    low: float
    high: float
    unit: str


class Vital(Code):
    """A vital sign: the words for it, its LOINC code, its units and the unit a bare number has.

    `between` says by unit which values can be one: "Größe 2 cm" is no patient's.
    """

    words: tuple[str, ...]
    units: tuple[str, ...]
    unit: str | None = None
    bare: tuple[Bare, ...] = ()
    between: Mapping[str, tuple[float, float]] = {}
    parts: tuple[Code, ...] = ()


class Named(Table):
    """The category of the measurements in whose names a pattern is found."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    category: str
    pattern: Pattern


class Done(Table):
    """Which tests without a result are something done: by section and name."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    sections: frozenset[str]
    pattern: Pattern


class Interpretations(Table):
    """Results in words and what they are said to be.

    `degrees` are words that may stand before them; after one of `denies` nothing is said to be so.
    """

    degrees: frozenset[str]
    denies: frozenset[str]
    codes: tuple[Interpretation, ...]


class ObservationPolicy(Policy):
    """test.toml."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    category: str
    categories: tuple[Named, ...]
    category_in: Mapping[str, str]
    words_category: str
    procedures: frozenset[str]
    done: Done
    pending: Pattern
    interpretations: Interpretations
    vitals: tuple[Vital, ...]


class Answer(Code):
    """A coded answer to a social question, for the words and outcomes it fits."""

    outcomes: frozenset[OutcomeName]
    pattern: Pattern
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Measured(Code):
    """A social habit said as a number."""

    pattern: Pattern
    unit: str
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Topic(Code):
    """A question of the social history."""

    name: str
    pattern: Pattern
    answers: tuple[Answer, ...] = ()
    measured: Measured | None = None
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Concern(Table):
    """When a social circumstance is a Condition, and of which category."""

    systems: frozenset[str]
    sections: frozenset[str]
    category: Code


class SocialPolicy(Policy):
    """social.toml."""

    category: str
    concern: Concern
    topics: tuple[Topic, ...]
    other: Code


class ProcedurePolicy(Policy):
    """procedure.toml."""

    done_in: frozenset[str]


class Given(Outcome):
    """When a medicine was given once rather than taken: by section, by the beginning of a code, or by words.

    None holds where the note tells a regimen (kinds of detail). Section and code hold not in `lists`; words,
    which stand up to `reach` characters from the drug, not in the sections of `taken`.
    """

    sections: frozenset[str]
    codes: Mapping[str, tuple[str, ...]]
    regimen: tuple[str, ...]
    lists: frozenset[str]
    taken: frozenset[str]
    reach: int
    words: Mapping[str, Giving]


class MedicationPolicy(Policy):
    """medication.toml."""

    given: Given


class AllergyCategory(Table):
    """What kind of substance these words, or these codes of a classification, are of."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    category: str
    words: Pattern
    codes: Pattern | None = None


class AllergyPolicy(Policy):
    """allergy.toml."""

    reactions: frozenset[str]
    category: Mapping[str, str]
    categories: tuple[AllergyCategory, ...]
    codes: Mapping[str, Pattern]


class FamilyPolicy(Policy):
    """family.toml."""

    status: str
    conditions: frozenset[str]
    unknown: str
    relatives: Mapping[str, str]


class ResourceRules(Table):
    """Every policy of emission, read once and handed to `build`."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    condition: ConditionPolicy
    exam: ExamPolicy
    medication: MedicationPolicy
    procedure: ProcedurePolicy
    test: ObservationPolicy
    social: SocialPolicy
    allergy: AllergyPolicy
    family: FamilyPolicy
    sides: Sides
    units: Units
    dosage: Dosage
    dates: Dates


def load(files: mappings.Files = mappings.SHIPPED) -> ResourceRules:
    """The rules of resources/; MappingError names file and key of what is wrong there."""
    fields: dict[str, Any] = {
        name: files.read(f"resources/{name}.toml", field.annotation)
        for name, field in ResourceRules.model_fields.items()
        if isinstance(field.annotation, type)
    }
    return ResourceRules.model_construct(**fields)
