"""What the workbench works with beside the line itself, for both commands that serve it."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial

import mappings
from adapter import engines, workbench
from adapter.delivery import adapting, packs
from adapter.fhir.systems import Version
from adapter.lines import Lines
from adapter.model import Resource, Step
from adapter.settings import Settings


@contextmanager
def furnished(settings: Settings, bench: workbench.Bench) -> Iterator[workbench.Bench]:
    """The workbench with profile packs, tasks and other engines, until the context ends."""
    more = replace(bench, packs=_packs(settings.files), tasks=settings.tasks)
    if bench.pipeline is None:
        yield more
        return
    with (
        closing(Lines(settings, bench.pipeline)) as lines,
        closing(engines.sampler(settings, bench.pipeline.engine)) as sampler,
    ):
        yield replace(more, lines=lines, sampler=sampler)


def _packs(files: mappings.Files) -> workbench.Packs:
    """The profile packs of these mapping files."""
    versions = {name: packs.load(name, files).fhir for name in packs.names(files)}
    return workbench.Packs(versions=versions, adapt=partial(_adapted, files))


def _adapted(files: mappings.Files, bundle: Resource, fhir: Version, pack: str) -> Step[Resource]:
    return adapting.adapt(bundle, adapting.wishes(fhir, pack, files=files))
