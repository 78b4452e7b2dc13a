"""A real person through a network camera, from the socket to the key photo."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from livecam.faces.landmarker import FaceLandmarker
from tests.support.http_camera import read_mark
from tests.support.program import events, run

pytestmark = pytest.mark.samples


def test_two_moments_without_a_loss_whose_photos_look_at_you(tmp_path, samples):
    command = [sys.executable, "-m", "tests.support.http_camera"]
    command += ["--video", str(samples / "faces" / "d9.mp4")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as camera:
        url = f"http://127.0.0.1:{camera.stdout.readline().strip()}/stream"
        done = run(
            "--camera", url, "--shots", "2", "--interval", "2", "--no-audio", "--json", cwd=tmp_path
        )
        camera.kill()
    assert done.returncode == 0
    saved = [event for event in events(done.stdout) if event["event"] == "saved"]
    assert len(saved) == 2
    with closing(FaceLandmarker()) as landmarker:
        for event in saved:
            record = json.loads(Path(event["scores"]).read_text())
            # Times are those of arrival: a busy machine brings pictures late, and then at once.
            assert len(record["frames"]) == pytest.approx(90, abs=20)
            assert record["camera"]["rate_hz"] == 30
            # The key photo carries the camera's own comment: its bytes came through unchanged.
            index, _ = read_mark(Path(event["photo"]).read_bytes())
            assert index > 0
            image = Image.open(event["photo"]).convert("RGB")
            assert image.size == (512, 480)
            (face,) = landmarker.find(np.asarray(image)[:, :, ::-1].copy())
            shapes = face.blendshapes
            assert max(shapes["eyeBlinkLeft"], shapes["eyeBlinkRight"]) < 0.35
