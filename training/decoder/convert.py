"""`python -m training.decoder.convert`: a trained decoder -> one GGUF file, quantized by llama.cpp itself.

    python -m training.decoder.convert --run RUN --words WORDS --output models/x.gguf

Then llama.cpp reads the file and is compared with PyTorch: same ids of every text, nearly the same scores.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import gguf
import llama_cpp
import numpy as np
import torch

from training import jsonlines
from training.decoder import tokenizer, train
from training.decoder.network import Decoder, Shape
from training.decoder.tokenizer import CONTROL, Words

TASK = "problems-medications-procedures"
TEMPLATE = (
    "{%- for message in messages -%}"
    "{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<|assistant|>' }}{%- endif -%}"
)
LAYER = {
    "norm_attention": "attn_norm",
    "query": "attn_q",
    "key": "attn_k",
    "value": "attn_v",
    "output": "attn_output",
    "norm_inner": "ffn_norm",
    "gate": "ffn_gate",
    "up": "ffn_up",
    "down": "ffn_down",
}
ODD = (
    *(
        "",
        " ",
        "  two  spaces ",
        "\n\n\t tab\r\n",
        "\u00a0\u2003\u200b",
        "\ufeff\ufffd",
        "\x00\x01\x7f",
        "x" * 300,
    ),
    *(
        "naïve café Ménière",
        "µg/m² ± 5 °C",
        "体重 70kg",
        "😀👩\u200d⚕️ ok",
        "العربية עברית ไทย",
        "e\u0301 n\u0303",
    ),
    *(
        "d'l's't're've'm'll'd",
        "1,234,567.89",
        '--- *** ___ ### \\n \\" /',
        '{"quote":"a","status":"present"}]}',
    ),
    *('<|end|><|assistant|>{"problems":[', "<|system|>"),
)


def main() -> None:
    """Converts, quantizes, compares, and prints the comparison as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="folder of training.decoder.train")
    parser.add_argument("--words", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--name", default="notewright-scribe")
    parser.add_argument("--version", default="1")
    parser.add_argument("--chunk", type=int, default=192, help="tokens of note text it was trained for")
    parser.add_argument("--texts", type=Path, help="examples to compare on")
    asked = parser.parse_args()
    words = tokenizer.load(asked.words)
    model = train.restored(asked.run, words)
    convert(model, words, asked)
    texts = [row["text"] for row in jsonlines.rows(asked.texts)][:500] if asked.texts else []
    print(json.dumps(compare(model, words, asked.output, texts)))


def convert(model: Decoder, words: Words, asked: argparse.Namespace) -> None:
    """Writes the file, in Q8_0."""
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "plain.gguf"
        write(plain, model, words, asked)
        wish = llama_cpp.llama_model_quantize_default_params()
        wish.ftype, wish.nthread, wish.pure = llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0, 1, False
        part = asked.output.with_suffix(".part")
        if llama_cpp.llama_model_quantize(str(plain).encode(), str(part).encode(), wish):
            raise RuntimeError("the file could not be quantized")
        part.replace(asked.output)


def write(path: Path, model: Decoder, words: Words, asked: argparse.Namespace) -> None:
    """Writes the file, in F32."""
    writer = gguf.GGUFWriter(path, "llama")
    metadata(writer, model.shape, asked)
    vocabulary(writer, words)
    for name, array in tensors(model).items():
        writer.add_tensor(name, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def metadata(writer: gguf.GGUFWriter, shape: Shape, asked: argparse.Namespace) -> None:
    """What llama.cpp needs to know, and what a reader of the file should."""
    writer.add_name(asked.name)
    writer.add_version(asked.version)
    writer.add_license("apache-2.0")
    writer.add_description("Small clinical decoder of Notewright for one task; see its model card")
    writer.add_vocab_size(shape.vocabulary)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.inner)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.shared)
    writer.add_rope_dimension_count(shape.width // shape.heads)
    writer.add_rope_freq_base(shape.base)
    writer.add_layer_norm_rms_eps(shape.epsilon)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_string("notewright.task", TASK)
    writer.add_uint32("notewright.chunk_tokens", asked.chunk)


def vocabulary(writer: gguf.GGUFWriter, words: Words) -> None:
    """The tokenizer as llama.cpp reads it: GPT-2's way of cutting, our pieces and merges."""
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(list(words.pieces))
    kinds = {True: gguf.TokenType.CONTROL, False: gguf.TokenType.NORMAL}
    writer.add_token_types([kinds[piece in CONTROL] for piece in words.pieces])
    writer.add_token_merges([" ".join(pair) for pair in words.merges])
    writer.add_eos_token_id(words.structure("<|end|>"))
    writer.add_eot_token_id(words.structure("<|end|>"))
    writer.add_pad_token_id(words.structure("<|end|>"))
    writer.add_add_bos_token(False)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(TEMPLATE)


def tensors(model: Decoder) -> dict[str, np.ndarray]:
    """Our weights under llama.cpp's names; the twins written out."""
    found = {"token_embd.weight": model.embedding.whole(), "output_norm.weight": model.norm.weight}
    for block, layer in enumerate(model.layers):
        for ours, theirs in LAYER.items():
            found[f"blk.{block}.{theirs}.weight"] = getattr(layer, ours).weight
    return {name: tensor.detach().float().contiguous().numpy() for name, tensor in found.items()}


def compare(model: Decoder, words: Words, path: Path, texts: Sequence[str]) -> dict[str, float]:
    """How llama.cpp's reading of the file differs from ours: ids of texts, scores of prompts."""
    reader = llama_cpp.Llama(str(path), n_ctx=512, n_threads=1, verbose=False, logits_all=True)
    asked = [*texts, *ODD]
    other = sum(reader.tokenize(text.encode(), False, False) != words.encode(text) for text in asked)
    nearest, agreed, count = [], 0, 0
    for text in texts[:20]:
        ids = [*train.prompt(words), *words.encode(text), words.structure("<|end|>")][:500]
        reader.reset()
        reader.eval(ids)
        ours = np.array(reader.scores[: len(ids)])
        with torch.inference_mode():
            theirs = model.scores(torch.tensor([ids]))[0].numpy()
        size = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
        nearest += list((ours * theirs).sum(1) / size)
        agreed += int((ours.argmax(1) == theirs.argmax(1)).sum())
        count += len(ids)
    return {
        "texts": len(asked),
        "otherwise_cut": other,
        "places": count,
        "cosine_mean": round(float(np.mean(nearest)), 6) if nearest else 0.0,
        "cosine_least": round(float(np.min(nearest)), 6) if nearest else 0.0,
        "same_first": round(agreed / max(1, count), 5),
        "bytes": path.stat().st_size,
    }


if __name__ == "__main__":
    main()
