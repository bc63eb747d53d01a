import hashlib
import json
import multiprocessing
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from adapter.errors import SettingsError
from adapter.extraction.generative.shots import ShotIndex, read_examples
from adapter.tasks import Example

CARDIAC = "Woman of 70 with chest pain and dyspnoea. ECG shows atrial fibrillation. Troponin normal."
CARDIAC_TOO = "Man of 66 with palpitations and chest pain. ECG shows atrial fibrillation; rate control begun."
DIABETIC = "Follow-up of type 2 diabetes. HbA1c 8.1 %. Metformin raised to 1000 mg twice daily."
KNEE = "Left knee swollen after a fall on the stairs. X-ray without fracture. Ibuprofen as needed."
TEXTS = (CARDIAC, CARDIAC_TOO, DIABETIC, KNEE)
NOTE = "Man of 58, chest pain since this morning. The ECG shows new atrial fibrillation. Takes metformin."


class Counted:
    """A real, if simple, embedder: each word points somewhere of its own. Remembers what it was asked."""

    def __init__(self, model: str = "words-64") -> None:
        self.model = model
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.asked += texts
        rows = [sum((_toward(word) for word in text.lower().split()), np.zeros(64)) for text in texts]
        return np.array(rows, np.float32).reshape(len(texts), 64)


def _toward(word: str) -> NDArray[np.float64]:
    seed = int.from_bytes(hashlib.sha256(word.strip(".,;").encode()).digest()[:4], "big")
    return np.random.default_rng(seed).standard_normal(64)


def example(text: str) -> Example:
    return Example(text=text, answer={"problems": []})


def examples(*texts: str) -> list[Example]:
    return [example(text) for text in texts]


@pytest.fixture(params=["words", "meaning"])
def index(request: pytest.FixtureRequest) -> ShotIndex:
    return ShotIndex(examples(*TEXTS), embedder=Counted() if request.param == "meaning" else None)


def test_the_nearest_stands_last(index: ShotIndex) -> None:
    shots = index.choose(NOTE, 2, diversity=0)
    assert {one.text for one in shots.examples} == {CARDIAC, CARDIAC_TOO}
    assert list(shots.similarities) == sorted(shots.similarities)
    assert index.nearest(NOTE, 2, diversity=0) == shots.examples


def test_diversity_shows_one_of_two_that_are_alike(index: ShotIndex) -> None:
    found = [one.text for one in index.nearest(NOTE, 2, diversity=0.7)]
    assert len({CARDIAC, CARDIAC_TOO} & set(found)) == 1


def test_how_they_were_found_is_said() -> None:
    assert ShotIndex(examples(*TEXTS)).choose(NOTE, 2).by == "words"
    assert ShotIndex(examples(*TEXTS), embedder=Counted()).choose(NOTE, 2).by == "meaning"


@pytest.mark.parametrize(
    "note",
    [
        CARDIAC,
        CARDIAC.upper().replace(" ", "\n"),
        CARDIAC.replace("70", "71"),
        CARDIAC + " " + KNEE,
        CARDIAC[:46],
    ],
    ids=["itself", "other case and lines", "one word other", "part of the note", "note is a part"],
)
def test_a_note_is_not_its_own_example(index: ShotIndex, note: str) -> None:
    shots = index.choose(note, 4)
    assert CARDIAC not in [one.text for one in shots.examples]
    assert shots.copies >= 1
    assert CARDIAC_TOO in [one.text for one in shots.examples]


def test_a_copy_in_a_script_without_spaces_is_a_copy() -> None:
    note = "患者は七十歳の女性で、胸痛と呼吸困難を訴えて来院した。心電図で心房細動を認めた。"
    shots = ShotIndex(examples(note, KNEE)).choose(note.replace("七", "六"), 2)
    assert [one.text for one in shots.examples] == [KNEE]


def test_a_copy_whose_words_begin_with_a_line_is_a_copy() -> None:
    assert ShotIndex(examples("_0", "__x_ y")).choose("_0", 2).copies == 1


def test_no_words_and_no_examples_give_none() -> None:
    assert ShotIndex(examples(*TEXTS)).nearest(" \n", 3) == ()
    assert ShotIndex(examples(*TEXTS)).nearest(NOTE, 0) == ()
    assert ShotIndex(embedder=Counted()).nearest(NOTE, 3) == ()
    assert ShotIndex().nearest(NOTE, 3) == ()
    assert len(ShotIndex(examples("...", KNEE)).nearest(NOTE, 3)) == 2


def test_a_diversity_out_of_range_is_refused(index: ShotIndex) -> None:
    with pytest.raises(SettingsError):
        index.nearest(NOTE, 2, diversity=1.5)


def test_equals_go_by_their_order() -> None:
    same = examples("a b c d e f", "f e d c b a", "b a d c f e")
    assert [one.text for one in ShotIndex(same, embedder=Counted()).nearest("c a b e d f", 2, 0)] == [
        "f e d c b a",
        "a b c d e f",
    ]


def test_what_was_embedded_once_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "shots.npz"
    first = ShotIndex(examples(*TEXTS[:3]), embedder=Counted(), index=path)
    before = path.read_bytes()
    again = Counted()
    second = ShotIndex(examples(*TEXTS[:3]), embedder=again, index=path)
    assert again.asked == []
    assert path.read_bytes() == before
    assert second.choose(NOTE, 2) == first.choose(NOTE, 2)
    more = Counted()
    ShotIndex(examples(*TEXTS), embedder=more, index=path)
    assert more.asked == [KNEE]
    assert path.stat().st_mode & 0o077 == 0
    assert [one.name for one in tmp_path.iterdir()] == ["shots.npz"]


