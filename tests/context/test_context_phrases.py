"""The graph of phrases says what the phrases say, in few places."""

from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.context.phrases import CLASSES, WILD, Node, expanded, grown, spelled

WORDS = st.sampled_from(["no", "Évidence", "sign_of", "can't", "a_b_c", *sorted(CLASSES)])
ELEMENT = st.builds(
    lambda words, optional: "|".join(words) + "?" * optional,
    st.lists(WORDS, min_size=1, max_size=3),
    st.booleans(),
)
PHRASES = st.lists(st.lists(ELEMENT, min_size=1, max_size=4).map(" ".join), max_size=6)


def wordings(node: Node[int]) -> Iterator[tuple[tuple[str, ...], int]]:
    """Every way through a graph, and what is said at its end."""
    yield from (((), what) for what in node.entries)
    for token, after in node.next.items():
        yield from (((token, *rest), what) for rest, what in wordings(after))


def places(node: Node[int]) -> dict[int, Node[int]]:
    """The places of a graph, each once."""
    found, waiting = {}, [node]
    while waiting:
        place = waiting.pop()
        if id(place) not in found:
            found[id(place)] = place
            waiting += place.next.values()
    return found


@given(PHRASES, st.booleans())
def test_every_wording_is_one_way_and_no_other_is(phrases, unaccented):
    graph = grown(((phrase, at) for at, phrase in enumerate(phrases)), unaccented=unaccented)
    wanted = {
        (spelled(tokens, unaccented=unaccented), at)
        for at, phrase in enumerate(phrases)
        for tokens in expanded(phrase)
    }
    assert Counter(wordings(graph)) == Counter(wanted)
    for place in places(graph).values():
        assert list(place.entries) == sorted(place.entries)
        assert place.wild == (not WILD.isdisjoint(place.next))


def test_a_phrase_given_twice_is_said_twice():
    assert sorted(wordings(grown([("no|not", 1), ("not", 1)]))) == [
        (("no",), 1),
        (("not",), 1),
        (("not",), 1),
    ]


@pytest.mark.parametrize("length", [2, 20, 2000])
def test_alternatives_share_what_follows_them(length):
    graph = grown([(" ".join(["a|b|c|d?"] * length), 1), ("a a", 2)])
    assert len(places(graph)) <= length + 4
