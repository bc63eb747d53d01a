"""Which resources are about the same thing: the most alike first, fast, and the rest by place or type."""

import time

from hypothesis import given
from hypothesis import strategies as st

from adapter.evaluation import pairing
from adapter.evaluation.resources import clinical
from adapter.fhir import systems


def resource(code="", words="", offset=None, status="", *, kind="Condition", length=5):
    place = [{"url": "offset", "valueInteger": offset}, {"url": "length", "valueInteger": length}]
    return {
        "resourceType": kind,
        **({"extension": [{"url": systems.DERIVATION, "extension": place}]} if offset is not None else {}),
        **({"status": status} if status else {}),
        "code": {"text": words, **({"coding": [{"system": "s", "code": code}]} if code else {})},
    }


def paired(expected, emitted, *, rest=False):
    pairs = pairing.alike(list(map(clinical, expected)), list(map(clinical, emitted)))
    if rest:
        pairing.rest(pairs)
    return pairs.found


def by_hand(expected, emitted):
    """All pairs, ranked: what the stages come to."""

    def likeness(one, other):
        if one.type != other.type:
            return 0
        found = 4 * bool(one.code & other.code) + 2 * bool(one.places & other.places)
        found += bool(one.words) and one.words == other.words
        return found + 0.5 * (one.status == other.status) + 0.25 * (one.date == other.date)

    ones, others = list(map(clinical, expected)), list(map(clinical, emitted))
    ranked = sorted(
        (-likeness(one, other), at, place)
        for at, one in enumerate(ones)
        for place, other in enumerate(others)
    )
    pairs = {}
    for score, at, place in ranked:
        if score <= -1 and at not in pairs and place not in pairs.values():
            pairs[at] = place
    return pairs


DRAWN = st.lists(
    st.builds(
        resource,
        code=st.sampled_from(["", "A", "B"]),
        words=st.sampled_from(["", "x", "y"]),
        offset=st.sampled_from([None, 0, 10]),
        status=st.sampled_from(["", "active", "gone"]),
        kind=st.sampled_from(["Condition", "Procedure"]),
    ),
    max_size=6,
)


@given(DRAWN, DRAWN)
def test_the_stages_find_what_ranking_all_pairs_finds(expected, emitted):
    marked = [one | {"note": [{"text": "else"}]} for one in emitted]  # so that nothing is the same
    assert paired(expected, marked) == by_hand(expected, marked)


def test_code_then_place_then_words():
    expected = [resource("A", "x", 0), resource("B", "x", 10), resource("", "z", 20)]
    emitted = [resource("", "z", 90), resource("C", "q", 10), resource("A", "q", 50)]
    assert paired(expected, emitted) == {0: 2, 1: 1, 2: 0}


def test_the_rest_by_overlap_and_what_has_only_a_type():
    expected = [resource("A", "mild heart failure", 10, length=18), {"resourceType": "Provenance"}]
    emitted = [
        {"resourceType": "Provenance", "activity": {"text": "x"}},
        resource("B", "heart failure", 15, length=13),
    ]
    assert paired(expected, emitted) == {}
    assert paired(expected, emitted, rest=True) == {0: 1, 1: 0}
    assert paired([resource("A", "x", 0)], [resource("B", "y", 90)], rest=True) == {}


def test_thousands_are_paired_quickly():
    expected = [resource("A", f"w{at}", at * 10, "active") for at in range(4000)]
    emitted = [resource("A", f"w{at}", at * 10, "gone") for at in reversed(range(4000))]
    began = time.process_time()
    found = paired(expected, emitted, rest=True)
    assert found == {at: 3999 - at for at in range(4000)}
    assert time.process_time() - began < 10  # pair by pair it were minutes
