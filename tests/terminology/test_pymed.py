"""PyMedTermino, given a store's content, answers as the store does; from any thread; and closes cleanly."""

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminology import Source, TerminologyError, build, open_store
from terminology.pymed import export
from terminology.pymed.backend import PymedBackend
from terminology.pymed.model import HierarchyBackend, Note
from terminology.pymed.native import NativeBackend
from terminology.systems import ICD10, ICD10FR, ICD10GM, SNOMED
from tests.terminology import rf2_release
from tests.terminology.rf2_release import Shape, identifier

GM = Path(__file__).parent / "data" / "icd" / "icd10gm2031syst_claml.xml"
SHAPE = Shape(concepts=120, inactive=6)
CODES = [identifier(10_000 + number) for number in range(SHAPE.concepts)]
WILD = ["", "abc", "0" + CODES[0], f" {CODES[0]}", f"({CODES[0]})", "9" * 40, "J45+J46", "(J45)", "138875005"]
HEAD = '<ClaML version="2.0.0"><Title name="ICD-10-EN-2031" version="2031">A list</Title>'
needs_library = pytest.mark.skipif(
    find_spec("pymedtermino") is None, reason="PyMedTermino is not installed (extra: pymedtermino)"
)


def made(kind, path, output):
    build([Source(kind=kind, path=path)], output)
    return open_store(output)


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stores")
    with (
        made("rf2", rf2_release.write(folder, SHAPE), folder / "snomed.sqlite") as snomed,
        made("claml", GM, folder / "gm.sqlite") as gm,
    ):
        yield {SNOMED: snomed, ICD10GM: gm}


@pytest.fixture(scope="module")
def folder(stores, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pymed")
    export.snomedct(stores[SNOMED], folder)
    export.icd10(stores[ICD10GM], folder, system=ICD10GM)
    return folder


@pytest.fixture
def pymed(folder):
    with PymedBackend(folder) as backend:
        yield backend


def answers(backend: HierarchyBackend, system, code):
    return (
        backend.parents(system, code),
        backend.children(system, code),
        backend.ancestors(system, code),
        backend.term(system, code),
        backend.inclusions(system, code),
        backend.exclusions(system, code),
    )


def rows(path, question, *values):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(question, values).fetchall()


@needs_library
def test_every_code_has_the_answers_of_the_store(pymed, stores):
    asked = 0
    for system, store in stores.items():
        native = NativeBackend(store)
        for code in store.codes(system):
            assert answers(pymed, system, code) == answers(native, system, code)
            asked += 1
    assert asked == SHAPE.concepts + 191
    assert pymed.ancestors(SNOMED, CODES[40]) and pymed.term(SNOMED, CODES[-1])
    assert pymed.inclusions(ICD10GM, "J45.0") == [
        Note(text="Exogen-allergisches Asthma"),
        Note(text="Heuasthma"),
    ]


@needs_library
def test_subsumption_is_that_of_the_store(pymed, stores):
    native = NativeBackend(stores[SNOMED])
    codes = st.sampled_from([*CODES, *WILD])

    @settings(deadline=None)
    @given(codes, codes)
    def held(above, below):
        assert pymed.subsumes(SNOMED, above, below) is native.subsumes(SNOMED, above, below)

    held()
    assert pymed.subsumes(SNOMED, CODES[0], CODES[99]) and not pymed.subsumes(SNOMED, CODES[99], CODES[0])
    assert pymed.subsumes(ICD10GM, "E11", "E11.91") and not pymed.subsumes(ICD10GM, "E10", "E11.91")


@needs_library
@pytest.mark.parametrize("system", [SNOMED, ICD10GM, ICD10])
def test_codes_that_are_not_there_have_no_answers(pymed, system):
    @settings(deadline=None)
    @given(st.sampled_from(WILD) | st.text(max_size=2))
    def nothing(code):
        assert answers(pymed, system, code) == ([], [], [], None, [], [])

    nothing()


@needs_library
def test_eight_threads_get_the_same_answers(pymed, stores):
    native = NativeBackend(stores[SNOMED])
    wanted = [answers(native, SNOMED, code) for code in CODES]
    with ThreadPoolExecutor(8) as pool:
        asked = pool.map(lambda _: [answers(pymed, SNOMED, code) for code in CODES], range(8))
        assert all(found == wanted for found in asked)


@needs_library
def test_it_opens_once_and_after_closing_again_elsewhere(pymed, folder, stores, tmp_path):
    with pytest.raises(TerminologyError, match="close it first"):
        PymedBackend(folder)
    assert pymed.term(SNOMED, CODES[3])
    pymed.close()
    pymed.close()
    with pytest.raises(TerminologyError, match="is closed"):
        pymed.term(SNOMED, CODES[3])
    export.icd10(stores[ICD10GM], tmp_path, system=ICD10GM)
    with PymedBackend(tmp_path) as other:
        assert other.term(ICD10GM, "J45") == "Asthma"
        assert other.term(SNOMED, CODES[3]) is None


@needs_library
def test_what_cannot_be_opened_leaves_the_way_free(folder, tmp_path):
    (tmp_path / "icd10.sqlite3").write_bytes((folder / "icd10.sqlite3").read_bytes())
    with closing(sqlite3.connect(tmp_path / "icd10.sqlite3")) as connection:
        connection.executescript("DROP TABLE Concept")
    with PymedBackend(tmp_path) as broken, pytest.raises(TerminologyError, match="cannot read its database"):
        broken.term(ICD10GM, "J45")
    (tmp_path / "icd10.sqlite3").write_bytes(b"no database at all")
    with pytest.raises(TerminologyError, match="not an exported file"):
        PymedBackend(tmp_path)
    with PymedBackend(folder) as backend:
        assert backend.term(ICD10GM, "J45") == "Asthma"


@needs_library
def test_a_process_that_forgets_to_close_ends_quietly(folder):
    script = (
        "import sys; from pathlib import Path; from terminology.pymed.backend import PymedBackend;"
        f"print(PymedBackend(Path(sys.argv[1])).term({SNOMED!r}, sys.argv[2]))"
    )
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, str(folder), CODES[5]],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=Path(__file__).parents[2],
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.strip() == rf2_release.names(5, SHAPE)[1]


