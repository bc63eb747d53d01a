"""Mapping files of a site's own take the place of those that ship, at every stage, and nowhere else."""

import base64
import json
import shutil

import pytest

import mappings
from adapter import assembly, categories, cli
from adapter.delivery import adapting, packs
from adapter.errors import SettingsError
from adapter.settings import Settings, read
from mappings import SHIPPED, Files, MappingError

NOTE = "Complaints: no fever. Asthma since 2019.\nMedication: aspirin 100 mg daily.\n"
DOCUMENT = {
    "resourceType": "DocumentReference",
    "id": "d1",
    "status": "current",
    "subject": {"reference": "Patient/1"},
    "content": [
        {"attachment": {"contentType": "text/plain", "data": base64.b64encode(NOTE.encode()).decode()}}
    ],
}


def changed(name, old, new):
    text = SHIPPED.text(name)
    assert old in text
    return SHIPPED.draft(name, text.replace(old, new, 1))


def found(line, text=NOTE):
    return {one.text.lower(): one for one in line.text("n", text, "en")[0]}


def test_what_ships_gives_what_it_gave(pipeline):
    """Byte for byte, also where other files were read in between."""
    before = json.dumps(pipeline.run(DOCUMENT).bundle)
    other = assembly.ruled(pipeline, changed("coding/coding.toml", "threshold = 0", "threshold = 2"))
    assert json.dumps(other.run(DOCUMENT).bundle) != before
    assert json.dumps(pipeline.run(DOCUMENT).bundle) == before
    assert json.dumps(assembly.ruled(pipeline, pipeline.files).run(DOCUMENT).bundle) == before


def test_the_digest_that_provenance_records_is_of_the_files_that_were_used(pipeline):
    files = pipeline.files.draft("categories.toml", SHIPPED.text("categories.toml") + "# ours\n")
    told = json.dumps(assembly.ruled(pipeline, files).run(DOCUMENT).bundle)
    assert pipeline.files.digest() in json.dumps(pipeline.run(DOCUMENT).bundle)
    assert files.digest() in told
    assert pipeline.files.digest() not in told


def test_headings(pipeline):
    files = changed("sections/en.toml", "headings = [", 'headings = ["grumbles", ')
    note = "GRUMBLES: cough\n"
    sections = {
        line.text("n", note, "en")[0][0].section for line in (pipeline, assembly.ruled(pipeline, files))
    }
    assert len(sections) == 2


def test_context(pipeline):
    text = SHIPPED.text("context/en.toml")
    files = SHIPPED.draft("context/en.toml", text.replace('axis = "negated"', 'axis = "uncertain"'))
    before, after = found(pipeline)["fever"], found(assembly.ruled(pipeline, files))["fever"]
    assert before.assertion.negated and not before.assertion.uncertain
    assert after.assertion.uncertain
    assert {cue.rule for cue in after.assertion.cues if cue.axis == "negated"} <= {"engine"}


def test_times(pipeline):
    text = SHIPPED.text("dates/en.toml")
    files = SHIPPED.draft("dates/en.toml", text.replace("since", "sinds").replace("s(?:tart|ince)", "start"))
    assert files != SHIPPED
    assert found(pipeline)["asthma"] != found(assembly.ruled(pipeline, files))["asthma"]


def test_coding(pipeline):
    after = assembly.ruled(pipeline, changed("coding/coding.toml", "threshold = 0", "threshold = 2"))
    assert found(pipeline)["asthma"].codings
    assert not found(after)["asthma"].codings


def test_extraction(pipeline):
    files = changed("extraction/arbiter.toml", "\nalways = [", '\nalways = ["aspirin", ')
    assert found(pipeline)["aspirin"].kind == "medication"
    assert found(assembly.ruled(pipeline, files))["aspirin"].kind == "test"


def test_orders_to_a_machine(pipeline):
    more = '\n[[order]]\nid = "ours"\nhaving = ["asthma"]\npatterns = ["asthma since"]\n'
    files = SHIPPED.draft("extraction/orders.toml", SHIPPED.text("extraction/orders.toml") + more)
    assert "asthma" not in found(assembly.ruled(pipeline, files))


def test_resources(pipeline):
    files = changed(
        "resources/condition.toml", "[outcomes.present]", '[outcomes.present]\nleave_out = "ours"#'
    )
    kinds = [
        [entry["resource"]["resourceType"] for entry in line.run(DOCUMENT).bundle["entry"]]
        for line in (pipeline, assembly.ruled(pipeline, files))
    ]
    assert kinds[0].count("Condition") > kinds[1].count("Condition")


def test_categories_and_packs():
    files = changed("categories.toml", "category = ", 'category = "ours" #')
    assert "ours" in {row.category for row in categories.load(files).row}
    files = SHIPPED.draft("profiles/ours.toml", 'version = 1\nfhir = ["r4"]\n')
    assert "ours" in packs.names(files)
    assert adapting.wishes("r4", "ours", files=files).pack_name == "ours"
    with pytest.raises(SettingsError):
        adapting.wishes("r4", "ours")


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "own" / "coding"
    path.mkdir(parents=True)
    shutil.copy(mappings.ROOT / "coding" / "coding.toml", path)
    return path.parent


def converted(capsys, tmp_path, core_store, *more):
    (tmp_path / "d.json").write_text(json.dumps(DOCUMENT))
    options = (
        "--input",
        str(tmp_path / "d.json"),
        "--terminology",
        str(core_store),
        "--language",
        "en",
        "--quiet",
    )
    code = cli.main(["convert", *options, *more])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_the_command_takes_them(capsys, tmp_path, core_store, folder):
    plain = converted(capsys, tmp_path, core_store)
    same = converted(capsys, tmp_path, core_store, "--mappings", str(folder))
    assert plain == same
    path = folder / "coding" / "coding.toml"
    path.write_text(path.read_text("utf-8").replace("threshold = 0", "threshold = 2"), "utf-8")
    code, out, _ = converted(capsys, tmp_path, core_store, "--mappings", str(folder))
    assert code == 0 and out != plain[1] and SHIPPED.over(folder).digest() in out


def test_a_broken_file_stops_the_start(capsys, tmp_path, core_store, folder):
    path = folder / "coding" / "coding.toml"
    path.write_text(path.read_text("utf-8") + "\nunknown = 1\n", "utf-8")
    code, _, said = converted(capsys, tmp_path, core_store, "--mappings", str(folder))
    assert code == 3 and "coding/coding.toml:" in said and "unknown" in said
    assert cli.main(["mappings", "validate", str(folder)]) == 3
    assert "unknown" in capsys.readouterr().out
    code, _, said = converted(capsys, tmp_path, core_store, "--mappings", str(tmp_path / "none"))
    assert code == 2 and "mappings: not a directory" in said


def test_the_setting_is_read(folder):
    assert read({"NOTEWRIGHT_MAPPINGS": str(folder)}, {}).files == Files((mappings.ROOT, folder))
    assert Settings().files is SHIPPED
    with pytest.raises(MappingError):
        categories.load(Files((folder,)))
