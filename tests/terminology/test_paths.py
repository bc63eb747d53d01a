"""The paths from the roots of a hierarchy down to a code."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from terminology.paths import FURTHEST, paths

DIAMOND = {"d": ["b", "c"], "b": ["a"], "c": ["a"], "a": []}


def above(parents):
    return lambda code: parents.get(code, [])


def test_every_way_down_is_a_path():
    found = paths("d", above(DIAMOND))
    assert found.listed == (("a", "b", "d"), ("a", "c", "d"))
    assert found.count == 2


def test_a_root_has_no_path():
    assert paths("a", above(DIAMOND)).listed == ()


def test_of_many_paths_some_are_listed_and_all_counted():
    layers = {f"{n}{side}": [f"{n - 1}l", f"{n - 1}r"] for n in range(1, 30) for side in "lr"}
    found = paths("29l", above(layers), most=7)
    assert len(found.listed) == 7
    assert found.count == 2**29


def test_what_is_endless_is_not_listed():
    found = paths("0", lambda code: [str(int(code) + 1)])
    assert (found.listed, found.count) == ((), None)
    assert FURTHEST < 10_000


@given(st.dictionaries(st.sampled_from("abcde"), st.lists(st.sampled_from("abcde"), max_size=3, unique=True)))
def test_circles_end(parents):
    found = paths("a", above(parents))
    for path in found.listed:
        assert path[-1] == "a" and len(set(path)) == len(path)
        assert all(higher in parents[lower] for higher, lower in pairwise(path))
