"""`notewright test`: what it prints, writes and ends with."""

import json
import shutil
from xml.etree import ElementTree

from adapter import cli
from tests.conftest import ROOT


def ran(core_store, tree, *more):
    return cli.main(["test", str(tree), "--terminology", str(core_store), "--quiet", *map(str, more)])


def test_a_tree_is_run_and_brought_up_to_date(core_store, tmp_path, capsys):
    tree = tmp_path / "cases"
    for name in ("en-suspected", "de-abgesetzt"):
        shutil.copytree(ROOT / "fixtures" / "cases" / name, tree / name)
    expected = tree / "en-suspected" / "expected.json"
    expected.write_text(expected.read_text("utf-8").replace('"provisional"', '"confirmed"', 1), "utf-8")
    junit, told = tmp_path / "junit.xml", tmp_path / "results.json"
    assert ran(core_store, tree, "--junit", junit, "--json", told) == 1
    out = capsys.readouterr().out
    assert "failed  en-suspected" in out and "verificationStatus confirmed -> provisional" in out
    assert "passed 1, failed 1 of 2" in out
    assert ElementTree.parse(junit).getroot().get("failures") == "1"
    assert json.loads(told.read_text("utf-8"))["summary"]["failed"] == 1
    assert ran(core_store, tree, "--tag", "recorded") == 0
    assert ran(core_store, tree, "--update") == 0
    assert "updated en-suspected" in capsys.readouterr().out
    (tree / "de-abgesetzt" / "expected.json").write_text("{")
    assert ran(core_store, tree) == 2
    assert "broken  de-abgesetzt\n        expected.json: not JSON" in capsys.readouterr().out


def test_wrong_usage(core_store, tmp_path, capsys):
    assert ran(core_store, tmp_path / "nowhere") == 2
    assert ran(core_store, tmp_path) == 2
    assert "no cases in it" in capsys.readouterr().err