def test_the_index_of_another_model_or_a_damaged_one_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "shots.npz"
    whole = ShotIndex(examples(*TEXTS), embedder=Counted(), index=path).choose(NOTE, 2)
    for content in (
        b"",
        b"no archive",
        path.read_bytes()[:-40],
        path.read_bytes().replace(b"\x7f", b"\x7e"),
    ):
        path.write_bytes(content)
        counted = Counted()
        assert ShotIndex(examples(*TEXTS), embedder=counted, index=path).choose(NOTE, 2) == whole
        assert set(TEXTS) <= set(counted.asked)
    other = Counted("other")
    ShotIndex(examples(*TEXTS), embedder=other, index=path)
    assert other.asked == list(TEXTS)


def test_a_sites_example_takes_the_place_of_the_tasks(tmp_path: Path) -> None:
    file = tmp_path / "site.jsonl"
    mended = Example(text=KNEE, answer={"problems": [{"quote": "knee swollen"}]})
    index = ShotIndex(examples(*TEXTS), file=file)
    before = index.choose("A swollen knee.", 1)
    index.add(mended)
    after = index.choose("A swollen knee.", 1)
    assert after.examples == (mended,)
    assert (before.examples, len(index)) == ((example(KNEE),), 4)
    assert before.digest != after.digest
    assert ShotIndex(examples(*TEXTS), file=file).choose("A swollen knee.", 1) == after


def test_an_example_added_elsewhere_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "site.jsonl"
    one, other = ShotIndex(file=file, embedder=Counted()), ShotIndex(file=file, embedder=Counted())
    one.add(example(KNEE))
    assert other.nearest("A swollen knee.", 1) == (example(KNEE),)
    file.write_text(json.dumps({"text": DIABETIC, "answer": {}}), "utf-8")  # no line end
    one.add(example(CARDIAC))
    assert [shot.text for shot in read_examples(file)] == [DIABETIC, CARDIAC]
    assert len(other.nearest(NOTE, 5)) == 2


def test_a_line_being_written_is_left_for_later(tmp_path: Path) -> None:
    file = tmp_path / "site.jsonl"
    index = ShotIndex(file=file)
    index.add(example(KNEE))
    whole = file.read_text("utf-8")
    file.write_text(whole + '{"text": "half', "utf-8")
    assert len(index.nearest(NOTE, 5)) == 1
    with pytest.raises(SettingsError, match="line 2"):
        ShotIndex(file=file)


def test_the_words_that_a_value_rests_on_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "site.jsonl"
    told = Example(text=KNEE, answer={"fell": True}, evidence={"/fell": "a fall"})
    ShotIndex(file=file).add(told)
    assert ShotIndex(file=file).examples == (told,)
    assert ShotIndex(file=file).choose(NOTE, 1).digest != ShotIndex([example(KNEE)]).choose(NOTE, 1).digest


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"text": "x"}',
        '{"text": "x", "answer": {}, "evidence": {"/a": 1}}',
        '{"text": " ", "answer": {}}',
        "[" * 100_000,
    ],
)
def test_a_broken_file_is_refused_without_its_words(tmp_path: Path, line: str) -> None:
    file = tmp_path / "site.jsonl"
    file.write_text(json.dumps({"text": "Secret words.", "answer": {}}) + "\n" + line, "utf-8")
    with pytest.raises(SettingsError, match="line 2") as raised:
        ShotIndex(file=file)
    assert "Secret" not in str(raised.value)


def test_what_cannot_be_written_is_an_error_of_settings(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="index of examples"):
        ShotIndex(examples(KNEE), embedder=Counted(), index=tmp_path / "none" / "shots.npz")
    index = ShotIndex(file=tmp_path / "none" / "site.jsonl")
    with pytest.raises(SettingsError, match="cannot be written"):
        index.add(example(KNEE))
    assert len(index) == 0


def _add(file: Path, index: Path, number: int) -> None:
    shots = ShotIndex(file=file, embedder=Counted(), index=index)
    for turn in range(10):
        shots.add(example(f"Note {turn} of {number}. " + "Long enough to be torn. " * 400))


def test_two_processes_may_add_at_once(tmp_path: Path) -> None:
    file, index = tmp_path / "site.jsonl", tmp_path / "shots.npz"
    file.touch()
    started = [
        multiprocessing.get_context("spawn").Process(target=_add, args=(file, index, number))
        for number in range(2)
    ]
    for process in started:
        process.start()
    for process in started:
        process.join()
    assert [process.exitcode for process in started] == [0, 0]
    assert len(read_examples(file)) == 20
    counted = Counted()
    assert len(ShotIndex(file=file, embedder=counted, index=index)) == 20


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.text(max_size=40), max_size=8),
    st.text(max_size=80),
    st.integers(-1, 9),
    st.floats(0, 1),
    st.booleans(),
)
def test_any_text_gives_examples_each_once(
    texts: list[str], note: str, k: int, diversity: float, dense: bool
) -> None:
    index = ShotIndex(examples(*texts), embedder=Counted() if dense else None)
    shots = index.choose(note, k, diversity)
    assert len(shots.examples) <= max(k, 0)
    assert len({one.text for one in shots.examples}) == len(shots.examples)
    assert note not in [one.text for one in shots.examples] or not any(map(str.isalnum, note))
    assert list(shots.similarities) == sorted(shots.similarities)
