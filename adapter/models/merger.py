"""Homologous models in, one model out: tensor by tensor, piece by piece, so that memory stays small."""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from gguf.constants import LlamaFileType

from adapter.errors import InputError, ModelError
from adapter.models import arithmetic, blocks, container, quantizer, safetensors_file
from adapter.models.blocks import Floats, Kind
from adapter.models.container import Field, Place, field
from adapter.models.parents import Parent, check, columns, height, pieces
from adapter.models.recipe import Recipe

PREFIX = "notewright.merge."
SAME = "same"
ALWAYS_F32 = ("position_embd.weight", "token_types.weight", "ffn_gate_inp.weight")  # llama.cpp wants them so
SIDE_FILES = ("*.json", "*.model", "*.txt", "*.jinja")  # beside safetensors: configuration and tokenizer

Rows = Callable[[Place, int, int], Floats]
"""The merged rows `start` to `end` of a tensor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What is written into the new model about how it was made."""

    name: str
    told: Mapping[str, str | int | float | list[str]]  # by key, without PREFIX
    version: str | None = None  # None: that of the model whose form it has
    fields: Sequence[Field] = ()  # that take the place of the ground's
    tensors: Sequence[Place] = ()  # that do so, in their own shape and type; `rows` gives their numbers


def merge(
    recipe: Recipe,
    models: Sequence[Path],
    base: Path | None,
    output: Path,
    *,
    kind: str = SAME,
    name: str | None = None,
    threads: int = 1,
) -> None:
    """Writes the merged model: a GGUF file, a safetensors file, or a folder of one.

    Without a base (soup alone needs none) fields and forms are those of the first model.
    Raises ModelError naming the first thing in which the models differ, InputError when the recipe does not
    fit them.
    """
    if len(models) != len(recipe.weights):
        raise InputError("as many weights as models are needed", path="--model")
    if base is None and recipe.method != "soup":
        raise InputError(f"{recipe.method} needs the model that the others were made from", path="--base")
    with opened([*models, *([base] if base else [])]) as parents:
        others = parents[: len(models)]
        ground = parents[-1] if base else parents[0]
        for one in parents:
            if one is not ground:
                check(ground, one)
        known = [(one.name, one.digest()) for one in others]
        told = recipe.told(known, (ground.name, ground.digest()) if base else None)
        made = Made(name=name or _named(recipe, others), told=_told(recipe, told, known))
        save(ground, output, _Merging(recipe, ground, others).rows, made, kind=kind, threads=threads)


@contextmanager
def opened(paths: Sequence[Path]) -> Iterator[list[Parent]]:
    """The models, open for as long as the context lasts."""
    with ExitStack() as stack:
        parents: list[Parent] = []
        for path in paths:
            parents.append(Parent(path))
            stack.callback(parents[-1].close)
        yield parents


def save(ground: Parent, output: Path, rows: Rows, made: Made, *, kind: str, threads: int = 1) -> None:
    """Writes a model of the form of `ground` with other numbers in it."""
    if output.resolve() == ground.path.resolve():
        raise InputError("would overwrite a model that is read", path="--output")
    if ground.layout is None:
        _save_safetensors(ground, output, rows, made, kind)
    elif (level := _level(ground, kind)) in {one.name for one in blocks.WRITTEN} | {SAME}:
        _save_gguf(ground, output, rows, made, level)
    else:
        output.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=output.parent, prefix=".merge-") as folder:
            between = Path(folder) / output.name
            _save_gguf(ground, between, rows, made, "F32")
            quantizer.quantize(between, output, level, threads=threads)


class _Merging:
    """The numbers of the merged model."""

    def __init__(self, recipe: Recipe, ground: Parent, others: Sequence[Parent]) -> None:
        self._recipe, self._ground, self._others = recipe, ground, others
        self._tensor = ""
        self._least: list[float] = []
        self._chances: list[np.random.Generator] = []

    def rows(self, place: Place, start: int, end: int) -> Floats:
        """Rows of a tensor; those of one tensor must be asked for in order."""
        recipe = self._recipe
        models = [one.rows(place.name, start, end) for one in self._others]
        if recipe.method == "soup":
            return arithmetic.soup(models, recipe.shares)
        if self._tensor != place.name:
            self._begin(place)
        base = self._ground.rows(place.name, start, end)
        parts = arithmetic.changes(base, models)
        if recipe.method == "ties":
            parts = [arithmetic.trimmed(*pair) for pair in zip(parts, self._least, strict=True)]
        else:
            pairs = zip(parts, self._chances, strict=True)
            parts = [arithmetic.dropped(part, recipe.density, chance) for part, chance in pairs]
        join = arithmetic.summed if recipe.method == "dare" else arithmetic.elected
        return join(base, parts, recipe.shares, recipe.scale)

    def _begin(self, place: Place) -> None:
        self._tensor = place.name
        count = len(self._others)
        self._chances = [arithmetic.chance(self._recipe.seed, n, place.name) for n in range(count)]
        self._least = [0.0] * count
        if self._recipe.method == "ties" and self._recipe.density < 1:
            self._least = [self._threshold(place, one) for one in self._others]

    def _threshold(self, place: Place, model: Parent) -> float:
        """From which size a model's changes of this tensor are kept."""
        sizes = np.empty((height(place), columns(place)), np.float32)
        for start, end in pieces(place):
            base = self._ground.rows(place.name, start, end)
            (change,) = arithmetic.changes(base, [model.rows(place.name, start, end)])
            sizes[start:end] = np.abs(change)
        return arithmetic.threshold(sizes.reshape(-1), self._recipe.density)


