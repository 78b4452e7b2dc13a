"""The Python interface, as livecam/README.md shows it."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

import livecam
from livecam.photos.check import check
from livecam.photos.pairs import find_halves
from tests.conftest import ROOT
from tests.support.files import numbered_movie, saved


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


def test_the_examples_of_the_readme_run_as_they_stand(tmp_path):
    text = (ROOT / "livecam" / "README.md").read_text()
    first, files, live = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[:3]
    made = saved(tmp_path)
    made.photo.rename(tmp_path / "IMG_0001.JPG")
    made.movie.rename(tmp_path / "IMG_0001.MOV")
    code = "import livecam\n" + files + live
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", "nothing of the libraries' own"
    picked, shown = done.stdout.splitlines()
    assert 0 <= float(picked.split()[0]) < 1
    assert shown.startswith("(720, 1280, 3)")
    pairs = list(find_halves([tmp_path / "better"]))
    assert [check(halves).defects for halves in pairs] == [()] * len(pairs)
    assert len(pairs) >= 1
    (motion,) = (tmp_path / "recordings").glob("*.MP.jpg")
    assert motion.stat().st_size > 10_000
    assert "recorder.press()" in first


def test_what_is_no_moment_is_an_input_error(tmp_path):
    for paths in ([tmp_path / "none.jpg"], []):
        with pytest.raises(livecam.InputError):
            livecam.pick(*paths)
    numbered_movie(tmp_path / "a.mp4", [0.0, 0.1])
    with pytest.raises(livecam.InputError, match="key photo"):
        livecam.rekey(tmp_path / "a.mp4", tmp_path / "out")


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
