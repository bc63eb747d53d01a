"""Any text as a TSV list or a Core table is read, or refused with the file and the line."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terminology import TerminologyError
from terminology.sources import core, tsv

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\t\n\r"), max_size=12)
WORDS = st.sampled_from(
    ["http://snomed.info/sct", "22298006", "22298007", "condition", "kind", "de", "E11.9", "|", "a|b", ""]
)
LINES = st.lists(st.lists(CELLS | WORDS, max_size=8).map("\t".join), max_size=6).map("\n".join)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rest=LINES, whole=st.booleans())
def test_any_list_is_read_or_refused(tmp_path, rest, whole):
    path = tmp_path / "list.tsv"
    path.write_text(rest if whole else f"system\tcode\tdisplay\tkind\tlanguage\n{rest}", "utf-8")
    try:
        entries = tsv.read(path).entries
    except TerminologyError as error:
        assert str(path) in str(error)
    else:
        assert all(entry.code and entry.terms for entry in entries)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rest=LINES)
def test_any_core_table_is_read_or_refused(tmp_path, rest):
    header = (
        (Path(core.__file__).parents[1] / "data" / "core" / "findings.tsv").read_text("utf-8").split("\n")[0]
    )
    (tmp_path / "findings.tsv").write_text(f"{header}\n{rest}", "utf-8")
    try:
        entries = core.read(tmp_path).entries
    except TerminologyError as error:
        assert "findings.tsv" in str(error)
    else:
        assert all(entry.terms for entry in entries)


@pytest.mark.parametrize(
    "data", [b"\xff\xfe\x00", b"system\tcode\tdisplay\n\xe9\t1\tx", b"\x1f\x8b\x08\x00broken"]
)
def test_bytes_that_are_no_text_are_refused(tmp_path, data):
    path = tmp_path / "list.tsv"
    path.write_bytes(data)
    with pytest.raises(TerminologyError, match=r"list\.tsv"):
        tsv.read(path)
