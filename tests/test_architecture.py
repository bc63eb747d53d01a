"""The arrows point one way: doors -> pipeline -> stages -> nouns."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOUNS = {
    "model",
    "errors",
    "release",
    "settings",
    "ledger",
    "fhir",
    "categories",
    "egress",
    "secret",
    "tasks",
    "language_model",
    "whole",
}
STAGES = {"notes", "deid", "extraction", "context", "coding", "emission", "delivery"}
DOORS = {"api", "cli", "workbench"}
MAY_IMPORT = {
    **{noun: NOUNS for noun in NOUNS},
    **{stage: NOUNS for stage in STAGES},
    "evaluation": NOUNS,
    "cases": NOUNS | {"pipeline", "evaluation"},
    "pipeline": NOUNS | STAGES,
    "__main__": {"cli"},
    "jobs": NOUNS | STAGES | {"pipeline"},
    "reviews": NOUNS | STAGES | {"pipeline", "jobs"},
    "models": NOUNS | {"extraction"},
    "engines": NOUNS | STAGES | {"models"},
    "rulefiles": NOUNS | STAGES,
    "drafts": NOUNS | {"pipeline", "evaluation", "cases", "rulefiles"},
    "assembly": NOUNS | STAGES | {"pipeline", "jobs", "models", "engines", "rulefiles"},
    "lines": NOUNS | STAGES | {"pipeline", "engines", "assembly"},
    **{door: NOUNS | {"pipeline", "assembly", "jobs"} for door in DOORS},
    "workbench": NOUNS
    | {"pipeline", "assembly", "jobs", "evaluation", "cases", "reviews", "drafts", "rulefiles"},
    "cli": NOUNS
    | {
        "pipeline",
        "assembly",
        "jobs",
        "api",
        "workbench",
        "delivery",
        "models",
        "engines",
        "lines",
        "evaluation",
        "cases",
        "drafts",
        "reviews",
        "rulefiles",
    },
    "api": NOUNS | {"pipeline", "assembly", "jobs", "delivery", "engines", "reviews"},
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


@pytest.mark.parametrize("sibling", ["terminology", "mappings"])
def test_siblings_do_not_know_the_adapter(sibling):
    for path in (ROOT / sibling).rglob("*.py"):
        assert not list(imported(path)), path


def test_nothing_that_is_installed_needs_pytorch():
    """The command line reads `training.lora` by name, when it is asked to train."""
    for path in (
        path for part in ("adapter", "terminology", "mappings") for path in (ROOT / part).rglob("*.py")
    ):
        nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
        names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
        names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
        assert not {name.split(".")[0] for name in names} & {"training", "torch", "transformers", "peft"}, (
            path
        )
