"""What people may do at the workbench: scopes of a key or token, groups of a person -> roles.

The roles are those of `adapter.workbench`, which this door does not know: they are the same words.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

from adapter.api.security.interactions import Interaction
from adapter.api.security.principal import Principal

Role = Literal["viewer", "engineer", "reviewer", "administrator"]

VIEWER: Final[Role] = "viewer"
NAMED: Final[Sequence[Role]] = ("engineer", "reviewer", "administrator")
"""Roles that a scope of their own gives (scopes.PEOPLE), as in `system/reviewer` or `user/reviewer`."""

_DOCUMENTS: Final = "DocumentReference"
_LOOKING: Final = (
    Interaction(kind="operation", resource=_DOCUMENTS, operation="DocumentReference/$extract"),
    Interaction(kind="read", resource=_DOCUMENTS),
    Interaction(kind="search-type", resource=_DOCUMENTS),
)
"""What a viewer's scopes must give, on the documents of all patients: trying notes, seeing documents."""


def of_scopes(principal: Principal) -> frozenset[Role]:
    """The roles of a key or token. Whoever has one may look; none: not let in."""
    named: set[Role] = {role for role in NAMED if _has(principal, role)}
    return frozenset(named | {VIEWER}) if named or _looks(principal) else frozenset()


def of_groups(groups: Iterable[str], table: Mapping[str, Sequence[Role]]) -> frozenset[Role]:
    """The roles of a person of these groups; without a table everybody is a viewer."""
    if not table:
        return frozenset({VIEWER})
    named: set[Role] = {role for group in groups for role in table.get(group, ())}
    return frozenset(named | {VIEWER}) if named else frozenset()


def _has(principal: Principal, role: Role) -> bool:
    return any(scope.resource == role and not scope.letters for scope in principal.scopes)


def _looks(principal: Principal) -> bool:
    grants = [principal.may(interaction) for interaction in _LOOKING]
    return all(grant is not None and grant.whole for grant in grants)
