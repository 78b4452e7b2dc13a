"""A Raspberry Pi's own camera, with a stand-in for picamera2 that draws a person."""

from __future__ import annotations

import json
import os
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

from tests.conftest import ROOT
from tests.support.program import events, run

STAND_IN = Path(__file__).parents[1] / "support" / "pi"
PYTHONPATH = os.pathsep.join([str(STAND_IN), str(ROOT)])


def on_a_pi(*args: str, cwd: Path, **env: str):
    return run(*args, cwd=cwd, env={**os.environ, "PYTHONPATH": PYTHONPATH, **env})


def test_a_moment_of_it_is_a_live_photo_at_its_rate(tmp_path):
    done = on_a_pi(
        "--camera", "pi", "--size", "321x180", "--fps", "15", "--shots", "1", "--json",
        "--before", "0.5", "--after", "0.5", "--no-audio", "--no-live-score", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = {event["event"]: event for event in events(done.stdout)}
    camera = told["ready"]["camera"]
    assert camera["name"] == "Raspberry Pi camera (imx708)"
    assert (camera["size_wh"], camera["rate_hz"]) == ([320, 180], 15)
    assert camera["note"] == "no 321x180 here; 320x180 is the nearest"
    with Image.open(told["saved"]["photo"]) as photo:
        assert photo.size == (320, 180)
    record = json.loads(Path(told["saved"]["scores"]).read_text())
    times = [frame["time_s"] for frame in record["frames"]]
    steps = [b - a for a, b in pairwise(times)]
    assert len(times) >= 14
    assert sorted(steps)[len(steps) // 2] == pytest.approx(1 / 15, abs=0.005)


def test_another_size_than_was_asked_for_is_said_to_people_too(tmp_path):
    done = on_a_pi(
        "--camera", "pi", "--size", "321x180", "--fps", "15", "--shots", "1", "--plain",
        "--before", "0.3", "--after", "0.2", "--no-audio", "--no-live-score", cwd=tmp_path,
    )  # fmt: skip
    assert "no 321x180 here; 320x180 is the nearest" in done.stdout + done.stderr


def test_it_is_listed_and_taken_where_there_is_no_webcam(tmp_path):
    listed = on_a_pi("devices", cwd=tmp_path, PI_CAMERAS="imx708 ov5647")
    assert "  pi  imx708\n  pi:1  ov5647\n" in listed.stdout
    told = on_a_pi("devices", "--json", cwd=tmp_path)
    (camera,) = [event for event in events(told.stdout) if event.get("exact_name") == "pi"]
    assert camera["name"] == "imx708"


@pytest.mark.parametrize(
    ("env", "spec", "said"),
    [
        ({"PYTHONPATH": str(ROOT)}, "pi", "picamera2 is not installed (apt install"),
        ({"PI_CAMERAS": ""}, "pi", "no camera is connected to this Pi"),
        ({}, "pi:1", "no camera 'pi:1'"),
        ({"PI_ENCODER_IS_MISSING": "1"}, "pi", "Hardware MJPEG not available"),
        ({"PI_CAMERA_IS_TAKEN": "1"}, "pi", "close other programs that use it"),
    ],
)
def test_what_is_wrong_is_one_line(tmp_path, env, spec, said):
    done = on_a_pi("--camera", spec, "--shots", "1", "--plain", cwd=tmp_path, **env)
    assert done.returncode == 3
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("livecam: ")]
    assert said in line
