"""What codes mean to each other: hierarchy, reference sets, map rules, and what replaces an inactive code."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from terminology.hierarchy import Hierarchy
from terminology.model import Association, MapRule, SystemInfo
from terminology.reader import Reader

KEPT = 1 << 16
STANDS_IN = ("same-as", "replaced-by")


class Meaning:
    """Answers by code what the store knows by number."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._hierarchy = Hierarchy(reader)
        self._number = lru_cache(maxsize=KEPT)(self._ask_number)
        self._systems = lru_cache(maxsize=1)(self._ask_systems)

    def parents(self, system: str, code: str) -> list[str]:
        """See `Store.parents`."""
        number = self._number(system, code)
        return [] if number is None else self._codes(self._hierarchy.parents(number))

    def children(self, system: str, code: str) -> list[str]:
        """See `Store.children`."""
        number = self._number(system, code)
        return [] if number is None else self._codes(self._hierarchy.children(number))

    def ancestors(self, system: str, code: str) -> list[str]:
        """See `Store.ancestors`."""
        number = self._number(system, code)
        return [] if number is None else self._codes(self._hierarchy.ancestors(number).tolist())

    def descendants(self, system: str, code: str) -> list[str]:
        """See `Store.descendants`."""
        number = self._number(system, code)
        return [] if number is None else self._codes(self._hierarchy.descendants(number))

    def subsumes(self, system: str, ancestor: str, descendant: str) -> bool:
        """See `Store.subsumes`."""
        above, below = self._number(system, ancestor), self._number(system, descendant)
        return above is not None and below is not None and self._hierarchy.is_a(below, above)

    def members(self, system: str, set_id: str) -> list[str]:
        """See `Store.members`."""
        question = 'SELECT concept FROM member WHERE system = ? AND "set" = ?'
        return self._codes(row[0] for row in self._reader.ask(question, (system, set_id)))

    def codes(self, system: str, start: int, count: int) -> list[str]:
        """See `Store.codes`."""
        question = "SELECT code FROM concept WHERE system = ? ORDER BY code LIMIT ? OFFSET ?"
        return [row[0] for row in self._reader.ask(question, (system, max(0, count), max(0, start)))]

    def systems(self) -> list[SystemInfo]:
        """See `Store.systems`."""
        return list(self._systems())

    def replacements(self, system: str, code: str) -> list[Association]:
        """See `Store.replacements`."""
        question = "SELECT kind, target FROM association WHERE concept = ? ORDER BY kind, target"
        return [
            Association(system=system, code=code, kind=kind, target=target)
            for kind, target in self._ask(question, system, code)
        ]

    def replacement(self, system: str, code: str) -> str | None:
        """See `Store.replacement`; a replacement that is itself inactive is followed."""
        seen = {code}
        while not self.active(system, code):
            targets = {a.target for a in self.replacements(system, code) if a.kind in STANDS_IN}
            if len(targets) != 1 or not targets.isdisjoint(seen):
                return None
            code = targets.pop()
            seen.add(code)
        return code

    def rules(self, system: str, code: str) -> list[MapRule]:
        """See `Store.rules`."""
        question = (
            'SELECT to_system, "group", priority, rule, target, advice, category FROM rule'
            " WHERE concept = ? ORDER BY 1, 2, 3"
        )
        return [
            MapRule(
                system=system,
                code=code,
                to_system=to_system,
                group=group,
                priority=priority,
                rule=rule,
                target=target,
                advice=advice,
                category=category,
            )
            for to_system, group, priority, rule, target, advice, category in self._ask(
                question, system, code
            )
        ]

    def active_codes(self, system: str) -> list[str]:
        """Every active code of a system, in order."""
        question = "SELECT code FROM concept WHERE system = ? AND active ORDER BY code"
        return [row[0] for row in self._reader.ask(question, (system,))]

    def active(self, system: str, code: str) -> bool:
        """Whether the store has this code, and it is active."""
        rows = self._reader.ask("SELECT active FROM concept WHERE system = ? AND code = ?", (system, code))
        return bool(rows and rows[0][0])

    def _ask_systems(self) -> tuple[SystemInfo, ...]:
        """What is counted over all concepts; those of one system are numbered without a gap."""
        versions: dict[str, list[str]] = {}
        question = "SELECT DISTINCT system, version FROM concept WHERE version IS NOT NULL ORDER BY 1, 2"
        for system, version in self._reader.ask(question):
            versions.setdefault(system, []).append(version)
        question = (
            "SELECT system, every, active, EXISTS (SELECT 1 FROM parent WHERE child BETWEEN first AND last)"
            " FROM (SELECT system, count(*) AS every, sum(active) AS active, min(id) AS first,"
            " max(id) AS last FROM concept GROUP BY system) ORDER BY first"
        )
        return tuple(
            SystemInfo(
                system=system,
                versions=tuple(versions.get(system, ())),
                concepts=every,
                active=active,
                hierarchy=bool(hierarchy),
            )
            for system, every, active, hierarchy in self._reader.ask(question)
        )

    def _ask(self, question: str, system: str, code: str) -> list[Any]:
        number = self._number(system, code)
        return [] if number is None else self._reader.ask(question, (number,))

    def _ask_number(self, system: str, code: str) -> int | None:
        rows = self._reader.ask("SELECT id FROM concept WHERE system = ? AND code = ?", (system, code))
        return rows[0][0] if rows else None

    def _codes(self, numbers: Iterable[int]) -> list[str]:
        rows = self._reader.ask_each("SELECT code FROM concept WHERE id IN ({})", numbers)
        return sorted(row[0] for row in rows)


class SystemHierarchy:
    """One system's hierarchy by code: what `ecl` asks."""

    def __init__(self, meaning: Meaning, system: str) -> None:
        self._meaning, self._system = meaning, system

    def has(self, code: str) -> bool:
        """Whether the system has this code, and it is active."""
        return self._meaning.active(self._system, code)

    def all(self) -> list[str]:
        """Every active code."""
        return self._meaning.active_codes(self._system)

    def parents(self, code: str) -> list[str]:
        """The codes directly above."""
        return self._meaning.parents(self._system, code)

    def children(self, code: str) -> list[str]:
        """The codes directly below."""
        return self._meaning.children(self._system, code)

    def ancestors(self, code: str) -> list[str]:
        """The codes above."""
        return self._meaning.ancestors(self._system, code)

    def descendants(self, code: str) -> list[str]:
        """The codes below."""
        return self._meaning.descendants(self._system, code)

    def is_a(self, code: str, other: str) -> bool:
        """Whether a code is another or below it."""
        return self._meaning.subsumes(self._system, other, code)

    def members(self, set_id: str) -> list[str]:
        """The codes of a reference set."""
        return self._meaning.members(self._system, set_id)
