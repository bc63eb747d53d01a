"""Tables of mappings/context beside its rules: reasons, severities, sides, ranges, notes about nobody."""

import mappings


class AxisTable(mappings.Table):
    """Which kinds of mention an axis can be said of."""

    kinds: tuple[str, ...]


class RelativeTable(mappings.Table):
    """Words for a relative and its HL7 v3-RoleCode."""

    code: str
    words: tuple[str, ...]


class ReasonTable(mappings.Table):
    """How a language says why something is given or done."""

    heads: tuple[str, ...]
    kinds: tuple[str, ...]
    after: tuple[str, ...]
    before: tuple[str, ...] = ()
    opening: tuple[str, ...] = ()
    connect: tuple[str, ...] = ()
    then: tuple[str, ...] = ()
    lead: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    not_heads: tuple[str, ...] = ()
    not_reasons: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


class SeverityTable(mappings.Table):
    """How a language says beside a problem how severe it is."""

    kinds: tuple[str, ...]
    words: tuple[str, ...]
    lead: tuple[str, ...] = ()
    connect: tuple[str, ...] = ()
    close: tuple[str, ...] = ()
    behind: bool = False


class SideTable(mappings.Table):
    """The words for a side, by where they stand; those in capitals are found as written."""

    before: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    paired: tuple[str, ...] = ()
    eyes: tuple[str, ...] = ()


class LateralityTable(mappings.Table):
    """How a language says in or beside a mention on which side it is."""

    kinds: tuple[str, ...]
    right: SideTable
    left: SideTable
    both: SideTable
    lead: tuple[str, ...] = ()
    connect: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    joins: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    sideless: tuple[str, ...] = ()
    eyes: tuple[str, ...] = ()


class AllergyTable(mappings.Table):
    """How a language names an allergy together with its substance."""

    words: tuple[str, ...]
    before: tuple[str, ...]
    generic: tuple[str, ...]
    lead: tuple[str, ...] = ()
    reaction: tuple[str, ...] = ()
    compounds: bool = False


class GeneralTable(mappings.Table):
    """How a language speaks of what people in general have, and of one patient."""

    teaching: tuple[str, ...]
    hints: tuple[str, ...]
    patient: tuple[str, ...]
    least: int
    paragraph: int
    times: int


class PersonTable(mappings.Table):
    """How a note opens a passage on another person, and says that its patient is somebody else."""

    labels: tuple[str, ...]
    opens: tuple[str, ...] = ()
    back: tuple[str, ...] = ()
    patient: tuple[str, ...]
    own: tuple[str, ...]
    relative: str | None = None  # who it is, where it is a relative: the mother in the note of the newborn


class RangeTable(mappings.Table):
    """How a language names the range in which a result is normal."""

    words: tuple[str, ...]
