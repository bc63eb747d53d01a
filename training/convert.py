"""PyTorch weights -> one GGUF file with encoder, vocabulary, labels and head.

    python -m training.convert --weights RUN/final.pt --output models/x.gguf --type Q8_0 --version 1

Tensor names and metadata are those llama.cpp reads for BERT; the head stays in F32 as `cls.output`.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

import gguf
import numpy as np
import torch

from training import network
from training.heads import MENTIONS

TYPES = {
    "Q8_0": (gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0),
    "Q4_0": (gguf.GGMLQuantizationType.Q4_0, gguf.LlamaFileType.MOSTLY_Q4_0),
    "Q5_0": (gguf.GGMLQuantizationType.Q5_0, gguf.LlamaFileType.MOSTLY_Q5_0),
    "F16": (gguf.GGMLQuantizationType.F16, gguf.LlamaFileType.MOSTLY_F16),
    "F32": (gguf.GGMLQuantizationType.F32, gguf.LlamaFileType.ALL_F32),
}
LANGUAGES = ("en", "de", "fr", "nl")
WORD_START = "\u2581"
SPECIAL = {"[PAD]": 0, "[UNK]": 100, "[CLS]": 101, "[SEP]": 102, "[MASK]": 103}
WHOLE = {
    "word.weight": "token_embd.weight",
    "position.weight": "position_embd.weight",
    "token_type.weight": "token_types.weight",
    "norm.weight": "token_embd_norm.weight",
    "norm.bias": "token_embd_norm.bias",
    "head.weight": "cls.output.weight",
    "head.bias": "cls.output.bias",
}
LAYER = {
    "out": "attn_output",
    "norm_attention": "attn_output_norm",
    "up": "ffn_up",
    "down": "ffn_down",
    "norm_output": "layer_output_norm",
}


def metadata(writer: gguf.GGUFWriter, config: dict, name: str, version: str, temperature: float) -> None:
    """What llama.cpp needs to know, and what a reader of the file should."""
    writer.add_name(name)
    writer.add_version(version)
    writer.add_license("apache-2.0")
    writer.add_description("Clinical token classifier of Notewright; see its model card")
    writer.add_vocab_size(config["vocab_size"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.NONE)
    writer.add_classifier_output_labels(MENTIONS.names)
    writer.add_languages(list(LANGUAGES))
    writer.add_float32("notewright.temperature", temperature)


def tokenizer(writer: gguf.GGUFWriter, vocabulary: list[str]) -> None:
    """The WordPiece vocabulary, spelled as llama.cpp wants it."""
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([spelled(token) for token in vocabulary])
    writer.add_token_types([3 if token in SPECIAL else 1 for token in vocabulary])
    writer.add_token_type_count(2)
    writer.add_pad_token_id(SPECIAL["[PAD]"])
    writer.add_unk_token_id(SPECIAL["[UNK]"])
    writer.add_bos_token_id(SPECIAL["[CLS]"])
    writer.add_sep_token_id(SPECIAL["[SEP]"])
    writer.add_mask_token_id(SPECIAL["[MASK]"])
    writer.add_add_bos_token(True)


def spelled(token: str) -> str:
    """A piece as GGUF writes it: word starts carry a mark, continuations none."""
    if token in SPECIAL:
        return token
    return token[2:] if token.startswith("##") else WORD_START + token


def unspelled(token: str) -> str:
    """A piece as a vocabulary file writes it."""
    if token in SPECIAL:
        return token
    return token[1:] if token.startswith(WORD_START) else "##" + token


def places(blocks: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each of our tensors and what llama.cpp calls it; query, key and value are apart there."""
    for name, theirs in WHOLE.items():
        yield name, (theirs,)
    for block in range(blocks):
        for kind in ("weight", "bias"):
            yield f"layers.{block}.qkv.{kind}", tuple(f"blk.{block}.attn_{part}.{kind}" for part in "qkv")
            for name, theirs in LAYER.items():
                yield f"layers.{block}.{name}.{kind}", (f"blk.{block}.{theirs}.{kind}",)


def tensors(state: dict[str, torch.Tensor], blocks: int) -> dict[str, np.ndarray]:
    """Our weights under llama.cpp's names."""
    return {
        theirs: part.float().contiguous().numpy()
        for name, named in places(blocks)
        for theirs, part in zip(named, state[name].chunk(len(named)), strict=True)
    }


def ours(found: dict[str, torch.Tensor], blocks: int) -> dict[str, torch.Tensor]:
    """llama.cpp's tensors under our names."""
    return {name: torch.cat([found[one] for one in named]) for name, named in places(blocks)}


def quantized(name: str, array: np.ndarray, kind: gguf.GGMLQuantizationType) -> tuple[np.ndarray, object]:
    """Matrices in the wanted type; vectors, positions and the head in F32."""
    keep = array.ndim == 1 or name.startswith(("cls.", "position_embd", "token_types"))
    kind = gguf.GGMLQuantizationType.F32 if keep else kind
    return gguf.quants.quantize(array, kind), kind


def convert(
    weights: Path,
    output: Path,
    kind: str,
    *,
    name: str,
    version: str,
    temperature: float,
    outside: float,
    vocabulary: Path | None,
) -> None:
    """Writes the GGUF file."""
    ggml, file_type = TYPES[kind]
    config = network.config()
    writer = gguf.GGUFWriter(output, "bert")
    metadata(writer, config, name, version, temperature)
    tokenizer(writer, network.vocabulary(vocabulary))
    writer.add_file_type(file_type)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    state = torch.load(weights, map_location="cpu")
    state["head.bias"][0] += outside
    for tensor, array in tensors(state, config["num_hidden_layers"]).items():
        data, stored = quantized(tensor, array, ggml)
        writer.add_tensor(tensor, data, raw_dtype=stored)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> None:
    """Converts one file of weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--vocabulary", type=Path, help="other pieces than the base model's")
    parser.add_argument("--type", choices=TYPES, default="Q8_0")
    parser.add_argument("--name", default="notewright-minilm")
    parser.add_argument("--version", default="2")
    parser.add_argument(
        "--temperature", type=float, default=1.0, help="divides the logits (training.calibrate)"
    )
    parser.add_argument("--outside", type=float, default=0.0, help="added to the bias of O, for precision")
    options = parser.parse_args()
    convert(
        options.weights,
        options.output,
        options.type,
        name=options.name,
        version=options.version,
        temperature=options.temperature,
        outside=options.outside,
        vocabulary=options.vocabulary,
    )


if __name__ == "__main__":
    main()
