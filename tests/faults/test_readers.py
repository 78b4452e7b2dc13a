"""Whoever started livecam stops reading what it prints: Ctrl-C ends it all the same."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from livecam import contract
from livecam.capture.source import CameraRequest
from livecam.demo.camera import DemoCamera, DemoOptions
from livecam.live.session import Options, Session
from tests.support.program import LIVECAM
from tests.support.waiting import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the size of a pipe is set")
SMALL = ["--camera", "demo:every", "--size", "320x180", "--no-audio", "--no-live-score",
         "--before", "0.3", "--after", "0.3"]  # fmt: skip


@pytest.mark.parametrize("how", ["--json", "--plain"])
def test_the_first_ctrl_c_saves_all_and_ends_it(tmp_path, how):
    theirs, ours = os.pipe()
    fcntl.fcntl(ours, fcntl.F_SETPIPE_SZ, 4096)
    with subprocess.Popen(
        [*LIVECAM, *SMALL, how, "--out", "out"],
        stdout=ours, stderr=subprocess.DEVNULL, stdin=subprocess.PIPE, cwd=tmp_path,
    ) as livecam:  # fmt: skip
        os.close(ours)
        try:
            said = b""
            while b"armed" not in said:
                said += os.read(theirs, 4096)
            livecam.stdin.write(b"\n" * 40)  # some hundred events, more than the pipe takes
            livecam.stdin.flush()
            until(lambda: len(list(tmp_path.glob("out/*.JPG"))) >= 2, "two photos")
            livecam.send_signal(signal.SIGINT)
            assert livecam.wait(60) == 130
        finally:
            livecam.kill()
    os.close(theirs)
    assert len(list(tmp_path.glob("out/*.JPG"))) == 40


def test_a_slow_reader_gets_every_event(tmp_path):
    with subprocess.Popen(
        [*LIVECAM, *SMALL, "--json", "--shots", "3", "--interval", "0.1"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, cwd=tmp_path,
    ) as livecam:  # fmt: skip
        told = []
        for line in livecam.stdout:
            told.append(json.loads(line)["event"])
            threading.Event().wait(0.1)
        assert livecam.wait(30) == 0
    assert told.count("saved") == 3
    assert told[-1] == "summary"


def test_a_session_ends_though_who_takes_its_events_hangs(out):
    stuck, free = threading.Event(), threading.Event()

    def emit(event):
        if isinstance(event, contract.Shot):
            stuck.set()
            free.wait()

    source = DemoCamera(DemoOptions(every=True), CameraRequest((320, 180)))
    options = Options(before_s=0.3, after_s=0.3, out=out, live_score=False)
    session = Session(source, None, options, emit)
    session.start()
    session.wait_until_armed()
    pressing = threading.Thread(target=session.press)
    pressing.start()
    assert stuck.wait(10)
    for end in (session.finish, session.give_up):
        ending = threading.Thread(target=end)
        ending.start()
        ending.join(10)
        assert not ending.is_alive()
    free.set()
    pressing.join()
    session.close()
