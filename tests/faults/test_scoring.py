"""Scoring that breaks down: a frame loses its score, no moment is lost."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from livecam import contract
from livecam.capture.source import CameraRequest
from livecam.demo.camera import DemoCamera, DemoOptions
from livecam.media.spool import FOLDER
from livecam.quality.finder import FaceFinder
from livecam.timebase import now_ns
from tests.support.session import running


@pytest.fixture
def breaking(monkeypatch):
    """Make measuring of some frames raise what no library should."""
    real = FaceFinder.read

    def install(is_bad) -> None:
        def read(self, frame):
            if is_bad(frame):
                raise RuntimeError("the graph is in an invalid state")
            return real(self, frame)

        monkeypatch.setattr(FaceFinder, "read", read)

    return install


def camera() -> DemoCamera:
    return DemoCamera(DemoOptions(every=True), CameraRequest((320, 180)))


def test_one_frame_that_breaks_scoring_costs_its_own_score_only(out, breaking):
    bad: list[int] = []

    def is_bad(frame) -> bool:
        if frame.index >= 20 and not bad:
            bad.append(frame.index)
        return frame.index in bad

    breaking(is_bad)
    options = {"before_s": 0.5, "after_s": 0.3, "out": out, "live_score": False}
    with running(camera(), **options) as (session, told):
        session.wait_until_armed()
        session.press()
        told.wait_for(contract.Saved)
        session.press()
        first, second = told.wait_for(contract.Saved, 2)
    (notice,) = told.wait_for(contract.Notice)
    assert "1 frames could not be scored" in notice.message
    assert "invalid state" in notice.message
    frames = json.loads(Path(first.scores).read_text())["frames"]
    assert [f["source_index"] for f in frames if not f["faces"]] == bad
    assert first.key.score > 0
    assert second.key.score > 0
    assert session.code == 0


def test_a_moment_that_cannot_be_scored_at_all_is_saved_with_the_frame_at_the_shutter(
    out, breaking
):
    breaking(lambda _: True)
    options = {"before_s": 0.5, "after_s": 0.3, "out": out, "live_score": False}
    with running(camera(), **options) as (session, told):
        session.wait_until_armed()
        session.press()
        (saved,) = told.wait_for(contract.Saved)
    assert saved.reason.startswith("the frame at the shutter, not scored")
    record = json.loads(Path(saved.scores).read_text())
    shutter_s = record["shutter_s"]
    nearest = min(record["frames"], key=lambda f: abs(f["time_s"] - shutter_s))
    assert record["key"]["index"] == nearest["index"]
    assert Path(saved.photo).is_file()
    assert any("is not scored" in n.message for n in told.wait_for(contract.Notice))


def test_a_live_score_that_breaks_down_is_said_once_and_goes_on(out, breaking):
    bad = {"left": 3}

    def is_bad(_) -> bool:
        bad["left"] -= 1
        return bad["left"] >= 0

    breaking(is_bad)
    with running(camera(), before_s=0.3, after_s=0.3, out=out) as (session, told):
        (notice,) = told.wait_for(contract.Notice)
        assert "broke down over a frame" in notice.message
        session.wait_until_armed()
        session.press()
        told.wait_for(contract.Saved)
    assert session.code == 0


def test_what_is_too_much_for_memory_waits_on_disk_and_is_finished(out, breaking, monkeypatch):
    """A machine far too slow for its user: frames of many moments wait to be scored."""
    monkeypatch.setattr("livecam.saver.MOST_HELD_BYTES", 5_000_000)
    go_on = threading.Event()
    breaking(lambda _: not go_on.wait(60))
    options = {"before_s": 0.5, "after_s": 0.3, "out": out, "live_score": False}
    with running(camera(), **options) as (session, told):
        session.wait_until_armed()
        for _ in range(8):
            session.press()
            threading.Event().wait(0.4)  # real presses lie apart
        aside = out / FOLDER
        deadline = time.monotonic() + 60
        while len(list(aside.glob("*.mov"))) < 8:
            assert time.monotonic() < deadline
            session.recorder.ring.wait_until(now_ns(), 0.1)
        assert session._saver._held_bytes < 2 * 5_000_000
        go_on.set()
        saved = told.wait_for(contract.Saved, 8)
    assert [event.id for event in saved] == list(range(1, 9))
    assert {event.tier for event in saved} == {"lazy", "after"}
    assert all(event.key.score > 0 for event in saved)
    assert session.code == 0
    assert len(list(out.iterdir())) == 24, "nothing stays behind"
