"""Where a run stands, on disk: LoRA weights, optimizer, chance, and the log of losses."""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import get_peft_model_state_dict, set_peft_model_state_dict

from adapter.errors import SettingsError
from training.lora.recipe import Recipe

LOG = "losses.jsonl"
FOLDER = "checkpoint"
_FILE = "state.pt"


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A run in the middle."""

    model: Any
    optimizer: Any
    schedule: Any
    recipe: Recipe

    def begin(self) -> int:
        """Makes a fresh run of the output folder; its first step.

        Raises SettingsError where a run stands there.
        """
        output = self.recipe.output
        if (output / FOLDER).exists():
            raise SettingsError(f"{output.name} holds a run: give --resume to go on, or another --output")
        output.mkdir(parents=True, exist_ok=True)
        (output / LOG).write_text("", "utf-8")
        torch.manual_seed(self.recipe.seed)
        return 0

    def restore(self) -> int:
        """Loads the checkpoint; the step to go on with, 0 where there is none yet."""
        self._settle()
        path = self.recipe.output / FOLDER / _FILE
        if not path.exists():
            return self.begin()
        state = torch.load(path, map_location=self.model.device, weights_only=True)
        if state["digest"] != self.recipe.digest():
            raise SettingsError(f"{self.recipe.output.name}: the run there has another recipe or other data")
        set_peft_model_state_dict(self.model, state["lora"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.schedule.load_state_dict(state["schedule"])
        torch.set_rng_state(state["chance"].cpu())
        if torch.cuda.is_available() and state["chance_gpu"] is not None:
            torch.cuda.set_rng_state(state["chance_gpu"].cpu())
        self._forget_after(state["step"])
        return int(state["step"])

    def save(self, step: int) -> None:
        """Writes the checkpoint whole or not at all, in place of the last one."""
        folder = self.recipe.output / FOLDER
        fresh, old = folder.with_suffix(".new"), folder.with_suffix(".old")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir()
        state = {
            "step": step,
            "digest": self.recipe.digest(),
            "lora": get_peft_model_state_dict(self.model),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "chance": torch.get_rng_state(),
            "chance_gpu": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
        }
        torch.save(state, fresh / _FILE)
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            os.replace(folder, old)
        os.replace(fresh, folder)
        shutil.rmtree(old, ignore_errors=True)

    def log(self, **facts: float) -> None:
        """Adds a line to the log of losses."""
        line = {name: float(f"{value:.6g}") for name, value in facts.items()}
        with (self.recipe.output / LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def _settle(self) -> None:
        """Finishes a replacement that was cut off between its two renames."""
        folder = self.recipe.output / FOLDER
        if not folder.exists() and folder.with_suffix(".old").exists():
            os.replace(folder.with_suffix(".old"), folder)

    def _forget_after(self, step: int) -> None:
        path: Path = self.recipe.output / LOG
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        kept = [line for line in lines if json.loads(line)["step"] <= step]
        path.write_text("".join(line + "\n" for line in kept), "utf-8")
