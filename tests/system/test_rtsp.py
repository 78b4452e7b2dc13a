"""RTSP from a server that others wrote."""

from __future__ import annotations

import json
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import pytest

from livecam.demo.camera import Studio, read_slate, write_slate
from livecam.demo.script import Script
from tests.support.program import events, run

SYSTEM_PYTHON = "/usr/bin/python3"
SHORT = ["--before", "0.5", "--after", "0.5", "--no-audio", "--no-live-score"]
SERVER = Path(__file__).parents[1] / "support" / "rtsp_camera.py"


def has_gstreamer() -> bool:
    """GStreamer's bindings belong to the system's Python."""
    code = "import gi; gi.require_version('GstRtspServer', '1.0')"
    try:
        return not subprocess.run([SYSTEM_PYTHON, "-c", code], capture_output=True).returncode
    except OSError:
        return False


pytestmark = pytest.mark.skipif(
    not has_gstreamer(), reason="not installed: GStreamer's RTSP server"
)


@pytest.fixture
def movie(tmp_path):
    """Forty seconds of numbered pictures."""
    path = tmp_path / "numbered.mp4"
    size_wh = (320, 180)
    studio = Studio(Script(0), size_wh, Fraction(30))
    with av.open(str(path), "w") as out:
        options = {"preset": "ultrafast", "bf": "0", "g": "15"}
        stream = out.add_stream("libx264", rate=30, options=options)
        stream.width, stream.height, stream.pix_fmt = *size_wh, "yuv420p"
        for i in range(1200):
            planes = studio.planes(i)
            write_slate(planes[: size_wh[1]], i)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(planes, "yuv420p")))
        out.mux(stream.encode(None))
    return path


def test_h264_over_tcp_without_a_loss(tmp_path, movie):
    command = [SYSTEM_PYTHON, str(SERVER), str(movie)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        url = server.stdout.readline().strip()
        done = run(
            "--camera", url, "--shots", "2", "--interval", "2", "--no-audio", "--json", cwd=tmp_path
        )  # fmt: skip
        server.kill()
    assert done.returncode == 0
    found = events(done.stdout)
    assert found[0]["camera"]["backend"] == "rtsp"
    assert found[0]["camera"]["delivered"] == "h264"
    saved = [event for event in found if event["event"] == "saved"]
    assert len(saved) == 2
    for event in saved:
        with av.open(event["movie"]) as container:
            pictures = [f.to_ndarray(format="yuv420p")[:180] for f in container.decode(video=0)]
        numbers = [read_slate(picture) for picture in pictures]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert json.loads(Path(event["scores"]).read_text())["duration_s"] == pytest.approx(
            3.0, abs=0.05
        )


def test_a_camera_that_sends_by_udp_alone(tmp_path, movie):
    command = [SYSTEM_PYTHON, str(SERVER), str(movie), "udp"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        url = server.stdout.readline().strip()
        done = run("--camera", url, *SHORT, "--shots", "1", "--json", cwd=tmp_path)
        server.kill()
    assert done.returncode == 0, done.stderr
    (saved,) = [event for event in events(done.stdout) if event["event"] == "saved"]
    assert json.loads(Path(saved["scores"]).read_text())["duration_s"] == pytest.approx(1, abs=0.05)
