"""Scopes and groups -> roles."""

import pytest

from adapter.api.security import roles, scopes
from adapter.api.security.principal import ALL_SCOPES, Principal

ALL = {"viewer", "engineer", "reviewer", "administrator"}
LOOKING = "system/DocumentReference.crs"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (ALL_SCOPES, ALL),
        (LOOKING, {"viewer"}),
        ("user/DocumentReference.crs", {"viewer"}),
        ("system/DocumentReference.c system/DocumentReference.rs", {"viewer"}),
        ("system/engineer", {"viewer", "engineer"}),
        ("user/reviewer", {"viewer", "reviewer"}),
        (f"{LOOKING} user/administrator", {"viewer", "administrator"}),
        ("patient/DocumentReference.crs", set()),
        ("patient/reviewer", set()),
        ("user/bulk-submit user/deliveries", set()),
        ("system/viewer system/king", set()),
        ("system/*.rs", set()),
        ("", set()),
    ],
)
def test_roles_of_scopes(text, found):
    principal = Principal(kind="token", id="a", scopes=scopes.parse(text), patient="7")
    assert roles.of_scopes(principal) == found


@pytest.mark.parametrize(
    ("groups", "table", "found"),
    [
        ((), {}, {"viewer"}),
        (("a",), {}, {"viewer"}),
        (("a", "b"), {"a": ("engineer",), "b": ("reviewer",)}, {"viewer", "engineer", "reviewer"}),
        (("a",), {"a": ("viewer",)}, {"viewer"}),
        (("A", "engineer"), {"a": ("engineer",)}, set()),
        ((), {"": ("administrator",)}, set()),
    ],
)
def test_roles_of_groups(groups, table, found):
    assert roles.of_groups(groups, table) == found
