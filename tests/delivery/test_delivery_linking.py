import copy

import pytest
from documents import bundle
from hypothesis import given
from hypothesis import strategies as st

from adapter.delivery import linking
from adapter.errors import TargetRefused

URLS = [f"urn:uuid:{number}" for number in range(6)]


def entry(url, *targets, kind="List"):
    resource = {"resourceType": kind, "target" if kind == "Provenance" else "item": []}
    listed = [{"reference": target} for target in targets]
    return {"fullUrl": url, "resource": {"resourceType": kind, next(reversed(resource)): listed}}


edges = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=12)


@given(edges)
def test_ordered_puts_targets_first(pairs):
    """Edges from a higher to a lower number make no circle."""
    wanted = [(one, other) for one, other in pairs if one > other]
    entries = [entry(URLS[n], *(URLS[to] for of, to in wanted if of == n)) for n in reversed(range(6))]
    places = {one["fullUrl"]: place for place, one in enumerate(linking.ordered(entries))}
    assert len(places) == 6
    assert all(places[URLS[of]] > places[URLS[to]] for of, to in wanted)


def test_a_circle_has_no_order():
    with pytest.raises(TargetRefused):
        linking.ordered([entry(URLS[0], URLS[1]), entry(URLS[1], URLS[0])])
    assert len(linking.ordered([entry(URLS[0], URLS[0])])) == 1


@given(edges, st.sets(st.integers(0, 5)))
def test_without_leaves_no_reference_behind(pairs, numbers):
    gone = {URLS[number] for number in numbers}
    entries = [entry(URLS[n], *(URLS[to] for of, to in pairs if of == n)) for n in range(6)]
    before = copy.deepcopy(entries)
    left = linking.without(entries, gone)
    assert entries == before
    assert {one["fullUrl"] for one in left} == set(URLS) - gone
    assert not {target for one in left for target in linking.pointed(one)} & gone


def test_a_provenance_of_nothing_goes_too():
    whole = bundle()["entry"]
    told, *conditions, made_by = whole
    left = linking.without(whole, {conditions[0]["fullUrl"]})
    assert len(left[0]["resource"]["target"]) == 2
    assert linking.without(whole, {one["fullUrl"] for one in conditions}) == [made_by]
    assert linking.without(whole, set()) == whole
    assert told in whole


def test_relinked_points_elsewhere_and_changes_nothing_given():
    told = bundle()["entry"][0]
    before = copy.deepcopy(told)
    target = told["resource"]["target"][0]["reference"]
    moved = linking.relinked(told["resource"], {target: "Condition/1"})
    assert moved["target"][0] == {"reference": "Condition/1"}
    assert told == before
