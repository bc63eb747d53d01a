"""`notewright models ...`: added by name, listed, quantized, measured and merged."""

import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from adapter import assembly, engines
from adapter.cli.streams import say
from adapter.errors import InputError, ModelError
from adapter.models import bench as benches
from adapter.models import costs, gold, hub, lora, merger, quantizer, registry, resolve, search
from adapter.models.card import ENCODER, card
from adapter.models.container import replacing
from adapter.models.costs import Measure
from adapter.models.parents import gguf
from adapter.models.recipe import LORA, Recipe
from adapter.settings import Settings
from adapter.tasks import library

COLUMNS = ("name", "kind", "parameters", "quantization", "MB", "licence", "sha256", "")


def list_(settings: Settings, *, as_table: bool) -> int:
    """The shipped and the added models: one JSON line each, or a table."""
    rows = [*shipped(settings).values(), *registry.added()]
    for line in _table(rows) if as_table else map(json.dumps, rows):
        _print(line)
    return 0


def shipped(settings: Settings) -> dict[Path, dict[str, Any]]:
    """What the shipped files and the default say, or those that lie beside the one that was chosen."""
    folder = settings.model.parent if settings.model else engines.model_folder()
    default = [] if settings.model else [engines.encoder_path()]
    return {path: _shipped(path) for path in sorted({*folder.glob("*.gguf"), *default})}


def add(settings: Settings, *, path: str, alias: str | None, licence: str | None, link: bool) -> int:
    """Adds a model file, or one of a hub; its name is printed."""
    del settings
    if path.startswith(hub.PREFIX) and link:
        raise InputError("a downloaded file has nowhere to stay", path="--link")
    downloaded = path.startswith(hub.PREFIX)
    with hub.downloaded(hub.parsed(path)) if downloaded else nullcontext(Path(path)) as file:
        name, new = registry.add(
            file, name=alias, licence=licence, link=link, source=path if downloaded else ""
        )
    if not new:
        say(f"notewright: the same file is there already, as {name}")
    _print(name)
    return 0


def remove(settings: Settings, *, added: str) -> int:
    """Takes an added model away."""
    del settings
    registry.remove(added)
    return 0


def quantize(
    settings: Settings,
    *,
    source_model: str,
    levels: str,
    folder: Path,
    texts: Path | None,
    gold_file: Path | None,
    report: Path | None,
) -> int:
    """Writes a model in each level, and tells what each costs; exit code 1 where a level was refused."""
    path = resolve(source_model)
    wanted = [quantizer.level(name.strip())[0] for name in levels.split(",") if name.strip()]
    measure = _measure(settings, texts, gold_file)
    measured, refused = [costs.cost(path, measure)], list[str]()
    for level in wanted:
        target = folder / f"{_stem(path)}.{level}.gguf"
        try:
            quantizer.quantize(path, target, level, threads=settings.cores)
        except ModelError as error:
            refused.append(str(error))
            continue
        measured.append(costs.cost(target, measure))
    for line in costs.table(measured):
        _print(line)
    for line in refused:
        say(line)
    _report(report or folder / f"{_stem(path)}.costs.json", [one.row() for one in measured])
    return 1 if refused else 0


def bench(settings: Settings, *, measured: str, rounds: int, report: Path | None) -> int:
    """Tells how fast a model runs, against a bare loop."""
    found = benches.bench(resolve(measured), threads=settings.cores, rounds=rounds)
    for line in benches.lines(found):
        _print(line)
    if report:
        _report(report, found.row())
    return 0


def merge(
    settings: Settings,
    *,
    method: str,
    base: str | None,
    parents: Sequence[str],
    merged: Path,
    density: float,
    scale: float,
    seed: int,
    level: str | None,
    alias: str | None,
    looked_for: bool,
    trials: int,
    texts: Path | None,
    gold_file: Path | None,
) -> int:
    """Writes a merged model."""
    paths, weights = zip(*map(_weighted, parents), strict=True)
    ground = _parent(base) if base else None
    recipe = Recipe(method=method, weights=weights, density=density, scale=scale, seed=seed)
    if method == LORA:
        if ground or level or looked_for:
            raise InputError("lora-soup takes adapters alone, and keeps them as they are", path="--method")
        lora.soup(recipe, paths, merged, name=alias)
        return 0
    kind = quantizer.level(level)[0] if level else merger.SAME
    wish = _Wish(recipe=recipe, models=paths, base=ground, kind=kind)
    if looked_for:
        wish = _best(wish, _measure(settings, texts, gold_file), trials)
    wish.make(merged, name=alias, threads=settings.cores)
    return 0


