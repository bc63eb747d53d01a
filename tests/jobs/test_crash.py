"""The service killed while documents come in: a short run of benchmarks/service_crash.py."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import services

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_every_document_is_at_every_target_once(kind, core_store, tmp_path):
    if kind == "postgresql" and services.postgres_programs() is None:
        pytest.skip("PostgreSQL is not installed")
    program = [sys.executable, str(ROOT / "benchmarks" / "service_crash.py"), "--store", str(core_store)]
    chosen = ["--documents", "40", "--kills", "5", "--workers", "1", "--database", kind]
    done = subprocess.run(
        [*program, *chosen, "--folder", str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every document is at every target, once" in done.stdout
