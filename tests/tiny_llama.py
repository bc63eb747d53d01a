"""A random Llama in a GGUF file: small enough to be made in a test, real enough to be run by llama.cpp.

Its weights say nothing. Under a grammar it writes answers of the right form all the same, which is what most
tests need. The vocabulary is every byte, the special tokens, some merges, and what else is asked for.
"""

import functools
import itertools
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

CHATML = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
END = "<|im_end|>"  # ends an answer
SPECIAL = ("<|endoftext|>", "<|im_start|>", END, "<think>", "</think>")
_NORMAL, _CONTROL, _USER, _BYTE = 1, 3, 4, 6


def write(
    path: Path,
    *,
    template: str | None = CHATML,
    special: Sequence[str] = SPECIAL,
    added: Sequence[str] = (),
    words: Iterable[str] = (),
    vocabulary: int = 0,
    tokenizer: str = "gpt2",
    width: int = 64,
    layers: int = 2,
    context: int = 1024,
    quantization: str = "F32",
    seed: int = 0,
    name: str = "tiny",
) -> Path:
    """The path of a GGUF file with random weights.

    `special`: control tokens; `added`: tokens found before all others, as fine-tuners add them (byte-level
    vocabularies only); `words`: texts that become tokens of their own; `vocabulary`: made-up words are added
    up to this number; `tokenizer`: "gpt2" (byte-level BPE) or "llama" (SentencePiece with bytes to fall back
    on).
    """
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name(name)
    writer.add_file_type({"F32": 0, "F16": 1, "Q8_0": 7}[quantization])
    writer.add_context_length(context)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(2 * width)
    writer.add_head_count(max(2, width // 64))
    writer.add_head_count_kv(max(2, width // 64))
    writer.add_layer_norm_rms_eps(1e-5)
    fill = _pieces if tokenizer == "llama" else functools.partial(_bytewise, added=added)
    size = fill(writer, special, words, vocabulary)
    if template is not None:
        writer.add_chat_template(template)
    for tensor, values in _tensors(size, width, layers, np.random.default_rng(seed)):
        _add(writer, tensor, values, quantization)
    _finish(writer)
    return path


def write_lora(
    path: Path,
    *,
    width: int = 64,
    rank: int = 4,
    layers: int = 2,
    seed: int = 1,
    whole: Mapping[str, NDArray[np.float32]] | None = None,
) -> Path:
    """The path of a random LoRA adapter for a model of this width; `whole` are tensors of its own."""
    rng = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type("adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 8.0)
    for layer, part in itertools.product(range(layers), ("attn_q", "attn_v")):
        for half, shape in (("lora_a", (rank, width)), ("lora_b", (width, rank))):
            values = rng.standard_normal(shape, np.float32) / 4
            writer.add_tensor(f"blk.{layer}.{part}.weight.{half}", values)
    for name, values in (whole or {}).items():
        writer.add_tensor(name, values)
        writer.add_array("llama.classifier.output_labels", [f"label {row}" for row in range(len(values))])
    _finish(writer)
    return path


def _finish(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _tensors(
    size: int, width: int, layers: int, rng: np.random.Generator
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Names and values; wide enough apart that the next token is rarely a close call."""

    def values(rows: int, columns: int, gain: float = 1.0) -> NDArray[np.float32]:
        return rng.standard_normal((rows, columns), np.float32) * np.float32(gain / columns**0.5)

    ones = np.ones(width, np.float32)
    yield "token_embd.weight", values(size, width)
    yield "output_norm.weight", ones
    yield "output.weight", values(size, width, 3.0)
    for layer in range(layers):
        yield f"blk.{layer}.attn_norm.weight", ones
        yield f"blk.{layer}.ffn_norm.weight", ones
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield f"blk.{layer}.{part}.weight", values(width, width, 2.0)
        yield f"blk.{layer}.ffn_gate.weight", values(2 * width, width)
        yield f"blk.{layer}.ffn_up.weight", values(2 * width, width)
        yield f"blk.{layer}.ffn_down.weight", values(width, 2 * width)


def _add(writer: gguf.GGUFWriter, name: str, values: NDArray[np.float32], quantization: str) -> None:
    kind = gguf.GGMLQuantizationType[quantization if values.ndim > 1 else "F32"]
    if kind == gguf.GGMLQuantizationType.F32:
        writer.add_tensor(name, values)
    else:
        writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)


def _bytewise(
    writer: gguf.GGUFWriter, special: Sequence[str], words: Iterable[str], size: int, *, added: Sequence[str]
) -> int:
    """How many tokens a byte-level BPE vocabulary got."""
    letters = _letters()
    tokens = [letters[byte] for byte in range(256)]
    known, merges = set(tokens), []
    for word in itertools.chain(words, _made_up(size - 256 - len(special))):
        parts = [letters[byte] for byte in word.encode()]
        for cut in range(2, len(parts) + 1):
            left, right = "".join(parts[: cut - 1]), parts[cut - 1]
            if left + right not in known:
                known.add(left + right)
                tokens.append(left + right)
                merges.append(f"{left} {right}")
        if size and len(tokens) + len(special) >= size:
            del tokens[size - len(special) :]
            break
    kept = set(tokens)
    merges = [merge for merge in merges if merge.replace(" ", "") in kept]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([*tokens, *special, *added])
    kinds = [_NORMAL] * len(tokens) + [_CONTROL] * len(special) + [_USER] * len(added)
    writer.add_token_types(kinds)
    writer.add_token_merges(merges or [f"{letters[104]} {letters[105]}"])
    _ends(writer, special, len(tokens))
    writer.add_add_bos_token(False)
    return len(kinds)


def _pieces(writer: gguf.GGUFWriter, special: Sequence[str], words: Iterable[str], size: int) -> int:
    """How many tokens a SentencePiece vocabulary got."""
    tokens = ["<unk>", "<s>", "</s>"]
    types = [2, _CONTROL, _CONTROL]
    scores = [0.0] * 3
    for byte in range(256):
        tokens.append(f"<0x{byte:02X}>")
        types.append(_BYTE)
        scores.append(0.0)
    made = dict.fromkeys(itertools.chain(_printable(), words, _made_up(size - 400)))
    for rank, word in enumerate(made):
        tokens.append(word.replace(" ", "\N{LOWER ONE EIGHTH BLOCK}"))
        types.append(_NORMAL)
        scores.append(-float(rank))
    writer.add_tokenizer_model("llama")
    writer.add_token_list([*tokens, *special])
    writer.add_token_scores([*scores, *[0.0] * len(special)])
    writer.add_token_types([*types, *[_CONTROL] * len(special)])
    _ends(writer, special, len(tokens))
    writer.add_bos_token_id(1)
    writer.add_add_bos_token(True)
    return len(tokens) + len(special)


def _ends(writer: gguf.GGUFWriter, special: Sequence[str], base: int) -> None:
    """Which tokens end a text and a turn."""
    writer.add_bos_token_id(base)
    turn = next((n for n, text in enumerate(special) if text in {END, "<end_of_turn>", "<|eot_id|>"}), 0)
    writer.add_eos_token_id(base + turn)


def _printable() -> list[str]:
    return [chr(code) for code in range(32, 127)]


def _made_up(count: int) -> Iterator[str]:
    """Words of three to eight letters, some with a space before them, without end until enough are taken."""
    chance = random.Random(7)
    for _ in range(max(0, count)):
        word = "".join(chance.choice("etaoinshrdlucm") for _ in range(chance.randint(3, 8)))
        yield chance.choice(("", " ")) + word


def _letters() -> list[str]:
    """The letter that stands for each byte in a byte-level vocabulary."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    codes = dict(zip(shown, shown, strict=True)) | {byte: 256 + n for n, byte in enumerate(hidden)}
    return [chr(codes[byte]) for byte in range(256)]
