"""The command line as a person or a script uses it: real files, real exit codes, the shipped model."""

import base64
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from adapter import cli
from adapter.cli import arguments, configuration
from tests.conftest import MODEL, ROOT

pytestmark = pytest.mark.model
DOCUMENT = ROOT / "fixtures" / "documents" / "discharge-summary.json"


def document(text: str | bytes, **attachment: Any) -> dict[str, Any]:
    data = text.encode() if isinstance(text, str) else text
    return {
        "resourceType": "DocumentReference",
        "id": "d1",
        "status": "current",
        "subject": {"reference": "Patient/p"},
        "content": [
            {
                "attachment": {
                    "contentType": "text/plain",
                    "language": "en",
                    "data": base64.b64encode(data).decode(),
                    **attachment,
                }
            }
        ],
    }


class Shell:
    """Runs commands in a folder with the Core store."""

    def __init__(self, folder: Path, store: Path) -> None:
        self.folder, self.store = folder, store

    def convert(self, *lines: str | bytes, options: tuple[str, ...] = ()) -> tuple[int, list[dict[str, Any]]]:
        source, target = self.folder / "in.ndjson", self.folder / "out.ndjson"
        source.write_bytes(b"\n".join(one.encode() if isinstance(one, str) else one for one in lines) + b"\n")
        arguments = ["convert", "--input", str(source), "--output", str(target), "--quiet", *options]
        code = cli.main([*arguments, "--terminology", str(self.store)])
        return code, [json.loads(line) for line in target.read_text("utf-8").splitlines()]


@pytest.fixture
def shell(tmp_path: Path, core_store: Path) -> Shell:
    return Shell(tmp_path, core_store)


def types(bundle: dict[str, Any]) -> list[str]:
    return [entry["resource"]["resourceType"] for entry in bundle["entry"]]


@pytest.mark.parametrize("version", ["r4", "r5"])
def test_a_document_becomes_a_bundle(shell: Shell, version: str) -> None:
    code, (bundle,) = shell.convert(
        json.dumps(json.loads(DOCUMENT.read_text("utf-8"))), options=("--fhir", version)
    )
    assert code == 0
    assert bundle["type"] == "transaction"
    assert {"Condition", "MedicationStatement", "Provenance", "Device"} <= set(types(bundle))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The left knee was injected with 40 mg of Kenalog. He takes metformin."),
        ("de", "Der Patient erhielt 2 g Cefazolin i.v. Er nimmt weiterhin Metformin ein."),
        ("fr", "Le patient a reçu 2 g de céfazoline. Il prend de la metformine."),
        ("nl", "De patiënt kreeg 2 g cefazoline toegediend. Hij gebruikt metformine."),
    ],
)
def test_a_drug_given_once_is_completed(shell: Shell, language: str, text: str) -> None:
    code, (bundle,) = shell.convert(json.dumps(document(text, language=language)))
    taken = [one["resource"] for one in bundle["entry"] if "medicationCodeableConcept" in one["resource"]]
    assert (code, [one["status"] for one in taken]) == (0, ["completed", "active"])


def test_a_number_is_compared_with_the_range_that_the_note_tells(shell: Shell) -> None:
    text = "LABORATORY DATA:\nPotassium 5.9 mmol/L (3.5-5.1).\nSodium 138 mmol/L."
    _, (bundle,) = shell.convert(json.dumps(document(text)))
    made = [one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == "Observation"]
    potassium, sodium = made
    assert potassium["interpretation"][0]["coding"][0]["code"] == "H"
    assert potassium["referenceRange"][0]["high"]["value"] == 5.1
    assert "interpretation" not in sodium


BAD = [
    ('{"resourceType": "DocumentReference", "content": [', "structure"),
    ("not json", "structure"),
    (b"\xff\xfe{}", "structure"),
    ("[]", "structure"),
    ("3", "structure"),
    ('{"resourceType": "Patient", "id": "p"}', "invalid"),
    ("{}", "invalid"),
    (json.dumps(document("x") | {"content": []}), None),
    (json.dumps(document("x", data="@@@not base64@@@")), None),
    (json.dumps(document(bytes(range(256)) * 40)), None),
    (json.dumps(document("Pneumonia.", contentType="text/plain; charset=klingon")), None),
    (json.dumps({k: v for k, v in document("Has pneumonia.").items() if k != "subject"}), "required"),
    (json.dumps(document("x", contentType="image/png")), None),
    ("[" * 100_000, "structure"),
    (json.dumps(document(b"a" * 50_000_000)), "too-long"),
    (json.dumps({"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Bundle"}}]}), "invalid"),
]


