"""LoRA adapters as GGUF: several into one, and one into its base.

An adapter changes a matrix W by scale * alpha / rank * B A (Hu 2021, arXiv 2106.09685). The weighted sum of
several is again such a product, exactly: the rows of their A one below the other, the columns of their B side
by side, each B with its weight. An adapter may hold whole tensors too, a head of its own, which take the
place of the base's (PEFT's "modules to save"), and fields of the architecture, as its labels.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adapter.errors import InputError, ModelError
from adapter.models import container
from adapter.models.blocks import Floats, Kind
from adapter.models.card import LORA, kind
from adapter.models.container import Field, Place, field
from adapter.models.merger import PREFIX, SAME, Made, opened, save
from adapter.models.parents import Parent, height
from adapter.models.recipe import Recipe

A, B = ".lora_a", ".lora_b"
ALPHA = "adapter.lora.alpha"
EMBEDDING = "token_embd.weight"  # its A is kept turned: one row a token


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """What a baked model is called, where it is a generation of its own."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The two factors of the change of one matrix, and what their product is multiplied by."""

    a: Floats
    b: Floats
    scale: float


def soup(recipe: Recipe, adapters: Sequence[Path], output: Path, *, name: str | None = None) -> None:
    """Writes the weighted mean of adapters as one adapter, whose rank is the sum of theirs.

    Raises ModelError when one is no adapter, or they are for different models.
    """
    if len(adapters) != len(recipe.weights):
        raise InputError("as many weights as adapters are needed", path="--model")
    with opened(adapters) as parents:
        for one in parents:
            _check(one, parents[0])
            if _whole(one):
                raise ModelError(f"{one.path.name}: holds tensors that are no factors of a LoRA")
        joined = {target: _joined(recipe, parents, target) for target in _targets(parents)}
        rank = max(pair.b.shape[1] for pair in joined.values())
        tensors: list[Place] = []
        for target, pair in joined.items():
            for half, values in ((A, pair.a), (B, pair.b)):
                tensors.append(Place(name=target + half, shape=values.shape, kind=Kind.F32))
        container.write(output, _fields(recipe, parents, rank, name), tensors, _halves(joined, rank))


def bake(
    adapter: Path,
    base: Path,
    output: Path,
    *,
    scale: float = 1.0,
    level: str = SAME,
    title: Title | None = None,
) -> None:
    """Writes the base with an adapter taken into its weights, the same bytes on every machine.

    Raises ModelError when the adapter is for another model.
    """
    with opened([base, adapter]) as (ground, other):
        _check(other, None)
        _fits(ground, other)
        pairs = {target: pair(other, target) for target in _targets([other])}
        whole = {place.name: place for place in _whole(other)}

        def rows(place: Place, start: int, end: int) -> Floats:
            if place.name in whole:
                return other.rows(place.name, start, end)
            values = ground.rows(place.name, start, end)
            if place.name not in pairs:
                return values
            return values + np.float32(scale) * _change(place.name, pairs[place.name], start, end)

        made = Made(
            name=title.name if title else f"{ground.name} with {other.name}",
            version=title.version if title else None,
            told={
                "method": "lora-bake",
                "parents": [ground.digest(), other.digest()],
                "scale": float(scale),
            },
            fields=_own(other) if whole else (),
            tensors=tuple(whole.values()),
        )
        save(ground, output, rows, made, kind=level)


def pair(adapter: Parent, target: str) -> Pair:
    """The factors an adapter has for a matrix.

    Raises ModelError when one of them is missing or they do not fit each other.
    """
    for half in (A, B):
        if target + half not in adapter.places:
            raise ModelError(f"{adapter.path.name}: tensor {target + half} is missing")
    a, b = _all(adapter, target + A), _all(adapter, target + B)
    rank = b.shape[1]
    if a.shape[1 if target == EMBEDDING else 0] != rank:
        raise ModelError(f"{adapter.path.name}: the ranks of {target} differ")
    alpha = float(adapter.layout.get(ALPHA, 0.0)) if adapter.layout else 0.0
    return Pair(a=a, b=b, scale=alpha / rank if alpha else 1.0)


def _change(target: str, factors: Pair, start: int, end: int) -> Floats:
    """Rows of what a matrix is changed by.

    In float64 a sum of products of float16 numbers is exact, in whichever order a machine adds them.
    """
    a, b = factors.a.astype(np.float64), factors.b.astype(np.float64)
    product = a[start:end] @ b.T if target == EMBEDDING else b[start:end] @ a
    change: Floats = np.float32(factors.scale) * product.astype(np.float32)
    return change


