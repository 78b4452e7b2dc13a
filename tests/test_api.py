"""The Python interface, as livecam/README.md shows it."""

from __future__ import annotations

import subprocess
import sys

import pytest

import livecam


def test_the_ten_lines_of_the_readme(out):
    with livecam.open_source("demo") as source, livecam.Recorder(source) as recorder:
        recorder.wait_until_armed()
        moment = recorder.press().moment.result()
    score = livecam.score(moment)
    files = livecam.save(moment, score, out)
    assert files.photo.exists()
    assert score.frames[score.key].score > 0.2
    lasts_ns = moment.frames[-1].t_ns - moment.frames[0].t_ns
    assert lasts_ns == pytest.approx(3_000_000_000, rel=0.05)


def test_every_public_name_exists():
    assert all(getattr(livecam, name) is not None for name in livecam.__all__)
    assert set(dir(livecam)) == set(livecam.__all__)
    with pytest.raises(AttributeError):
        _ = livecam.nothing


def test_importing_it_loads_nothing_heavy():
    code = (
        "import sys, livecam;"
        "print([m for m in ('cv2', 'numpy', 'av', 'mediapipe', 'PIL', 'rich') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
