"""The dense index: quantised search against exact, damaged files, and what it may add to lexical hits."""

import hashlib
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terminology import Source, TerminologyError, build, dense_index, open_store
from terminology.dense import DenseSearch, build_index, open_dense, open_index, scored, union
from terminology.embedder import GgufEmbedder
from terminology.model import Hit
from terminology.systems import ICD10CM, SNOMED

MODEL = Path(__file__).parents[2] / "models" / "notewright-minilm-v2.Q8_0.gguf"
ROWS = [
    (SNOMED, "22298006", "Myocardial infarction (disorder)", "condition"),
    (SNOMED, "38341003", "Hypertension (disorder)", "condition"),
    (SNOMED, "38341003", "Hypertensive disease", "condition"),
    (SNOMED, "45007003", "Hypotension", "condition"),
    (SNOMED, "44054006", "Diabetes mellitus type 2 (disorder)", "condition"),
    (SNOMED, "46635009", "Diabetes mellitus type 1 (disorder)", "condition"),
    (SNOMED, "30989003", "Knee pain (finding)", "finding"),
    (SNOMED, "399208008", "Plain chest X-ray (procedure)", "procedure"),
    (ICD10CM, "J45", "Asthma", "condition"),
    (SNOMED, "195967001", "Asthma (disorder)", "condition"),
]


class Trigrams:
    """Vectors of hashed trigrams; texts that mean the same are told in a table."""

    model = "trigrams-1"

    def __init__(self, same=(), width=64):
        self.same, self.width = dict(same), width

    def __call__(self, texts):
        return np.stack([self.row(self.same.get(text, text).lower()) for text in texts])

    def row(self, text):
        found = np.zeros(self.width, np.float32)
        for start in range(len(text) + 1):
            key = hashlib.sha256(f" {text} "[start : start + 3].encode()).digest()
            found[key[0] % self.width] += 1 if key[1] % 2 else -1
        return found


class Given:
    """Vectors that a test made, by the number that is their text."""

    model = "given"

    def __init__(self, vectors):
        self.vectors = vectors

    def __call__(self, texts):
        return self.vectors[[int(text.split()[1]) for text in texts]]


def write(folder, rows, name="store"):
    lines = ["system\tcode\tdisplay\tkind", *("\t".join(row) for row in rows)]
    (folder / f"{name}.tsv").write_text("\n".join(lines), "utf-8")
    build([Source(kind="tsv", path=folder / f"{name}.tsv")], folder / f"{name}.sqlite")
    return folder / f"{name}.sqlite"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return write(tmp_path_factory.mktemp("dense"), ROWS)


@pytest.fixture(scope="module")
def index(store):
    build_index(store, Trigrams(), store.with_suffix(".dense"))
    return store.with_suffix(".dense")


def asking(store, index, same):
    return open_dense(store, index, Trigrams(same))


def codes(hits):
    return [hit.code for hit in hits]


def test_names_that_fold_to_the_same_words_share_a_vector(store, index):
    manifest = open_index(index, store, Trigrams()).manifest
    assert (manifest.vectors, manifest.terms) == (9, 17)  # names without their tags are names too
    near = open_index(index, store, Trigrams()).search("Asthma", 2)
    assert near[0].cosine == near[1].cosine == pytest.approx(1, abs=1e-3)
    assert near[0].term < near[1].term


def test_only_the_names_asked_for_have_vectors(store, tmp_path):
    manifest = build_index(store, Trigrams(), tmp_path / "i", kinds=["finding", "procedure"])
    assert (manifest.vectors, manifest.kinds) == (2, ("finding", "procedure"))
    assert build_index(store, Trigrams(), tmp_path / "i", languages=["de"]).terms == 0
    assert open_index(tmp_path / "i", store, Trigrams()).manifest.vectors == 0
    with open_dense(store, index_of(store, tmp_path, systems=[ICD10CM]), Trigrams()) as search:
        assert codes(search.search("asthma")) == ["J45"]


def index_of(store, folder, **filters):
    build_index(store, Trigrams(), folder / "filtered", **filters)
    return folder / "filtered"


def test_a_meaning_without_a_common_word_is_found(store, index):
    with (
        asking(store, index, {"heart attack": "Myocardial infarction"}) as search,
        open_store(store) as opened,
    ):
        (hit,) = search.search("heart attack", limit=1)
        assert (hit.code, hit.match, hit.score, hit.preferred) == ("22298006", "dense", 0.75, True)
        assert codes(opened.search("heart attack")) == []
        assert codes(union(opened.search("heart attack"), [hit])) == ["22298006"]


