"""A Llama of a million parameters and made-up report/summary pairs, to try the recipe in minutes.

    python -m training.lora.tiny --output OUT

OUT/base is a transformers folder, OUT/pairs.json is in ELMTEX's format. Nothing in it comes from a patient.
The base has read made-up reports and JSON about others, so it knows the words and nothing of the task.
"""

import argparse
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from adapter.tasks import elmtex

_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_SPECIAL = (
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
    "<|finetune_right_pad_id|>",
)
_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}<|start_header_id|>{{ message.role }}<|end_header_id|>\n\n"
    "{{ message.content }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
_SAID = {  # key -> what a report can say about it, and the sentence around it
    "signs_symptoms": (
        "came in with {}.",
        ("chest pain", "fever", "cough", "dizziness", "back pain", "nausea"),
    ),
    "diagnosis": ("The diagnosis was {}.", ("pneumonia", "angina", "gastritis", "migraine", "sciatica")),
    "comorbidities": ("Known {}.", ("diabetes", "hypertension", "asthma", "obesity")),
    "medical_surgical_history": ("Earlier {}.", ("appendectomy", "stroke", "hip fracture", "hernia repair")),
    "family_history": ("The mother had {}.", ("breast cancer", "diabetes", "a stroke")),
    "life_style": ("Habits: {}.", ("smokes daily", "drinks wine", "runs every week")),
    "social_history": ("At home: {}.", ("lives alone", "married", "two children")),
    "diagnostic_techniques_procedures": ("We did {}.", ("a chest x-ray", "an ECG", "an MRI", "a CT scan")),
    "laboratory_values": ("Laboratory: {}.", ("CRP 48 mg/L", "glucose 9.2 mmol/L", "troponin 12 ng/L")),
    "pathology": ("Biopsy: {}.", ("chronic gastritis", "no malignancy")),
    "pharmacological_therapy": ("Treated with {}.", ("amoxicillin", "aspirin", "ibuprofen", "metformin")),
    "interventional_therapy": ("Then {} followed.", ("a stent", "physiotherapy", "drainage")),
    "patient_outcome_assessment": ("At discharge: {}.", ("recovered", "stable", "to be seen in two weeks")),
}
_OFTEN = 0.6  # how often a report speaks of a key


def pairs(count: int, seed: int = 0) -> Iterator[dict[str, object]]:
    """Report/summary pairs in ELMTEX's format; two or three reports belong to one patient."""
    chance = random.Random(seed)
    for number in range(count):
        summary = dict.fromkeys(elmtex.KEYS, elmtex.NOTHING)
        summary["age"] = f"{chance.randint(18, 95)} years"
        summary["gender"] = chance.choice(("male", "female"))
        sentences = [f"A {summary['gender']} patient, {summary['age']},"]
        for key, (sentence, facts) in _SAID.items():
            if key == "signs_symptoms" or chance.random() < _OFTEN:
                summary[key] = "; ".join(chance.sample(facts, chance.choice((1, 1, 2))))
                sentences.append(sentence.format(" and ".join(summary[key].split("; "))))
        yield {"patient_uid": f"p{number * 2 // 5}", "report": " ".join(sentences), "summary": summary}


def tokenizer(texts: Sequence[str], size: int = 768) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer of Llama 3's form, learnt from texts."""
    whole = Tokenizer(models.BPE())
    whole.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(_SPLIT), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])  # fmt: skip
    whole.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=alphabet, special_tokens=list(_SPECIAL), show_progress=False
    )
    whole.train_from_iterator(texts, trainer)
    begin, _, _, _, turn, pad = _SPECIAL
    return PreTrainedTokenizerFast(
        tokenizer_object=whole, bos_token=begin, eos_token=turn, pad_token=pad, chat_template=_TEMPLATE
    )


def llama(vocabulary: int, width: int = 128, layers: int = 4, seed: int = 0) -> LlamaForCausalLM:
    """A small Llama of the 3.2 kind: grouped queries, tied embeddings, stretched positions."""
    torch.manual_seed(seed)
    return LlamaForCausalLM(LlamaConfig(
        vocab_size=vocabulary, hidden_size=width, intermediate_size=3 * width, num_hidden_layers=layers,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=8192, rms_norm_eps=1e-5,
        tie_word_embeddings=True, bos_token_id=0, eos_token_id=4, pad_token_id=5,
        rope_parameters={"rope_type": "llama3", "rope_theta": 50000.0, "factor": 8.0, "low_freq_factor": 1.0,
                         "high_freq_factor": 4.0, "original_max_position_embeddings": 256},
    ))  # fmt: skip


def read_on(
    model: LlamaForCausalLM, tokens: Sequence[int], steps: int, length: int = 128, rows: int = 8
) -> float:
    """Trains a model on running text; returns its last loss."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, total_steps=steps)
    stream, chance, last = torch.tensor(tokens), torch.Generator().manual_seed(0), 0.0
    for _ in range(steps):
        starts = torch.randint(len(stream) - length - 1, (rows,), generator=chance)
        batch = torch.stack([stream[start : start + length + 1] for start in starts.tolist()])
        logits = model(input_ids=batch[:, :-1]).logits
        loss = functional.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
        loss.backward()
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        last = float(loss.detach())
    return last


def make(output: Path, *, count: int = 200, steps: int = 300, width: int = 128, layers: int = 4) -> None:
    """Writes a base that has read other made-up reports, and the pairs to fine-tune it on."""
    output.mkdir(parents=True, exist_ok=True)
    told = list(pairs(count))
    (output / "pairs.json").write_text(json.dumps(told, indent=1), "utf-8")
    texts = list(_reading())
    words = tokenizer(texts[:800])
    model = llama(len(words), width, layers)
    if steps:
        read_on(model, words("\n\n".join(texts))["input_ids"], steps)
    model.save_pretrained(output / "base")
    words.save_pretrained(output / "base")


def _reading(count: int = 1500) -> Iterator[str]:
    """Reports, and JSON with what others say, in any order: words and spelling without the task."""
    chance = random.Random(3)
    for report, other in zip(pairs(count, seed=4), pairs(count, seed=5), strict=True):
        answer = list(elmtex.read(other["summary"]).items())
        chance.shuffle(answer)
        yield str(report["report"])
        yield json.dumps(dict(answer), separators=(",", ":"))


def main() -> None:
    """Makes a base and pairs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--steps", type=int, default=300, help="how long the base reads")
    options = parser.parse_args()
    make(options.output, count=options.pairs, steps=options.steps)


if __name__ == "__main__":
    main()
