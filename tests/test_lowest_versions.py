"""The lowest versions that the project allows, which nobody else would try."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.skipif(
    os.environ.get("LIVECAM_INDEX") != "1",
    reason="fetches some hundred MB from the package index; set LIVECAM_INDEX=1",
)
def test_the_quick_tests_pass_on_the_lowest_versions(tmp_path):
    pytest.importorskip("uv")
    python = tmp_path / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    def uv(*args: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "uv", *args], cwd=ROOT, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    uv("venv", "-q", "-p", sys.executable, str(tmp_path / "venv"))
    uv("pip", "install", "-q", "-p", str(python), "--resolution", "lowest-direct",
       ".[heic,cluster,review]")  # fmt: skip
    # What runs the tests is nobody's dependency.
    uv("pip", "install", "-q", "-p", str(python), "pytest", "pytest-timeout", "pytest-xdist",
       "hypothesis", "jsonschema", "uv")  # fmt: skip
    done = subprocess.run(
        [python, "-m", "pytest", "-q", "-m", "quick", "-n", "0", "-p", "no:cacheprovider",
         "-W", "default::DeprecationWarning"],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
