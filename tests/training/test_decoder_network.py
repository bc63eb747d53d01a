import json

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("tokenizers")

from training.decoder import answers, convert, muon, tokenizer, train  # noqa: E402
from training.decoder.network import Decoder, Shape  # noqa: E402

ANSWER = {
    "problems": [{"quote": "chest pain", "status": "absent"}],
    "medications": [{"quote": "met\nformin \u00b5", "status": "taking", "dose": "500 mg"}],
    "procedures": [],
}
TEXTS = [
    "Denies chest pain, takes metformin 500 mg.",
    "no chest pain; metformin twice daily for chest pain",
] * 20


@pytest.fixture(scope="module")
def words():
    return tokenizer.train(TEXTS, 420, 30)


@pytest.fixture(scope="module")
def model(words):
    torch.manual_seed(1)
    shape = Shape(vocabulary=len(words.pieces), width=64, layers=2, heads=4, shared=4, inner=96, context=256)
    return Decoder(shape, words.twins()).eval()


def test_any_text_comes_back_and_a_word_is_cut_alike_with_and_without_its_space(words):
    for text in (*TEXTS, *convert.ODD):
        assert words.decode(words.encode(text)) == text
    twin = dict(words.twins())
    alone, after = words.encode("chest"), words.encode(" chest")
    assert [twin.get(one, one) for one in after if words.pieces[one] != tokenizer.SPACE] == alone


def test_no_text_is_cut_into_control_tokens_or_pieces_of_json(words):
    fixed = {words.structure(text) for text in (*tokenizer.CONTROL, *tokenizer.STRUCTURE)}
    for text in (*tokenizer.CONTROL, *tokenizer.STRUCTURE, answers.written(ANSWER)):
        assert not fixed & set(words.encode(text))


def test_an_example_is_note_then_answer(words):
    line = train.line({"text": TEXTS[0], "answer": ANSWER}, words)
    ids = list(line.ids)
    assert words.decode(ids[: line.answer]) == TEXTS[0] + "<|end|><|assistant|>"
    assert words.decode(ids[line.answer :]) == answers.written(ANSWER) + "<|end|>"


def test_the_tags_of_a_note_mark_the_first_and_later_words_of_items(words):
    answer = {array: [] for array in answers.ARRAYS} | {
        "problems": [{"quote": "chest pain", "status": "absent"}]
    }
    ids, tags = train.tagged({"text": TEXTS[0], "answer": answer}, words)
    assert tags.count(1) == 1
    marked = [one for one, tag in zip(ids, tags, strict=True) if tag]
    assert words.decode(marked).strip() == "chest pain"


def test_the_shared_prompt_changes_nothing(model):
    size = model.shape.vocabulary
    prompt, ids = torch.randint(0, size, (1, 9)), torch.randint(0, size, (3, 20))
    whole = model(torch.cat([prompt.expand(3, -1), ids], 1))[:, 9:]
    assert torch.allclose(model(ids, prompt), whole, atol=1e-4)


def test_an_untrained_decoder_goes_on_as_the_text_went_on_before():
    torch.manual_seed(2)
    model = Decoder(Shape(vocabulary=400, layers=2), [])
    once = torch.randperm(400)[:30]
    told = model.scores(torch.cat([once, once]).unsqueeze(0))[0].argmax(-1)
    assert (told[31:-1] == once[2:]).float().mean() > 0.6


def test_twins_have_the_vector_of_their_piece_and_the_space(model, words):
    table = model.embedding.whole()
    for spaced, alone in words.twins():
        assert torch.allclose(table[spaced] - table[alone], model.embedding.space)


def test_a_step_of_muon_is_nearly_orthogonal():
    sizes = torch.linalg.svdvals(
        muon.orthogonal(torch.randn(48, 96, generator=torch.Generator().manual_seed(1)))
    )
    assert sizes.min() > 0.2
    assert sizes.max() < 2


def test_a_little_training_lowers_the_loss_and_llama_reads_the_file_alike(words, model, tmp_path):
    pytest.importorskip("llama_cpp")
    line = train.line({"text": TEXTS[0], "answer": ANSWER}, words)
    batch = train.tensors([line, line], torch.tensor([train.prompt(words)]))
    plan = {
        "rate": 0.01,
        "rate_vectors": 0.003,
        "decoupled": 0.0,
        "note_until": 0.0,
        "tag_weight": 0.5,
        "warm": 0.01,
        "decay": 0.5,
    }
    steps = train.optimisers(model, plan)
    with train.ThreadPoolExecutor(1) as pool:
        losses = [train.step(model, steps, [batch], plan=plan, done=0.3, pool=pool) for _ in range(30)]
    assert losses[-1] < 0.6 * losses[0]
    train.save(tmp_path, model, steps, 1.0)
    asked = convert.argparse.Namespace(output=tmp_path / "m.gguf", name="m", version="1", chunk=192)
    convert.convert(train.restored(tmp_path, words), words, asked)
    found = convert.compare(model, words, asked.output, TEXTS[:2])
    assert found["otherwise_cut"] == 0
    assert found["cosine_least"] > 0.99
    assert json.loads(json.dumps(found))["bytes"] < 1_000_000
