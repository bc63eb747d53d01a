"""A transformers folder's byte-level BPE tokenizer -> the vocabulary of a GGUF file."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf

from adapter.errors import ModelError

_SPLITS = {  # the pattern that cuts text into words -> llama.cpp's name for it
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+": "llama-bpe",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+": "qwen2",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What GGUF wants to know of a byte-level BPE tokenizer."""

    pre: str
    tokens: tuple[str, ...]
    types: tuple[int, ...]
    merges: tuple[str, ...]


def read(folder: Path, size: int) -> Vocabulary:
    """The vocabulary of a folder, filled up to the rows of the embedding.

    Raises ModelError for tokenizers of another kind.
    """
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise ModelError(f"{folder.name} has no tokenizer.json")
    data = json.loads(path.read_text("utf-8"))
    model = data["model"]
    if model.get("type") != "BPE" or model.get("byte_fallback"):
        raise ModelError("only byte-level BPE tokenizers are written to a GGUF file")
    tokens = {place: token for token, place in model["vocab"].items()}
    types = dict.fromkeys(tokens, gguf.TokenType.NORMAL)
    for added in data.get("added_tokens", ()):
        tokens[added["id"]] = added["content"]
        special = gguf.TokenType.CONTROL if added["special"] else gguf.TokenType.USER_DEFINED
        types[added["id"]] = special
    if max(tokens) >= size:
        raise ModelError("the tokenizer has more tokens than the model has embeddings")
    return Vocabulary(
        pre=_pre(data.get("pre_tokenizer") or {}),
        tokens=tuple(tokens.get(place, f"[PAD{place}]") for place in range(size)),
        types=tuple(int(types.get(place, gguf.TokenType.UNUSED)) for place in range(size)),
        merges=tuple(merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]),
    )


def add(writer: gguf.GGUFWriter, vocabulary: Vocabulary, tokenizer: Any, turn_end: int) -> None:
    """Writes the vocabulary, the control tokens and the chat template."""
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(vocabulary.pre)
    writer.add_token_list(vocabulary.tokens)
    writer.add_token_types(vocabulary.types)
    writer.add_token_merges(vocabulary.merges)
    begin = tokenizer.bos_token_id
    if begin is not None:
        writer.add_bos_token_id(begin)
    if tokenizer.eos_token_id is not None:
        writer.add_eos_token_id(tokenizer.eos_token_id)
    writer.add_eot_token_id(turn_end)
    if tokenizer.pad_token_id is not None:
        writer.add_pad_token_id(tokenizer.pad_token_id)
    first = tokenizer("x")["input_ids"][0]
    writer.add_add_bos_token(begin is not None and first == begin)
    writer.add_chat_template(tokenizer.chat_template)


def _pre(rule: dict[str, Any]) -> str:
    steps = rule.get("pretokenizers", [rule])
    byte_level = [step for step in steps if step.get("type") == "ByteLevel"]
    splits = [step for step in steps if step.get("type") == "Split"]
    if len(byte_level) != 1 or len(byte_level) + len(splits) != len(steps):
        raise ModelError("only byte-level BPE tokenizers are written to a GGUF file")
    if not splits and byte_level[0].get("use_regex", True):
        return "gpt-2"
    pattern = splits[0].get("pattern", {}).get("Regex") if len(splits) == 1 else None
    if pattern not in _SPLITS:
        raise ModelError("the tokenizer cuts words by a pattern that llama.cpp is not known to have")
    return _SPLITS[pattern]
