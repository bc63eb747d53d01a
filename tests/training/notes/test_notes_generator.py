import json
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from adapter.evaluation.readers import lines
from adapter.model import FLAGS, KINDS
from training.notes import breadth, check, generator
from training.notes.terms import missing

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module", params=generator.LANGUAGES)
def made(request):
    return generator.load(request.param)


@pytest.fixture(scope="module")
def english():
    return generator.load("en")


@pytest.fixture(scope="module")
def rows(made):
    return list(made.notes(count=60, seed=5))


def test_every_template_can_be_filled(made):
    assert list(check.problems(made, times=2)) == []


def test_shared_lists_are_rows_of_core():
    assert missing() == []


def test_every_word_stands_at_its_offsets(rows):
    for row in rows:
        for finding in row["findings"]:
            items = [finding]
            for table in ("attributes", "relations"):
                items += [item for found in finding[table].values() for item in found]
            for item in items:
                assert row["text"][item["start"] : item["end"]] == item["text"]
                assert item["text"] == item["text"].strip() != ""
            assert finding["kind"] in KINDS
            assert set(finding["assertion"]) <= {*FLAGS, "experiencer", "relative"}
        for one in row["identifiers"]:
            assert row["text"][one["start"] : one["end"]].strip()


def test_mentions_do_not_overlap(rows):
    for row in rows:
        spans = [(one["start"], one["end"]) for one in row["findings"]]
        for finding in row["findings"]:
            spans += [(one["start"], one["end"]) for items in finding["attributes"].values() for one in items]
        assert all(one[1] <= two[0] for one, two in pairwise(sorted(spans)))


def test_every_relation_is_told_in_every_language(made):
    found = {
        name for row in made.notes(count=300, seed=2) for one in row["findings"] for name in one["relations"]
    }
    assert found == {"date", "reason", "reaction"}


def test_a_reaction_hangs_on_an_allergen(rows):
    hosts = [one for row in rows for one in row["findings"] if "reaction" in one["relations"]]
    assert hosts and all(one["assertion"].get("allergen") for one in hosts)


def test_no_mark_of_a_template_is_left(rows):
    for row in rows:
        assert not re.search(r"[{}]|\[\[|\]\]|\|(?:finding|condition|medication)", row["text"])


def test_a_note_depends_on_its_seed_alone(made, rows):
    assert list(made.notes(count=20, seed=5)) == rows[:20]
    assert [row["text"] for row in made.notes(count=20, seed=6)] != [row["text"] for row in rows[:20]]


def test_evaluation_reads_the_rows(rows, tmp_path):
    path = tmp_path / "made.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    assert len(lines.read(path, {})) == len(rows)


def test_held_out_templates_are_not_trained_on():
    held, kept = (generator.load("en", held_out=which) for which in (True, False))
    used = [
        {one for row in made.notes(count=30, seed=1) for one in row["made"]["templates"]}
        for made in (held, kept)
    ]
    known = {
        line.id
        for modes in held.expander.content.blocks.values()
        for found in modes.values()
        if len(found) < 10
        for line in found
    }
    assert len(used[0] & used[1] - known) == 0


def test_english_says_everything_and_details_have_heads(english):
    rows = list(english.notes(count=250, seed=2))
    told = breadth.measures(rows)
    assert set(told["assertions"]) == {*FLAGS, "family", "other"}
    assert {"dose", "route", "frequency", "duration", "form", "result", "reason", "reaction", "date"} <= set(
        told["details"]
    )
    assert told["templates"]["distinct"] > 900
    assert {"name", "date", "birthdate", "phone", "record", "address"} <= set(told["identifiers"])
    relatives = [
        one["assertion"].get("relative")
        for row in rows
        for one in row["findings"]
        if one["assertion"].get("experiencer") == "family"
    ]
    assert sum(one is not None for one in relatives) > 0.7 * len(relatives)


def test_a_man_is_never_said_to_be_pregnant(english):
    shut = re.compile("pregnan|hysterectomy|ovarian|cesarean|endometri", re.I)
    for row in english.notes(count=100, seed=4):
        if re.search(r"\b(?:Mr\.|gentleman)\s", row["text"]):
            own = [one for one in row["findings"] if "experiencer" not in one["assertion"] and one["codings"]]
            assert not [one["text"] for one in own if shut.search(one["text"])]


def test_breadth_counts_words():
    told = breadth.overlap(["fever and cough"], ["no fever", "Fever, cough cough"])
    assert told["running_words_known"] == pytest.approx(4 / 5)
    assert told["most_frequent_missing"] == ["no"]


@pytest.mark.parametrize("key", ["language", "lang"])
def test_breadth_reads_the_language_under_both_names(key):
    rows = [{"text": "Fieber", key: "de-AT"}, {"text": "fever", key: "en"}]
    assert breadth.texts(rows, {"de"}) == ["Fieber"]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([{"text": "a", "language": "de"}, {"text": "b"}], "line 2 has neither `language` nor `lang`"),
        ([{"text": "a", "language": "fr"}], "no note in de"),
    ],
)
def test_breadth_refuses_notes_without_their_language(rows, says):
    with pytest.raises(ValueError, match=says):
        breadth.texts(rows, {"de"})


def test_breadth_names_what_is_wrong(tmp_path, monkeypatch, capsys, english):
    made, real = tmp_path / "made.jsonl", tmp_path / "real.jsonl"
    made.write_text("".join(json.dumps(row) + "\n" for row in english.notes(count=2, seed=1)), "utf-8")
    real.write_text(json.dumps({"text": "fever"}) + "\n", "utf-8")
    monkeypatch.setattr(sys, "argv", ["breadth", str(made), "--against", str(real)])
    with pytest.raises(SystemExit):
        breadth.main()
    assert "real.jsonl: line 1 has neither" in capsys.readouterr().err


def test_command_line_writes_a_file(tmp_path):
    out = tmp_path / "out.jsonl"
    command = [
        sys.executable,
        "-m",
        "training.notes",
        "--language",
        "en",
        "--notes",
        "5",
        "--output",
        str(out),
    ]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    assert len(out.read_text("utf-8").splitlines()) == 5


def test_titles_of_icd_lists_are_conditions_with_codes(tmp_path):
    path = tmp_path / "icd10-de.tsv"
    path.write_text(
        "code\ttitle\nK359\tSehr seltene Titelkrankheit\nK35\tAppendizitis, nicht näher bezeichnet\n", "utf-8"
    )
    terms = generator.load("de", titles=tmp_path).expander.terms.pools["condition"].tiers[-1][1]
    assert [(term.noun.text, term.codings) for term in terms] == [
        ("Sehr seltene Titelkrankheit", (("http://hl7.org/fhir/sid/icd-10", "K35.9"),))
    ]
