"""The page of `livecam review` in Firefox, where that is installed: one moment, from end to end."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.programs.test_players import needs_node
from tests.support.files import PAIR_S, saved
from tests.support.program import started

pytest.importorskip("uvicorn")
FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
pytestmark = [needs_node, pytest.mark.skipif(FIREFOX is None, reason="not installed: firefox")]


def test_a_moment_is_played_re_keyed_and_taken_back(tmp_path, monkeypatch):
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    folder = tmp_path / "photos"
    saved(folder, is_scored=True)
    before = {path.name: path.read_bytes() for path in folder.glob("[!.]*")}
    with started("review", str(folder), "--no-open", cwd=tmp_path) as livecam:
        address = re.search(r"http://\S+", livecam.stdout.readline())[0]
        command = ["node", str(Path(__file__).with_name("firefox.mjs")), address, str(FIREFOX)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["problems"] == []
    assert "the key photo" in found["key"]
    assert found["made"] == f"{found['other']}, the key photo"
    assert found["playedTo"] == pytest.approx(PAIR_S, abs=0.05)
    assert found["help"]
    assert {path.name: path.read_bytes() for path in folder.glob("[!.]*")} == before
