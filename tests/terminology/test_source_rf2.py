"""SNOMED CT releases: what a store of one answers, and what becomes of a broken one."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from terminology import Source, TerminologyError, build, open_store
from terminology.systems import ICD10, SNOMED
from tests.terminology import rf2_release
from tests.terminology.rf2_release import Shape, identifier

SHAPE = Shape()
TABLES = ("Concept", "Description", "Relationship", "Language", "Map", "Association", "Simple")
MINI = Path(__file__).parents[3] / "shared" / "terminology" / "mini-rf2"


def code(number: int) -> str:
    return identifier(10_000 + number)


def built(path: Path, output: Path):
    build([Source(kind="rf2", path=path)], output)
    return open_store(output)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rf2")
    with built(rf2_release.write(folder, SHAPE), folder / "store.sqlite") as opened:
        yield opened


def test_names_come_with_the_preferred_one_for_display(store):
    concept = store.lookup(SNOMED, code(7))
    specified, preferred, *others = rf2_release.names(7, SHAPE)
    assert concept.display == preferred
    assert {term.text for term in concept.terms} == {specified, preferred, *others}
    assert concept.kind == "condition"
    assert concept.version == f"{SNOMED}/900000000000207008/version/20260101"


def test_inactive_concepts_are_looked_up_and_never_found(store):
    gone = SHAPE.concepts - 1
    assert store.lookup(SNOMED, code(gone)).active is False
    preferred = rf2_release.names(gone, SHAPE)[1]
    assert code(gone) not in [hit.code for hit in store.search(preferred)]
    assert store.matches(f"Has {preferred}.") == []


def test_only_same_as_and_replaced_by_stand_in(store):
    for number in range(SHAPE.concepts - SHAPE.inactive, SHAPE.concepts):
        (association,) = store.replacements(SNOMED, code(number))
        assert association.target == code(number % 10)
        stands_in = association.kind == "same-as"
        assert store.replacement(SNOMED, code(number)) == (association.target if stands_in else None)


def above(number: int) -> set[int]:
    """Ancestors by a slow, obvious walk."""
    found: set[int] = set()
    for parent in rf2_release.parents(number):
        found |= {parent} | above(parent)
    return found


def test_the_hierarchy_is_that_of_a_slow_walk(store):
    active = range(SHAPE.concepts - SHAPE.inactive)
    for number in active:
        assert store.ancestors(SNOMED, code(number)) == sorted(map(code, above(number)))
        assert store.parents(SNOMED, code(number)) == sorted(map(code, rf2_release.parents(number)))
        below = [other for other in active if number in above(other)]
        assert store.descendants(SNOMED, code(number)) == sorted(map(code, below))
        assert store.children(SNOMED, code(number)) == sorted(
            code(other) for other in below if number in rf2_release.parents(other)
        )
    for one in active:
        for other in active:
            assert store.subsumes(SNOMED, code(one), code(other)) == (one == other or one in above(other))


def test_map_rules_and_members_are_kept(store):
    assert [(rule.priority, rule.rule, rule.target) for rule in store.rules(SNOMED, code(9))] == [
        (1, "IFA 248153007 |Male (finding)|", "N19"),
        (2, "OTHERWISE TRUE", "A19.9"),
    ]
    assert {rule.to_system for rule in store.rules(SNOMED, code(9))} == {ICD10}
    assert store.members(SNOMED, identifier(77_000)) == sorted(code(number) for number in range(0, 40, 4))
    assert store.codes(SNOMED, 2, 3) == sorted(map(code, range(SHAPE.concepts)))[2:5]


def test_folder_zip_snapshot_and_full_say_the_same(store, tmp_path):
    zipped = rf2_release.write(tmp_path / "a", SHAPE, zipped=True)
    full = rf2_release.write(tmp_path / "b", SHAPE, form="Full")
    for number, path in enumerate((zipped, full)):
        with built(path, tmp_path / f"{number}.sqlite") as other:
            assert other.manifest.digest == store.manifest.digest


def test_a_full_release_tells_the_latest_state(tmp_path):
    root = rf2_release.write(tmp_path, SHAPE, form="Full")
    table = next(root.rglob("sct2_Concept_Full*"))
    with table.open("a", encoding="utf-8", newline="") as file:
        file.write(f"{code(3)}\t20260301\t0\t900000000000207008\t900000000000074008\r\n")
        file.write(f"{code(4)}\t20250101\t0\t900000000000207008\t900000000000074008\r\n")
    with built(root, tmp_path / "store.sqlite") as store:
        assert store.lookup(SNOMED, code(3)).active is False
        assert store.lookup(SNOMED, code(4)).active is True


def test_the_same_release_gives_the_same_bytes(tmp_path):
    path = rf2_release.write(tmp_path, SHAPE)
    for name in ("one", "two"):
        build([Source(kind="rf2", path=path)], tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_cycle_is_refused_by_name(tmp_path):
    root = rf2_release.write(tmp_path, SHAPE)
    table = next(root.rglob("sct2_Relationship*"))
    rows = table.read_text("utf-8").splitlines()
    cells = rows[1].split("\t")
    cells[4], cells[5] = code(0), code(90)
    table.write_text("\r\n".join([*rows, "\t".join(cells)]) + "\r\n", "utf-8")
    with pytest.raises(TerminologyError, match=r"the hierarchy has a cycle at \d+"):
        build([Source(kind="rf2", path=root)], tmp_path / "store.sqlite")
    assert not (tmp_path / "store.sqlite").exists()
    assert list(tmp_path.glob(".store*")) == []


def test_a_broken_file_is_named_with_its_line(tmp_path):
    root = rf2_release.write(tmp_path, SHAPE)
    table = next(root.rglob("sct2_Description*"))
    whole = table.read_bytes()
    table.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TerminologyError, match=r"sct2_Description_\S+: line \d+: \d columns"):
        build([Source(kind="rf2", path=root)], tmp_path / "store.sqlite")
    table.write_bytes(whole[:500] + b"\xff" + whole[500:])
    with pytest.raises(TerminologyError, match=r"line \d+, byte \d+: not UTF-8"):
        build([Source(kind="rf2", path=root)], tmp_path / "store.sqlite")
    table.unlink()
    with pytest.raises(TerminologyError, match="no RF2 description file"):
        build([Source(kind="rf2", path=root)], tmp_path / "store.sqlite")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@example(cut=0.23828125, junk=b"\x00", which="Map")
@given(
    cut=st.floats(0, 1),
    junk=st.binary(max_size=12),
    which=st.sampled_from(["Concept", "Relationship", "Map", "Lang"]),
)
def test_mangled_files_give_an_error_or_a_store(tmp_path, cut, junk, which):
    root = rf2_release.write(tmp_path, Shape(concepts=12, inactive=1))
    table = next(file for file in root.rglob("*.txt") if which in file.name)
    whole = table.read_bytes()
    place = int(cut * len(whole))
    table.write_bytes(whole[:place] + junk + whole[place + len(junk) :])
    try:
        build([Source(kind="rf2", path=root)], tmp_path / "store.sqlite")
    except TerminologyError:
        assert list(tmp_path.glob(".store*")) == []


@pytest.mark.skipif(not MINI.exists(), reason="the mini release is not beside this checkout")
def test_the_mini_release_is_read(tmp_path):
    with built(MINI, tmp_path / "store.sqlite") as store:
        assert store.rules(SNOMED, "12481008")
        assert [a.target for a in store.replacements(SNOMED, "75521003")] in ([], ["362969004"])
        assert "138875005" in store.ancestors(SNOMED, "900000000000441003")
