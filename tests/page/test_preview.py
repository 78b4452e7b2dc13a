"""What other programs see of a run: the live picture and the score."""

from __future__ import annotations

import json
import os
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

import cv2
import numpy as np
import pytest

from tests.support.program import SMALL_DEMO, run, started, wait_for
from tests.support.promise import check_event

pytest.importorskip("uvicorn")


@pytest.fixture
def preview(tmp_path):
    """A run, and what it says of its preview."""
    with started(*SMALL_DEMO, "--preview-port", "0", "--json", cwd=tmp_path) as livecam:
        event = wait_for(livecam, "preview")
        check_event(event)
        wait_for(livecam, "armed")
        yield event
        livecam.send_signal(signal.SIGINT)
        livecam.communicate(timeout=30)


def test_the_live_picture_is_a_camera_for_livecam_itself(preview, tmp_path):
    """Read by a program that knows nothing of it: livecam's own reader of network cameras."""
    with started(
        "--camera", preview["picture"], "--shots", "1", "--before", "0.5", "--after", "0.3",
        "--no-live-score", "--json", cwd=tmp_path,
    ) as other:  # fmt: skip
        camera = wait_for(other, "ready")["camera"]
        saved = wait_for(other, "saved")
        other.communicate(timeout=60)
    assert camera["size_wh"] == [320, 180]
    photo = cv2.imread(saved["photo"])
    assert photo.shape == (180, 320, 3)
    assert np.std(photo) > 10


def test_the_score_comes_as_events_of_the_contract(preview):
    with urllib.request.urlopen(preview["score"], timeout=20) as stream:
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        seen = []
        while not seen or seen[-1]["score"] is None:
            line = stream.readline().decode().strip()
            if line:
                seen.append(json.loads(line.removeprefix("data: ")))
                check_event(seen[-1])
    assert seen[-1]["is_armed"]
    assert seen[-1]["faces"] == 1
    assert 0 <= seen[-1]["score"] <= 1


def refusal(request: urllib.request.Request) -> int:
    """The answer to a request that gets nothing."""
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status
    except urllib.error.HTTPError as err:
        err.close()
        return err.code


def test_nobody_else_sees_it_and_nothing_can_be_changed(preview):
    parts = urlsplit(preview["picture"])
    assert parts.hostname == "127.0.0.1"
    root = f"http://{parts.netloc}"
    for address, headers in (
        (f"{root}/live", {}),
        (f"{root}/x/live", {}),
        (preview["picture"], {"Host": "evil.example"}),
        (preview["score"], {"Host": f"localhost.evil.example:{parts.port}"}),
    ):
        assert refusal(urllib.request.Request(address, None, headers)) in (403, 404)
    assert refusal(urllib.request.Request(preview["picture"], b"")) == 405


def test_a_reader_that_reads_nothing_holds_nothing_up(tmp_path):
    with started(*SMALL_DEMO, "--preview-port", "0", "--json", cwd=tmp_path) as livecam:
        parts = urlsplit(wait_for(livecam, "preview")["picture"])
        with socket.create_connection((parts.hostname, parts.port)) as reader:
            request = f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n"
            reader.sendall(request.encode())
            wait_for(livecam, "armed")
            threading.Event().wait(1.0)  # until its buffers are full
            begun = time.monotonic()
            livecam.send_signal(signal.SIGINT)
            out, _ = livecam.communicate(timeout=30)
        assert time.monotonic() - begun < 10
    assert json.loads(out.splitlines()[-1])["dropped"] == 0


def test_without_the_extra_that_is_said_before_a_camera_is_opened(tmp_path):
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "segno.py").write_text("raise ImportError('no', name='segno')\n")
    path = os.pathsep.join([str(tmp_path / "without"), os.environ["PYTHONPATH"]])
    done = run(
        *SMALL_DEMO, "--preview-port", "0", "--shots", "1", "--plain", cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert done.returncode == 1
    assert "opening" not in done.stdout + done.stderr
    assert "pip install 'segno" in done.stderr
    assert done.stderr.rstrip().endswith("or leave --preview-port out)")
