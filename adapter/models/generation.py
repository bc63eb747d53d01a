"""The default encoder: the newest generation, made from an earlier one and what it learned since.

A generation that differs little from the one before ships as a LoRA adapter of a tenth of its size, which is
taken into the weights once, when first needed (`docs/decisions/049-a-generation-as-an-adapter.md`). Its
factors are float16 and their products are summed exactly, so every machine makes the same bytes, and their
SHA-256, which is known before, is checked.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from adapter.errors import ModelError
from adapter.models import shelf

MADE = "made"  # the folder for it, beside what it is made from


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """A model that is made from two files."""

    name: str
    version: str
    base: str
    adapter: str
    sha256: str  # of the file that is made

    @property
    def file(self) -> str:
        """What the made file is called; its name changes with its content."""
        return f"{self.name}-v{self.version}-{self.sha256[:12]}.gguf"

    def path(self, shipped: Path) -> Path:
        """The file: beside what it is made from, or in the user's folder, where it is made when not there.

        Raises ModelError when a part is missing, when the folder cannot be written, or when what comes out is
        not what it should be.
        """
        beside = shipped / MADE / self.file
        return beside if beside.is_file() else self._made(shipped, shelf.folder().parent / self.file)

    def beside(self, shipped: Path) -> Path:
        """The file beside what it is made from, made when not there. Raises ModelError as `path` does."""
        return self._made(shipped, shipped / MADE / self.file)

    def _made(self, shipped: Path, output: Path) -> Path:
        """Writes the file whole or not at all, where it is missing; several processes may do so at once."""
        if output.is_file():
            return output
        for part in (self.base, self.adapter):
            if not (shipped / part).is_file():
                raise ModelError(f"{part}: no such model file")
        try:
            output.parent.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(dir=output.parent, prefix=".making-") as folder:
                os.replace(self._baked(shipped, Path(folder) / output.name), output)
        except OSError as error:
            raise ModelError(f"{self.file}: cannot be made, its folder cannot be written") from error
        return output

    def _baked(self, shipped: Path, output: Path) -> Path:
        from adapter.models import lora  # noqa: PLC0415 - what reads weights takes half a second to load
        from adapter.models.card import digest  # noqa: PLC0415

        title = lora.Title(name=self.name, version=self.version)
        lora.bake(shipped / self.adapter, shipped / self.base, output, title=title)
        if digest(output) != self.sha256:
            raise ModelError(f"{self.base} and {self.adapter}: what is made of them is not {self.file}")
        return output