def test_each_concept_once_and_filters_hold(store, index):
    with asking(store, index, {}) as search:
        hits = search.search("hypertension in asthma", limit=20)
        assert len({(hit.system, hit.code) for hit in hits}) == len(hits) > 1
        assert {hit.kind for hit in search.search("chest pain", kinds=["finding"])} == {"finding"}
        assert codes(search.search("asthma", systems=[SNOMED], limit=1)) == ["195967001"]
        assert search.search("asthma", languages=["fr"]) == []
        assert search.search(" - ") == []


def test_contradictions_are_left_out(store, index):
    same = {"high blood pressure": "Hypotension", "type 1 diabetes": "Diabetes mellitus type 2"}
    with asking(store, index, same) as search:
        assert "45007003" not in codes(search.search("high blood pressure"))
        assert "44054006" not in codes(search.search("type 1 diabetes"))
    with asking(store, index, {"low blood pressure": "Hypotension", "left gonalgia": "Knee pain"}) as search:
        assert search.search("low blood pressure")[0].score == 0.75
        assert search.search("left gonalgia")[0].score == 0.375


def test_dense_hits_are_added_only_to_weak_evidence():
    hit = Hit(
        system=SNOMED,
        code="1",
        display="a",
        kind="condition",
        term="a",
        language="en",
        score=0.59,
        match="fuzzy",
        preferred=True,
        source=0,
    )
    dense = [replace(hit, code="2", score=0.7, match="dense"), replace(hit, score=0.5, match="dense")]
    assert [(one.code, one.match) for one in union([hit], dense)] == [("2", "dense"), ("1", "fuzzy")]
    assert union([replace(hit, score=0.6)], dense) == [replace(hit, score=0.6)]


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_scores_rise_with_cosines_and_never_say_the_same_thing(one, two):
    assert 0 <= scored(min(one, two)) <= scored(max(one, two)) <= 0.75


@pytest.fixture(scope="module")
def clustered(tmp_path_factory):
    """A store of 9,000 names around 300 centres, more than are compared without looking at signs."""
    folder, chance = tmp_path_factory.mktemp("clustered"), np.random.default_rng(7)
    vectors = (
        chance.normal(size=(300, 96))[np.arange(9000) % 300] + 0.5 * chance.normal(size=(9000, 96)) + 0.3
    )
    vectors[9] = vectors[8]
    given_ = Given(vectors.astype(np.float32))
    path = write(folder, [("http://example.org/x", f"c{n}", f"name {n}", "condition") for n in range(9000)])
    build_index(path, given_, folder / "i")
    opened = open_index(folder / "i", path, given_)
    with sqlite3.connect(path) as connection:
        numbers = dict(connection.execute("SELECT text, id FROM term"))
    places = {numbers[f"name {n}"]: n for n in range(9000)}
    return opened, given_.vectors, places


def test_quantised_search_finds_what_exact_search_finds(clustered):
    index, vectors, places = clustered
    assert len(vectors) > dense_index.SMALL
    chance = np.random.default_rng(11)
    lengths = np.linalg.norm(vectors, axis=1)
    found = 0
    for number in chance.integers(0, 9000, 200):
        asked = (vectors[number] + 0.3 * chance.normal(size=96)).astype(np.float32)
        cosines = vectors @ asked / lengths / np.linalg.norm(asked)
        near = index.search(asked, 5)
        found += int(cosines.argmax()) in [places[one.term] for one in near]
        assert near[0].cosine == pytest.approx(cosines[places[near[0].term]], abs=0.01)
    assert found >= 190


def test_equal_vectors_come_in_the_order_of_the_store(clustered):
    index, vectors, places = clustered
    first, second = index.search(vectors[8], 2)
    assert first.cosine == second.cosine
    assert (places[first.term], places[second.term]) == (8, 9)
    assert index.search(vectors[8], 1) == [first]


