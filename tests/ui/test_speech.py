"""What is printed is spoken, by a voice that the test listens to."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from livecam.errors import UsageError
from livecam.ui.speech import MOST_WAITING, Speech
from tests.support.program import SMALL_DEMO, run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the voice is one of Linux")


@pytest.fixture
def spoken(tmp_path, monkeypatch) -> Path:
    """A voice of the system that writes down what it says."""
    programs, heard = tmp_path / "bin", tmp_path / "heard.txt"
    programs.mkdir()
    voice = programs / "spd-say"
    voice.write_text(f"#!/bin/sh\n(cat; echo) >> {heard}\n")
    voice.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return heard


def test_a_run_is_spoken_from_its_beginning_to_its_photo(tmp_path, spoken):
    done = run(*SMALL_DEMO, "--speak", "--shots", "1", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lines = spoken.read_text().splitlines()
    assert any(line.startswith("saved 1") for line in lines)
    assert set(lines) <= set(done.stdout.splitlines()), "nothing is said that is not printed"


def test_of_what_comes_too_fast_the_newest_is_said(spoken):
    speech = Speech()
    for i in range(200):
        speech.say(f"line {i}")
    speech.close()
    lines = spoken.read_text().splitlines()
    assert lines[-1] == "line 199"
    assert len(lines) <= 200 - MOST_WAITING


def test_without_a_voice_it_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="--speak needs spd-say"):
        Speech()
