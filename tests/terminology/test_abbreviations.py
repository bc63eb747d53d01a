"""Abbreviations inside a longer text are written out; alone, or where capitals tell nothing, they are not."""

import pytest

from terminology import open_store
from terminology.abbreviations import shipped
from terminology.normalise import shipped as normaliser


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("acute MI", "acute myocardial infarction"),
        ("left hip fx", "left hip fracture"),
        ("COPD/CHF overlap", "chronic obstructive pulmonary disease/congestive heart failure overlap"),
        ("Old CVA", "Old cerebrovascular accident"),
        ("MI", None),
        ("mi casa", None),
        ("CT RESULT ABNORMAL", None),
        ("asthma attack", None),
        ("", None),
    ],
)
def test_written_out(text, whole):
    assert shipped().written_out(text) == whole


def test_every_abbreviation_is_one_word_that_its_long_form_does_not_use():
    table = shipped()
    for short, whole in [*table._any.items(), *table._capitals.items()]:
        assert short.isalnum() and len(whole.split()[0]) > 1
        assert short.lower() not in normaliser().words(whole)


@pytest.mark.parametrize(
    ("text", "code"), [("acute UTI", "68566005"), ("Worsening COPD", "13645005"), ("pelvic fx", "77493009")]
)
def test_search_finds_what_an_abbreviation_means(core_store, text, code):
    with open_store(core_store) as store:
        found = store.search(text)
    assert code in {hit.code for hit in found} and found[0].match != "exact"
