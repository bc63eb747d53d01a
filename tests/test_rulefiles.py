import re

import pytest

from adapter import rulefiles
from mappings import SHIPPED, MappingError

KNOWN = tuple(rulefiles.known(SHIPPED))


def test_every_rule_file_that_ships_has_its_reader_and_no_fault():
    rules = [name for name in SHIPPED.every() if not name.startswith("tasks/")]
    assert sorted(KNOWN) == sorted(rules)
    assert [fault for name in KNOWN for fault in rulefiles.faults(name, SHIPPED)] == []


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        (
            "context/de.toml",
            'axis = "ruled_out"',
            'axis = "ruled"',
            r"context/de.toml:\d+: rule.\d+.axis: Input",
        ),
        ("context/en.toml", 'id = "', 'idd = "', r"context/en.toml:\d+: rule.0.id: Field required"),
        ("context/en.toml", "[[rule]]", "[[rule", r"context/en.toml:\d+: not TOML: Expected '\]\]'"),
        ("context/en.toml", 'phrases = ["', 'phrases = ["' + "a|b|c " * 20, "more than 100000 wordings"),
        ("sections/fr.toml", "version", "vers1on", "sections/fr.toml: version: Field required"),
        ("dates/en.toml", "joins = [", "joins = ['(', ", "dates/en.toml: not a regular expression"),
        (
            "coding/coding.toml",
            "threshold = ",
            "threshold = 'x' #",
            r"coding.toml:\d+: threshold: Input should",
        ),
        ("concepts/route-snomed.toml", "file ", "fi1e ", r"route-snomed.toml:\d+: from.fi1e: Extra"),
        ("extraction/orders.toml", "patterns = [", "patterns = ['(', ", r"orders.toml:\d+: order.0.patterns"),
        ("resources/units.toml", "[exact]", "[exactly]", r"units.toml:\d+: exactly: Extra inputs"),
        ("categories.toml", "category = ", "kategory = ", r"categories.toml:\d+: row.0"),
    ],
)
def test_a_fault_names_file_line_and_key(name, old, new, said):
    text = SHIPPED.text(name)
    assert old in text
    found = rulefiles.faults(name, SHIPPED.draft(name, text.replace(old, new, 1)))
    assert found and any(re.search(said, str(one)) for one in found), [str(one) for one in found]


@pytest.mark.parametrize(
    "name",
    ["context/eng lish.toml", "contexts/en.toml", "../x.toml", "context/../x.toml", "x", "", "context/.toml"],
)
def test_nothing_reads_a_file_of_another_name(name):
    assert rulefiles.kind(name) is None
    assert "nothing reads" in str(rulefiles.faults(name, SHIPPED)[0])


def test_a_task_among_the_mappings_is_told_where_it_goes():
    assert "NOTEWRIGHT_TASKS" in str(rulefiles.faults("tasks/mine/task.toml", SHIPPED)[0])


@pytest.mark.parametrize("text", ["[" * 100_000, "a = " + "[" * 5_000, "\x00", "\ufeff", "a.b.c.d = 1\n" * 2])
def test_hostile_texts_are_faults(text):
    assert rulefiles.faults("coding/coding.toml", SHIPPED.draft("coding/coding.toml", text))


def test_a_concept_table_breaks_with_the_file_it_takes_its_rows_from(tmp_path):
    (tmp_path / "resources").mkdir()
    (tmp_path / "resources" / "dosage.toml").write_text(SHIPPED.text("resources/dosage.toml"), "utf-8")
    assert rulefiles.validated(tmp_path, SHIPPED.over(tmp_path)) == []
    rulefiles.check(SHIPPED.over(tmp_path))


def test_a_directory_is_refused_by_its_first_fault(tmp_path):
    (tmp_path / "context").mkdir()
    (tmp_path / "context" / "en.tml").write_text("")
    (tmp_path / "context" / "README.md").write_text("why")
    with pytest.raises(MappingError, match=r"context/en\.tml: nothing reads a file of this name"):
        rulefiles.check(SHIPPED.over(tmp_path))
