"""Golden folders: findings in, Bundle out, and why. A missing file fails; nothing here writes one.

To write them anew after a meant change: `python tests/emission/test_emission_golden.py`; read the diff.
"""

import json
from pathlib import Path

import pytest
from written import MAKER, RULES, finding, note

from adapter import emission

CASES = sorted(path for path in (Path(__file__).parent / "golden").iterdir() if path.is_dir())
VERSIONS = ("r4", "r5")


def bundle(case, fhir):
    given = json.loads((case / "findings.json").read_text("utf-8"))
    findings = [finding(given["text"], **one) for one in given["findings"]]
    written = note(given["text"])
    return emission.bundle(written, emission.build(written, findings, RULES, fhir).kept, MAKER, fhir)


def shown(case, fhir):
    return json.dumps(bundle(case, fhir), indent=1, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("fhir", VERSIONS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden(case, fhir):
    assert shown(case, fhir) == (case / f"bundle.{fhir}.json").read_text("utf-8")


def test_there_are_cases_and_each_says_why():
    assert len(CASES) >= 3
    assert all((case / "why.md").read_text("utf-8").strip() for case in CASES)


if __name__ == "__main__":
    for folder in CASES:
        for fhir in VERSIONS:
            (folder / f"bundle.{fhir}.json").write_text(shown(folder, fhir), "utf-8")
