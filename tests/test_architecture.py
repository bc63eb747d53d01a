def run(self, resource: Resource) -> Outcome:
    tally, resources = Tally(), []
    for note in tally.keep(notes.read(resource)):
        seen = deid.remove(note, self.rules.deid)          # or deid.nothing(note)
        mentions = tally.keep(extraction.extract(seen, self.task, self.engine))
        findings = tally.keep(context.assess(note, mentions, self.rules.context))
        coded = tally.keep(coding.assign(findings, self.store, self.rules.coding))
        resources += tally.keep(emission.build(note, coded, self.rules.resources))
    bundle = emission.bundle(resource, resources)
    return Outcome(bundle, tally, self.sink.send(bundle))
"""The arrows point one way: doors -> pipeline -> stages -> nouns."""
import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOUNS = {"model", "errors", "settings", "ledger", "fhir"}
STAGES = {"notes", "deid", "extraction", "context", "coding", "emission", "delivery"}
DOORS = {"api", "cli", "workbench"}
MAY_IMPORT = {
    **{noun: NOUNS for noun in NOUNS},
    **{stage: NOUNS for stage in STAGES},
    "pipeline": NOUNS | STAGES,
    **{door: NOUNS | {"pipeline"} for door in DOORS},
}


def imported(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "adapter":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("adapter."):
            yield node.module.split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (a.name.split(".")[1] for a in node.names if a.name.startswith("adapter."))


@pytest.mark.parametrize("path", sorted((ROOT / "adapter").rglob("*.py")), ids=str)
def test_imports_point_downwards(path):
    part = path.relative_to(ROOT / "adapter").with_suffix("").parts[0]
    if part != "__init__":
        assert set(imported(path)) - {part} <= MAY_IMPORT[part]


