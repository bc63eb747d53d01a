from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.extraction.generative import embedder as embedding
from adapter.extraction.generative.alike import Meanings
from adapter.extraction.generative.shots import ShotIndex
from adapter.tasks import Example
from terminology import TerminologyError

MODEL = Path(__file__).parents[3] / "models" / "notewright-minilm-v2.Q8_0.gguf"
LONG = "".join(f"On day {day} the patient had chest pain at {day % 24} h. " for day in range(40))


@given(st.text(max_size=3000))
def test_windows_cut_between_words_and_lose_none(text: str) -> None:
    windows = embedding._windows(text)
    words = [word for window, _ in windows for word in embedding.WORD.findall(window)]
    assert words == embedding.WORD.findall(text)
    assert all(
        size <= embedding.WINDOW or len(embedding.WORD.findall(window)) == 1 for window, size in windows
    )


def test_of_a_very_long_note_windows_from_all_over_are_read() -> None:
    text = " ".join(str(number) for number in range(60_000))
    windows = embedding._windows(text)
    assert len(windows) == embedding.WINDOWS
    starts = [int(window.split()[0]) for window, _ in windows]
    assert starts == sorted(starts)
    assert starts[-1] > 58_000


@pytest.mark.model
def test_a_gguf_model_gives_a_note_the_same_direction_in_any_company() -> None:
    texts = ["Chest pain since this morning.", "", LONG, "胸痛 и боль в груди"]
    with embedding.open_embedder(MODEL, 2) as model:
        rows = embedding.directions(texts, model)
        alone = [embedding.directions([text], model)[0] for text in texts]
        assert len(embedding._windows(LONG)) > 4
        near = Meanings(rows, model).near(LONG)
    assert np.array_equal(rows, np.array(alone))
    assert np.abs(rows).max(axis=1).tolist() == [127, 0, 127, 127]
    assert near[2] == pytest.approx(1)
    assert near[2] > near[0] > near[1] == 0


@pytest.mark.model
def test_examples_are_found_by_a_gguf_model(tmp_path: Path) -> None:
    texts = ["Metformin 500 mg twice daily for diabetes.", "Appendectomy in 2019.", LONG]
    examples = [Example(text=text, answer={}) for text in texts]
    with embedding.open_embedder(MODEL) as model:
        index = ShotIndex(examples, embedder=model, index=tmp_path / "shots.npz")
        shots = index.choose("Lisinopril 10 mg once daily for hypertension.", 2, diversity=0)
    assert shots.examples[-1].text == texts[0]
    assert shots.by == "meaning"


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.gguf").write_text("no model")
    with pytest.raises(TerminologyError):
        embedding.open_embedder(tmp_path / "text.gguf")
