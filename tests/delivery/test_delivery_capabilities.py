import pytest
from documents import bundle, condition
from hypothesis import given
from hypothesis import strategies as st

from adapter.delivery import capabilities, retraction
from adapter.delivery.capabilities import Capabilities


def statement(*kinds, interactions=("transaction",), mode="server", **said):
    side = {
        "mode": mode,
        "resource": [{"type": kind, **said} for kind in kinds],
        "interaction": [{"code": code} for code in interactions],
    }
    return {"resourceType": "CapabilityStatement", "rest": [side]}


ALL = ("Condition", "Device", "Provenance")


@pytest.mark.parametrize(
    ("told", "whole"),
    [
        (statement(*ALL, conditionalCreate=True), True),
        (statement("Condition", "Device", conditionalCreate=True), False),
        (statement(*ALL, conditionalCreate=False), False),
        (statement(*ALL), False),
        (statement(*ALL, conditionalCreate=True, interactions=("batch",)), False),
        (statement(*ALL, conditionalCreate=True, interactions=()), False),
        (statement(*ALL, conditionalCreate=True, mode="client"), False),
        ({"resourceType": "Bundle"}, False),
    ],
)
def test_only_what_is_said_counts(told, whole):
    assert capabilities.read(told).conditional(bundle(condition("Rubella"))) is whole


def test_a_retraction_needs_conditional_update():
    back = retraction.retract(bundle(condition("Rubella")))
    create = frozenset(ALL)
    assert not Capabilities(transaction=True, create=create).conditional(back)
    assert Capabilities(transaction=True, create=create, update=frozenset({"Condition"})).conditional(back)


def test_transactions_are_unknown_where_nothing_is_said():
    assert capabilities.read(statement(interactions=())).transaction is None
    assert capabilities.read(statement(interactions=("batch",))).transaction is False


_KEYS = st.sampled_from(["resourceType", "rest", "mode", "resource", "interaction", "code", "type"])
_JSON = st.recursive(
    st.none() | st.booleans() | st.sampled_from(["CapabilityStatement", "server"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner),
    max_leaves=15,
)


@given(_JSON)
def test_no_statement_is_too_strange(told):
    assert not capabilities.read(told).conditional(bundle(condition("Rubella")))
    assert isinstance(capabilities.read({"resourceType": "CapabilityStatement", "rest": told}), Capabilities)
