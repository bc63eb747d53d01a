"""What a fine-tuning is: the base, the data, the numbers of the recipe. Knows no PyTorch."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from adapter.errors import SettingsError

Export = Literal["gguf-lora", "merged"]
Strategy = Literal["naive", "advanced"]
Schedule = Literal["cosine", "linear", "constant"]
Precision = Literal["auto", "bf16", "fp32"]
RESUMABLE = (
    "output",
    "resume",
    "exports",
    "quantize",
    "save_every",
    "evaluate",
    "threads",
)  # may differ when work goes on


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that decides what comes out; the numbers are ELMTEX's unless changed."""

    base: Path
    data: Path
    output: Path
    task: str
    rank: int = 256
    alpha: float = 128.0
    dropout: float = 0.05
    targets: tuple[str, ...] = ("all-linear",)
    learning_rate: float = 2e-4
    epochs: float = 1.0
    batch: int = 1
    accumulate: int = 16
    max_length: int = 5120
    warmup: float = 0.03
    schedule: Schedule = "cosine"
    clip: float = 0.3
    seed: int = 1234
    strategy: Strategy = "naive"  # of the prompt, here and when the adapter is used
    held_out: float = 0.1
    precision: Precision = "auto"
    checkpointing: bool = False  # gradients are computed twice, memory is saved
    save_every: int = 200  # steps between checkpoints
    resume: bool = False
    exports: tuple[Export, ...] = ()
    quantize: str | None = None
    evaluate: int = 0  # how many held-out notes are answered, before and after
    threads: int | None = None

    def __post_init__(self) -> None:
        counts = {
            "rank": self.rank,
            "batch": self.batch,
            "accumulate": self.accumulate,
            "max-length": self.max_length,
            "save-every": self.save_every,
        }
        _refuse([name for name, value in counts.items() if value < 1], "must be at least 1")
        positive = {"alpha": self.alpha, "learning-rate": self.learning_rate, "epochs": self.epochs}
        _refuse([name for name, value in positive.items() if not value > 0], "must be above 0")
        shares = {"dropout": self.dropout, "warmup": self.warmup, "held-out": self.held_out}
        _refuse([name for name, value in shares.items() if not 0 <= value < 1], "must be from 0 to below 1")
        if self.quantize and "merged" not in self.exports:
            raise SettingsError("--quantize says how the merged model is stored: it needs --export merged")

    def digest(self) -> str:
        """SHA-256 of what must not change between a checkpoint and its resumption, the data included."""
        facts = {name: value for name, value in asdict(self).items() if name not in RESUMABLE}
        facts["data"] = hashlib.sha256(self.data.read_bytes()).hexdigest()
        return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


def _refuse(names: list[str], why: str) -> None:
    if names:
        raise SettingsError(f"--{names[0]} {why}")