def test_every_bad_line_gives_its_outcome_and_the_run_goes_on(shell: Shell) -> None:
    good = json.dumps(document("ASSESSMENT: Pneumonia."))
    code, results = shell.convert(good, *[line for line, _ in BAD], good)
    assert code == 1
    assert len(results) == len(BAD) + 2
    assert results[0] == results[-1]
    assert results[0]["resourceType"] == "Bundle"
    for (line, wanted), result in zip(BAD, results[1:-1], strict=True):
        assert result["resourceType"] == "OperationOutcome", line
        issue = result["issue"][0]
        assert issue["severity"] in ("error", "fatal")
        assert wanted in (None, issue["code"]), line
        assert "klingon" not in json.dumps(result)


def test_a_bundle_of_bundles_is_read(shell: Shell) -> None:
    inner = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": document("Has pneumonia.")}],
    }
    outer = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": inner}]}
    code, (bundle,) = shell.convert(json.dumps(outer))
    assert code == 0
    assert "Condition" in types(bundle)


def test_a_line_over_the_limit_is_refused_without_being_kept(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTEWRIGHT_MAX_LINE", "2000")
    code, results = shell.convert(json.dumps(document("a" * 5000)), json.dumps(document("Has gout.")))
    assert code == 1
    assert [one["resourceType"] for one in results] == ["OperationOutcome", "Bundle"]


def test_the_same_document_gives_the_same_bytes_and_the_folder_stays_untouched(shell: Shell) -> None:
    line, folder = json.dumps(document("Has gout. Takes allopurinol 100 mg daily.")), shell.folder / "sent"
    first = shell.convert(line, options=("--send", str(folder)))
    (file,) = folder.iterdir()
    stamp = file.stat().st_mtime_ns
    assert shell.convert(line, options=("--send", str(folder))) == first
    assert file.stat().st_mtime_ns == stamp


def test_provenance_records_the_instant_it_is_given(shell: Shell) -> None:
    line, instant = json.dumps(document("Has gout.")), "2026-03-07T14:05:00Z"
    _, (bundle,) = shell.convert(line, options=("--recorded", instant))
    provenance = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Provenance")
    assert provenance["recorded"] == instant


def test_a_server_that_is_not_there_fails_the_delivery_not_the_line(shell: Shell) -> None:
    folder = shell.folder / "blocked"
    folder.write_text("a file, not a folder", "utf-8")
    code, (bundle,) = shell.convert(json.dumps(document("Has gout.")), options=("--send", str(folder)))
    assert code == 4
    assert bundle["resourceType"] == "Bundle"


def run(*options: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "adapter", *options], input=stdin, capture_output=True, text=True, check=False
    )


def test_a_language_may_be_declared_by_either_name_and_is_a_string(core_store: Path) -> None:
    rows = [
        {"id": "a", "text": "Hypertension.", "lang": "en"},
        {"id": "b", "text": "Hypertension.", "language": "en"},
        {"id": "c", "text": "Hypertension.", "language": 5},
    ]
    lines = "\n".join(json.dumps(row) for row in rows)
    done = run("extract", "--input", "-", "--terminology", str(core_store), stdin=lines)
    assert done.returncode == 1
    one, other, wrong = (json.loads(line) for line in done.stdout.splitlines())
    assert one["findings"] and one["findings"] == other["findings"]
    assert wrong["outcome"]["issue"][0]["expression"] == ["language"]


def test_extract_streams_and_quotes_exactly(core_store: Path) -> None:
    rows = [
        {"id": "a", "text": "He denies chest pain. Has hypertension.", "lang": "en"},
        {"id": "b", "text": ""},
        {"id": "c"},
        {"id": "d", "text": "\ud83d lone surrogate, gout"},
    ]
    lines = "\n".join(json.dumps(row) for row in rows) + "\n{broken\n"
    done = run("extract", "--input", "-", "--terminology", str(core_store), stdin=lines)
    assert done.returncode == 1
    assert "5 lines" in done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["id"] for row in results] == ["a", "b", "c", "d", None]
    assert results[2]["outcome"]["issue"][0]["expression"] == ["text"]
    for row, result in zip(rows, results, strict=False):
        for found in result.get("findings", ()):
            assert row["text"][found["start"] : found["end"]] == found["text"]
    pain = next(one for one in results[0]["findings"] if one["text"] == "chest pain")
    assert pain["assertion"]["negated"] is True
    pressure = next(one for one in results[0]["findings"] if one["text"] == "hypertension")
    assert pressure["assertion"]["negated"] is False
    assert "I10" in {coding["code"] for coding in pressure["codings"]}


