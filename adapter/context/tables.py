"""Tables of mappings/context that say what stands beside findings: reasons, severities, reference ranges."""

import mappings


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


class RangeTable(mappings.Table):
    """How a language names the range in which a result is normal."""

    words: tuple[str, ...]
