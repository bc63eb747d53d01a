"""The flat form of ELMTEX and back, with nothing lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import InputError
from adapter.tasks import answers, elmtex, library
from adapter.tasks.schema import parse

FACT = st.one_of(
    st.text("a;\\ N/\n", min_size=1, max_size=8),
    st.sampled_from(["N/A", "fever", "pain; worse at night", "\\N/A", "x\\"]),
).filter(str.strip)
ANSWER = st.fixed_dictionaries(
    {key: st.lists(FACT, max_size=4) for key in elmtex.LISTS}
    | {key: st.none() | FACT for key in elmtex.SINGLES}
)


@given(ANSWER)
def test_nothing_is_lost(answer):
    flat = elmtex.write(answer)
    assert list(flat) == list(elmtex.KEYS)
    assert all(isinstance(value, str) for value in flat.values())
    assert elmtex.read(flat) == answer


def test_plain_facts_stand_as_elmtex_writes_them():
    flat = elmtex.write({"signs_symptoms": ["fever", "pain; worse at night"], "age": "47-year-old"})
    assert flat["signs_symptoms"] == "fever; pain\\; worse at night"
    assert flat["age"] == "47-year-old"
    assert flat["diagnosis"] == flat["gender"] == "N/A"


def test_a_summary_of_elmtex_is_read():
    flat = dict.fromkeys(elmtex.KEYS, "N/A") | {"diagnosis": "asthma; COPD/ACO; ", "age": "45; 50"}
    answer = elmtex.read(flat)
    assert (answer["diagnosis"], answer["age"], answer["gender"]) == (["asthma", "COPD/ACO"], "45; 50", None)


@pytest.mark.parametrize("change", [{"age": 47}, {"diagnosis": None}, {"more": "x"}])
def test_what_is_no_summary_is_refused(change):
    with pytest.raises(InputError):
        elmtex.read(dict.fromkeys(elmtex.KEYS, "N/A") | change)
    with pytest.raises(InputError):
        elmtex.read([])


def test_the_task_has_the_same_keys_and_takes_what_is_read():
    node = parse(library.find("elmtex-15").schema)
    assert tuple(node.properties) == elmtex.KEYS
    assert answers.problems(node, elmtex.read(dict.fromkeys(elmtex.KEYS, "N/A"))) == ()