def test_counting_without_numpy_2_is_the_same(monkeypatch):
    words = np.random.default_rng(3).integers(0, 1 << 63, (50, 6), dtype=np.uint64)
    expected = [sum(int(word).bit_count() for word in row) for row in words]
    assert dense_index._ones(words).tolist() == expected
    monkeypatch.delattr(np, "bitwise_count", raising=False)
    assert dense_index._ones(words).tolist() == expected


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(ROWS), st.permutations(["condition", "finding"]))
def test_the_order_of_rows_and_filters_does_not_matter(tmp_path, store, rows, kinds):
    build_index(store, Trigrams(), tmp_path / "one", kinds=("condition", "finding"))
    with open_store(store) as first, open_store(write(tmp_path, rows)) as second:
        same = first.manifest.digest == second.manifest.digest
    build_index(tmp_path / "store.sqlite" if same else store, Trigrams(), tmp_path / "two", kinds=kinds)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_an_index_that_lost_its_last_bytes_is_refused(tmp_path, store, index):
    (tmp_path / "short").write_bytes(index.read_bytes()[:-3])
    with pytest.raises(TerminologyError, match="damaged"):
        open_index(tmp_path / "short", store, Trigrams())


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_index_is_refused_or_says_the_same(tmp_path, store, index, data):
    raw = bytearray(index.read_bytes())
    place = data.draw(st.integers(0, len(raw) - 1))
    if data.draw(st.booleans()):
        del raw[place:]
    else:
        raw[place] ^= data.draw(st.integers(1, 255))
    (tmp_path / "damaged").write_bytes(raw)
    sound = open_index(index, store, Trigrams())
    try:
        opened = open_index(tmp_path / "damaged", store, Trigrams())
    except TerminologyError:
        return
    assert len(raw) == index.stat().st_size
    assert opened.manifest == sound.manifest
    assert opened.search("asthma", 20) == sound.search("asthma", 20)


def test_another_store_or_model_is_refused(store, index, tmp_path):
    with pytest.raises(TerminologyError, match="another store"):
        open_index(index, write(tmp_path, ROWS[:3]), Trigrams())
    other = Trigrams()
    other.model = "trigrams-2"
    with pytest.raises(TerminologyError, match="another embedding model"):
        open_index(index, store, other)
    with pytest.raises(TerminologyError, match="no such index"):
        open_index(tmp_path / "none", store, Trigrams())
    with pytest.raises(TerminologyError, match="damaged"):
        open_index(store, store, Trigrams())


@pytest.mark.parametrize(
    "vectors", [np.full((9, 4), np.nan), np.ones((8, 4)), np.ones(9)], ids=["not finite", "too few", "flat"]
)
def test_an_embedder_that_gives_nonsense_leaves_no_file(store, tmp_path, vectors):
    with pytest.raises(TerminologyError, match="finite numbers"):
        build_index(store, Fixed(vectors), tmp_path / "i")
    assert list(tmp_path.iterdir()) == []


class Fixed:
    model = "fixed"

    def __init__(self, vectors):
        self.vectors = vectors.astype(np.float32)

    def __call__(self, texts):
        return self.vectors


def test_a_vector_of_another_length_is_refused(store, index):
    opened = open_index(index, store, Trigrams())
    with pytest.raises(TerminologyError, match="64 finite"):
        opened.search(np.ones(63, np.float32))
    with pytest.raises(TerminologyError, match="64 finite"):
        opened.search(np.full(64, np.inf, np.float32))
    assert opened.search(np.zeros(64, np.float32)) == []


def test_a_search_may_be_made_from_an_open_index(store, index):
    with DenseSearch(store, open_index(index, store, Trigrams())) as search:
        assert codes(search.search("knee pain", limit=1)) == ["30989003"]


@pytest.mark.model
def test_a_gguf_file_gives_the_same_vectors_of_length_one(store, tmp_path):
    with GgufEmbedder(MODEL, workers=2) as embedder:
        texts = ["heart attack", "", "x " * 5000, "\udc80", "Hypertonie", "high blood pressure"]
        vectors = embedder(texts)
        assert vectors.dtype == np.float32
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
        assert np.allclose(vectors, [embedder([text])[0] for text in texts], atol=1e-3)
        assert (vectors == embedder(texts)).all()
        assert embedder([]).shape == (0, vectors.shape[1])
        build_index(store, embedder, tmp_path / "one")
        with GgufEmbedder(MODEL) as alone:
            build_index(store, alone, tmp_path / "two")
        assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
        with open_dense(store, tmp_path / "one", embedder) as search:
            assert codes(search.search("asthma", limit=1)) == ["195967001"]
    with pytest.raises(TerminologyError, match="closed"):
        embedder(["asthma"])


def test_a_file_that_is_no_model_is_refused(tmp_path):
    with pytest.raises(TerminologyError, match="No such file"):
        GgufEmbedder(tmp_path / "none.gguf")
    (tmp_path / "text.gguf").write_text("no model")
    with pytest.raises(TerminologyError, match="cannot load"):
        GgufEmbedder(tmp_path / "text.gguf")