def bake(
    settings: Settings, *, base: str, adapter: str, merged: Path, scale: float, level: str | None
) -> int:
    """Writes a base with a LoRA adapter taken into its weights."""
    del settings
    kind = quantizer.level(level)[0] if level else merger.SAME
    lora.bake(resolve(adapter), resolve(base), merged, scale=scale, level=kind)
    return 0


def make(settings: Settings) -> int:
    """Makes the default encoder, and that for identifiers, where models ship; their paths are printed."""
    del settings
    for one in (engines.ENCODER, engines.IDENTIFIERS):
        _print(str(one.beside(engines.model_folder())))
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What is to be merged into what."""

    recipe: Recipe
    models: Sequence[Path]
    base: Path | None
    kind: str

    def make(self, output: Path, *, name: str | None = None, threads: int = 1) -> None:
        """Writes the merged model."""
        merger.merge(self.recipe, self.models, self.base, output, kind=self.kind, name=name, threads=threads)


def _best(wish: _Wish, measure: Measure, trials: int) -> _Wish:
    """The wish with the weights whose model does best."""
    if not measure.texts and not measure.gold:
        raise InputError("needs --texts or --gold to tell good from bad", path="--search")
    if not all(gguf(path) for path in wish.models):
        raise InputError("only GGUF models can be measured", path="--search")

    def weighed(weights: tuple[float, ...]) -> _Wish:
        return replace(wish, recipe=replace(wish.recipe, weights=weights))

    with TemporaryDirectory(prefix="notewright-merge-") as folder:
        made = Path(folder) / "trial.gguf"

        def score(weights: tuple[float, ...]) -> float:
            weighed(weights).make(made, threads=measure.threads)
            return costs.worth(made, measure)

        found = search.search(score, wish.recipe.weights, trials=trials, told=_told)
    return weighed(found.best.weights)


def _told(trial: search.Trial) -> None:
    weights = ", ".join(f"{weight:g}" for weight in trial.weights)
    say(f"weights {weights}: {trial.score:.5f}")


def _measure(settings: Settings, texts: Path | None, gold_file: Path | None) -> Measure:
    return Measure(
        texts=tuple(gold.texts(texts)) if texts else (),
        gold=tuple(gold.examples(gold_file)) if gold_file else (),
        task=library.find(settings.task, settings.tasks) if gold_file else None,
        threads=settings.cores,
    )


def _shipped(path: Path) -> dict[str, Any]:
    about = path.stat()
    return dict(_read(path, about.st_mtime_ns, about.st_size))


@lru_cache(maxsize=64)
def _read(path: Path, _changed: int, _size: int) -> dict[str, Any]:
    """What a file says; it is read and digested again when it was changed."""
    told = card(path)
    row = registry.shown(path, default=path.name in (engines.ENCODER.file, engines.DECODER))
    return {**assembly.describe_model(path), **row} if told.kind == ENCODER else row


def _table(rows: Sequence[dict[str, Any]]) -> list[str]:
    lines = [COLUMNS, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    marks = {"default": "default", "missing": "its file is gone"}
    return (
        str(row.get("alias") or row["file"]),
        str(row["kind"]),
        f"{row['parameters']:,}",
        str(row["quantization"]),
        f"{row['bytes'] / 1e6:,.1f}",
        str(row["licence"]),
        str(row["sha256"])[:12],
        ", ".join(said for key, said in marks.items() if row.get(key)),
    )


def _weighted(text: str) -> tuple[Path, float]:
    """A model and its weight, from MODEL or MODEL:WEIGHT."""
    name, colon, weight = text.rpartition(":")
    try:
        return (_parent(name), float(weight)) if colon else (_parent(text), 1.0)
    except ValueError:
        return _parent(text), 1.0


def _parent(name: str) -> Path:
    """A model to merge: a folder of safetensors, a file, or an added model."""
    return Path(name) if Path(name).exists() else resolve(name)


def _stem(path: Path) -> str:
    """The name of a file without its level: `name.Q8_0.gguf` is `name`."""
    stem, dot, last = path.stem.rpartition(".")
    return stem if dot and last.upper() in quantizer.levels() else path.stem


def _report(path: Path, found: Any) -> None:
    with replacing(path) as file:
        file.write(json.dumps(found, indent=1).encode() + b"\n")


def _print(text: str) -> None:
    print(text)  # noqa: T201