def _joined(recipe: Recipe, parents: Sequence[Parent], target: str) -> Pair:
    """The factors of a weighted sum, the weights already in B."""
    axis = 1 if target == EMBEDDING else 0
    given = [
        (share, pair(one, target))
        for share, one in zip(recipe.shares, parents, strict=True)
        if target + A in one.places or target + B in one.places
    ]
    try:
        a = np.concatenate([one.a for _, one in given], axis=axis)
        b = np.concatenate(
            [np.float32(recipe.scale * share * one.scale) * one.b for share, one in given], axis=1
        )
    except ValueError:
        raise ModelError(f"adapters are for different models: the shapes of {target} differ") from None
    return Pair(a=a, b=b, scale=1.0)


def _halves(joined: dict[str, Pair], rank: int) -> Iterator[bytes]:
    """The bytes of the tensors; the one alpha is `rank`, so a smaller rank is scaled back in its B."""
    for one in joined.values():
        yield one.a.tobytes()
        yield (one.b * np.float32(one.b.shape[1] / rank)).tobytes()


def _fields(recipe: Recipe, parents: Sequence[Parent], rank: int, name: str | None) -> list[Field]:
    known = [(one.name, one.digest()) for one in parents]
    first = parents[0].layout
    fields = {} if first is None else dict(first.fields)
    told: dict[str, str | float | list[str]] = {
        "general.name": name or f"{recipe.method} of " + ", ".join(one for one, _ in known),
        ALPHA: float(rank),
        PREFIX + "method": recipe.method,
        PREFIX + "recipe": recipe.told(known, None),
        PREFIX + "parents": [sha for _, sha in known],
        PREFIX + "scale": float(recipe.scale),
    }
    return list((fields | {key: field(key, value) for key, value in told.items()}).values())


def _check(adapter: Parent, first: Parent | None) -> None:
    found = adapter.layout
    if found is None or kind(found) != LORA:
        raise ModelError(f"{adapter.path.name}: not a LoRA adapter in a GGUF file")
    if found.get("adapter.type") != "lora":
        raise ModelError(f"{adapter.path.name}: adapter.type is not lora")
    here = found.get("general.architecture")
    if first and first.layout and here != first.layout.get("general.architecture"):
        raise ModelError(f"{first.path.name} and {adapter.path.name}: general.architecture differs")


def _fits(base: Parent, adapter: Parent) -> None:
    """Raises ModelError naming the first matrix that the base does not have in that shape."""
    for one in (base, adapter):
        if one.layout is None:
            raise ModelError(f"{one.path.name}: a LoRA is baked into a GGUF file")
    here, there = (one.layout.get("general.architecture") for one in (base, adapter) if one.layout)
    if here != there:
        raise ModelError(f"{base.path.name} and {adapter.path.name}: general.architecture differs")
    for target in _targets([adapter]):
        factors = pair(adapter, target)
        shape = (
            (factors.a.shape[0], factors.b.shape[0])
            if target == EMBEDDING
            else (factors.b.shape[0], factors.a.shape[1])
        )
        if target not in base.places:
            raise ModelError(f"{adapter.path.name}: changes {target}, which {base.path.name} does not have")
        if base.places[target].shape != shape:
            raise ModelError(f"{adapter.path.name}: the shape of {target} is not that of {base.path.name}")
    for place in _whole(adapter):
        if place.name not in base.places:
            raise ModelError(f"{adapter.path.name}: holds {place.name}, which {base.path.name} does not have")
        if place.shape[1:] != base.places[place.name].shape[1:]:
            raise ModelError(
                f"{adapter.path.name}: the shape of {place.name} is not that of {base.path.name}"
            )


def _whole(adapter: Parent) -> list[Place]:
    """The tensors that are no factors."""
    return [place for name, place in adapter.places.items() if not name.endswith((A, B))]


def _own(adapter: Parent) -> list[Field]:
    """What an adapter says of the architecture of what comes out, as the labels of its head."""
    found = adapter.layout
    if found is None:
        return []
    prefix = f"{found.get('general.architecture')}."
    return [one for key, one in found.fields.items() if key.startswith(prefix)]


def _targets(adapters: Sequence[Parent]) -> list[str]:
    """The matrices that adapters change, in order."""
    factors = (name for one in adapters for name in one.places if name.endswith((A, B)))
    names = (name.removesuffix(A).removesuffix(B) for name in factors)
    return list(dict.fromkeys(names))


def _all(adapter: Parent, name: str) -> Floats:
    return adapter.rows(name, 0, height(adapter.places[name]))
