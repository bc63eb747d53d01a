"""Files of JSON lines."""

import json

from training import augment, jsonlines


def test_a_line_separator_within_a_text_ends_no_line(tmp_path):
    texts = ["Fever.\u2028No cough.", "Kein\x85Husten", "a\x0bb\x0cc", ""]
    file = tmp_path / "rows.jsonl"
    file.write_text("".join(json.dumps({"text": one}, ensure_ascii=False) + "\n" for one in texts), "utf-8")
    assert [row["text"] for row in jsonlines.rows(file)] == texts
    assert [row["text"] for row in jsonlines.rows(file, file)] == texts * 2


def test_exchanged_notes_keep_their_line_separators(tmp_path):
    row = {"id": "1", "text": "Asthma.\u2028Takes salbutamol.", "spans": [[0, 6, ["condition"]]]}
    row |= {"complete": [], "outside": [], "said": []}
    file = tmp_path / "note.jsonl"
    file.write_text(json.dumps(row, ensure_ascii=False) + "\n", "utf-8")
    dice = augment.random.Random(1)
    augment.write(file, list(jsonlines.rows(file)), {"condition": ["asthma", "gout"]}, 1, dice)
    made = list(jsonlines.rows(tmp_path / "note-exchanged.jsonl"))
    assert len(made) == 1 and "\u2028" in made[0]["text"]
