"""A run of many shots, seen from within."""

from __future__ import annotations

import threading
from fractions import Fraction

from livecam import contract
from livecam.capture.source import CameraRequest
from livecam.demo.camera import DemoCamera, DemoOptions
from livecam.session import Options, Session


def test_memory_is_back_at_its_start_when_all_is_saved(out):
    source = DemoCamera(DemoOptions(), CameraRequest((640, 360), Fraction(30)))
    found: list[contract.Event] = []
    session = Session(source, None, Options(before_s=0.4, after_s=0.2, out=out), found.append)
    before = session.recorder.ring.memory_bytes
    session.start()
    try:
        session.wait_until_armed()
        for _ in range(6):
            session.press()
            threading.Event().wait(0.15)  # real presses lie apart
        assert session.work().shots == 6
        session.finish()
        assert session.join(60)
        ring = session.recorder.ring
        ring.wait_until(ring.newest().t_ns + 2 * ring.span_ns, 10)  # until it has turned over
        ring.trim()
        assert ring.memory_bytes == before
        work = session.work()
        assert (work.saved, work.pending, work.scoring, work.lost) == (6, 0, 0, ())
    finally:
        session.give_up()
        session.close()
    assert [event.event for event in found][-1] == "summary"


def test_a_press_after_the_end_is_refused(out):
    source = DemoCamera(DemoOptions(), CameraRequest((64, 64), Fraction(30)))
    session = Session(source, None, Options(out=out), lambda _: None)
    session.start()
    session.finish()
    assert session.press() is None
    assert not session.wait_until_armed()
    session.close()