def test_code_ranks_best_first(core_store: Path) -> None:
    rows = [{"id": 1, "text": "hypertention"}, {"id": 2, "text": "metformin", "kind": "medication"}]
    rows.append({"id": 3, "text": "gout", "kind": "dose"})
    lines = "\n".join(map(json.dumps, rows))
    done = run("code", "--input", "-", "--limit", "3", "--terminology", str(core_store), stdin=lines)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert results[0]["codings"][0]["match"] == "fuzzy"
    scores = [coding["score"] for coding in results[0]["codings"]]
    assert scores == sorted(scores, reverse=True)
    assert len(scores) <= 3
    assert "A10BA02" in {coding["code"] for coding in results[1]["codings"]}
    assert "outcome" in results[2]


def test_explain_shows_words_decision_code_and_resource(core_store: Path) -> None:
    done = run("explain", "--input", str(DOCUMENT), "--terminology", str(core_store))
    assert done.returncode == 0
    row = next(line for line in done.stdout.splitlines() if "chest pain" in line)
    assert "negated" in row
    assert "-> " not in row
    assert any("MedicationStatement" in line and "Lisinopril" in line for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["extract", "--input", "nowhere.jsonl"], 2, "nowhere.jsonl"),
        (["extract", "--input", "-", "--model", "nowhere.gguf"], 3, "nowhere.gguf"),
        (["extract", "--input", "-", "--terminology", "nowhere.sqlite"], 3, "nowhere.sqlite"),
        (["extract", "--input", "-", "--engine", "replay"], 2, "recording"),
        (["convert"], 2, "--input"),
        (["dance"], 2, "invalid choice"),
        (["terminology", "build", "--source", "magic", "--output", "x"], 3, "magic"),
    ],
)
def test_what_cannot_start_says_why(core_store: Path, options: list[str], code: int, said: str) -> None:
    if "--terminology" not in options and options[0] == "extract":
        options = [*options, "--terminology", str(core_store)]
    done = run(*options)
    assert (done.returncode, said in done.stderr) == (code, True), done.stderr
    assert "Traceback" not in done.stderr


def test_terminology_and_models_answer(core_store: Path) -> None:
    store = ("--terminology", str(core_store))
    assert json.loads(run("terminology", "status", *store).stdout)["concepts"] > 1500
    found = json.loads(run("terminology", "lookup", "snomed", "38341003", *store).stdout)
    assert "I10" in {one["code"] for one in found["mappings"]}
    assert run("terminology", "lookup", "icd10cm", "Z99999", *store).returncode == 1
    assert "exact" in run("terminology", "search", "atrial", "fibrillation", *store).stdout
    german = run("terminology", "search", "Vorhofflimmern", "--names-in", "de", "--system", "snomed", *store)
    assert "49436004" in german.stdout
    told = run(
        "terminology", "translate", "snomed", "38341003", "--age", "30 years", "--sex", "female", *store
    )
    assert [one["code"] for one in json.loads(told.stdout)["targets"]] == ["I10"]
    assert run("terminology", "translate", "snomed", "38341003", "--age", "old", *store).returncode == 2
    assert "38341003" in run("terminology", "expand", "38341003 OR 49436004", *store).stdout
    assert run("terminology", "expand", "< 38341003: 1 = 2", *store).returncode == 3
    models = [json.loads(line) for line in run("models", "list").stdout.splitlines()]
    assert [model["default"] for model in models if model["file"] == MODEL.name] == [True]


def test_every_command_of_the_table_is_a_function() -> None:
    assert set(arguments.table()["commands"]) == set(cli.COMMANDS)
    for place in cli.COMMANDS.values():
        module, _, function = place.partition(".")
        assert callable(getattr(import_module(f"adapter.cli.{module}"), function))


def test_help_reads_nothing_but_the_table() -> None:
    asked = "from adapter.cli import main; main(['extract', '--help'])"
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", asked], capture_output=True, text=True, check=True
    )
    read = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines()}
    assert "adapter.settings" in read
    assert not read & {"terminology", "numpy", "llama_cpp", "fhir.resources", "adapter.assembly"}


def test_the_reference_page_is_what_the_table_makes() -> None:
    assert (ROOT / "docs" / "cli.md").read_text("utf-8") == arguments.page()
    assert (ROOT / "docs" / "configuration.md").read_text("utf-8") == configuration.page()