def _named(recipe: Recipe, others: Sequence[Parent]) -> str:
    return f"{recipe.method} of " + ", ".join(one.name for one in others)


def _told(
    recipe: Recipe, whole: str, known: Sequence[tuple[str, str]]
) -> dict[str, str | int | float | list[str]]:
    return {
        "method": recipe.method,
        "recipe": whole,
        "parents": [sha for _, sha in known],
        "density": float(recipe.density),
        "scale": float(recipe.scale),
        "seed": recipe.seed,
    }


def _level(ground: Parent, kind: str) -> str:
    """The quantization to write: as asked for, or that of the ground, tensor by tensor where it can be."""
    if kind != SAME or ground.layout is None:
        return kind
    kinds = {place.kind for place in ground.layout.tensors} - blocks.WHOLE
    if kinds <= set(blocks.WRITTEN):
        return SAME
    number = ground.layout.get("general.file_type")
    if number is None or number not in set(LlamaFileType):
        raise ModelError(f"{ground.path.name}: does not say its quantization; name one with --type")
    return LlamaFileType(number).name.removeprefix("MOSTLY_").removeprefix("ALL_")


def _save_gguf(ground: Parent, output: Path, rows: Rows, made: Made, level: str) -> None:
    found = ground.layout
    if found is None:
        raise ModelError(f"{ground.path.name}: not GGUF")
    fields = {key: one for key, one in found.fields.items() if not key.startswith(PREFIX) and not _shard(key)}
    fields["general.name"] = field("general.name", made.name)
    if made.version is not None:
        fields["general.version"] = field("general.version", made.version)
    if level != SAME:
        number = int(LlamaFileType["ALL_F32" if level == "F32" else f"MOSTLY_{level}"])
        fields["general.file_type"] = container.Field(
            key="general.file_type", kind=4, raw=number.to_bytes(4, "little")
        )
    for key, value in made.told.items():
        fields[PREFIX + key] = field(PREFIX + key, value)
    fields |= {one.key: one for one in made.fields}
    other = {one.name: one for one in made.tensors}
    places = [other.get(one.name, one) for one in found.tensors]
    plan = [Place(name=one.name, shape=one.shape, kind=_kind(one, level), start=0) for one in places]
    container.write(output, fields.values(), plan, _bytes(ground, plan, rows))


def _save_safetensors(ground: Parent, output: Path, rows: Rows, made: Made, kind: str) -> None:
    if kind not in (SAME, "F32", "F16", "BF16"):
        raise InputError("safetensors hold F32, F16 or BF16", path="--type")
    plan = [Place(name=one.name, shape=one.shape, kind=_plain(one, kind)) for one in ground.places.values()]
    told = {
        PREFIX + key: value if isinstance(value, str) else json.dumps(value)
        for key, value in made.told.items()
    }
    metadata = {"format": "pt", "general.name": made.name, **told}
    single = output.suffix == ".safetensors"
    path = output if single else output / safetensors_file.SINGLE
    safetensors_file.write(path, metadata, plan, _bytes(ground, plan, rows))
    if not single and ground.path.is_dir():
        _beside(ground.path, output)


def _beside(source: Path, target: Path) -> None:
    """Copies what a model needs besides its tensors."""
    for pattern in SIDE_FILES:
        for path in sorted(source.glob(pattern)):
            if path.name != safetensors_file.INDEX:
                shutil.copyfile(path, target / path.name)


def _bytes(ground: Parent, plan: Sequence[Place], rows: Rows) -> Iterator[bytes]:
    for place in plan:
        if place.kind in blocks.WHOLE:
            yield ground.raw(place.name)
            continue
        for start, end in pieces(place):
            yield blocks.packed(rows(place, start, end), place.kind)


def _kind(place: Place, level: str) -> Kind:
    """The type a tensor is written in: vectors and what llama.cpp wants precise stay as float32."""
    if level == SAME or place.kind in blocks.WHOLE:
        return place.kind
    if len(place.shape) < 2 or place.name.endswith(ALWAYS_F32):
        return Kind.F32
    wanted: Kind = getattr(Kind, level)
    return wanted if blocks.fits(columns(place), wanted) else Kind.F16


def _plain(place: Place, kind: str) -> Kind:
    wanted: Kind = place.kind if kind == SAME or place.kind in blocks.WHOLE else getattr(Kind, kind)
    return wanted


def _shard(key: str) -> bool:
    return key.startswith("split.")