@needs_library
def test_notes_of_a_claml_file_come_with_what_they_refer_to(stores, tmp_path):
    claml = tmp_path / "list.xml"
    claml.write_text(
        f'{HEAD}<Class code="J45" kind="category"><Rubric kind="preferred"><Label>Asthma</Label></Rubric>'
        '<Rubric kind="inclusion"><Label>Heuasthma</Label></Rubric>'
        '<Rubric kind="exclusion"><Label xml:lang="de">Anderes <Reference code="J45.0">J45.0</Reference>,'
        ' <Reference>E11.-</Reference></Label><Label xml:lang="nl">Iets</Label></Rubric>'
        '<Rubric kind="exclusion"><Label>Fernes (weit)'
        " (<Reference>A00-A09</Reference>; <Reference>E11</Reference>)</Label></Rubric></Class>"
        '<Class code="A00-A09" kind="block"><Rubric kind="exclusion"><Label>Weg</Label></Rubric></Class>'
        "</ClaML>",
        "utf-8",
    )
    export.icd10(stores[ICD10GM], tmp_path, system=ICD10GM, claml=claml)
    with PymedBackend(tmp_path) as pymed:
        assert pymed.inclusions(ICD10GM, "J45") == [Note(text="Heuasthma")]
        assert pymed.exclusions(ICD10GM, "J45") == [
            Note(text="Anderes", references=("J45.0", "E11")),
            Note(text="Fernes (weit) (A00-A09)", references=("E11",)),
        ]
        assert len(pymed.inclusions(ICD10GM, "J45.0")) == 2


def test_the_files_have_what_the_library_asks(folder):
    snomed, icd10 = folder / "snomedct.sqlite3", folder / "icd10.sqlite3"
    specified = (
        "SELECT count(*), count(DISTINCT conceptId) FROM Description WHERE typeId = 900000000000003001"
    )
    assert rows(snomed, specified) == [(SHAPE.concepts, SHAPE.concepts)]
    matching = (
        "SELECT conceptId FROM Description, Description_fts WHERE Description_fts.term MATCH ? AND id = docid"
    )
    assert (int(CODES[7]),) in rows(snomed, matching, rf2_release.names(7, SHAPE)[2].replace(",", ""))
    matching = "SELECT code FROM Concept, Concept_fts WHERE Concept_fts.term MATCH ? AND id = docid"
    assert rows(icd10, matching, "heuasthma") == [("J45.0",)]


def test_an_export_counts_and_says_what_it_cannot_write(stores, tmp_path):
    done = export.snomedct(stores[SNOMED], tmp_path)
    assert (done.concepts, done.left_out) == (SHAPE.concepts, 0)
    assert done.texts == SHAPE.concepts * (SHAPE.synonyms + 1)
    with pytest.raises(TerminologyError, match="holds no codes"):
        export.icd10(stores[SNOMED], tmp_path)
    (tmp_path / "other.xml").write_text(f"{HEAD}</ClaML>", "utf-8")
    with pytest.raises(TerminologyError, match=r"other\.xml: none of its codes"):
        export.icd10(stores[ICD10GM], tmp_path, system=ICD10GM, claml=tmp_path / "other.xml")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.xml", "snomedct.sqlite3"]


def test_codes_with_a_plus_are_left_out_and_two_parents_are_refused(tmp_path):
    french = HEAD.replace("ICD-10-EN-2031", "CIM-10")
    label = '<Rubric kind="preferred"><Label>Nom</Label></Rubric>'
    classes = "".join(f'<Class code="{code}" kind="category">{label}</Class>' for code in ("J96", "J96.+0"))
    (tmp_path / "fr.xml").write_text(f"{french}{classes}</ClaML>", "utf-8")
    with made("claml", tmp_path / "fr.xml", tmp_path / "fr.sqlite") as store:
        done = export.icd10(store, tmp_path / "out", system=ICD10FR)
    assert (done.concepts, done.left_out) == (1, 1)
    up = '<SuperClass code="J96"/><SuperClass code="J97"/>'
    classes = "".join(f'<Class code="{code}" kind="category">{label}</Class>' for code in ("J96", "J97"))
    classes += f'<Class code="J96.0" kind="category">{up}{label}</Class>'
    (tmp_path / "en.xml").write_text(f"{HEAD}{classes}</ClaML>", "utf-8")
    with (
        made("claml", tmp_path / "en.xml", tmp_path / "en.sqlite") as store,
        pytest.raises(TerminologyError, match=r"J96\.0: has 2 parents"),
    ):
        export.icd10(store, tmp_path / "out", system=ICD10)


def test_without_the_library_opening_says_what_to_install(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "pymedtermino", None)
    with pytest.raises(TerminologyError, match=r"notewright\[pymedtermino\]"):
        PymedBackend(folder)


def test_a_folder_without_files_is_named(tmp_path):
    with pytest.raises(TerminologyError, match=r"neither snomedct\.sqlite3 nor icd10\.sqlite3"):
        PymedBackend(tmp_path)
