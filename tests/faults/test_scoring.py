"""Scoring that breaks down: a frame loses its score, no moment is lost."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import threading
from pathlib import Path

import pytest

from livecam import contract
from livecam.capture.source import CameraRequest
from livecam.demo.camera import DemoCamera, DemoOptions
from livecam.errors import ExitCode
from livecam.live.recovery import recover
from livecam.live.spool import FOLDER
from tests.support.finders import Breaks, Crashes, Waits, with_fault
from tests.support.session import running
from tests.support.waiting import until

OPTIONS = {"before_s": 0.5, "after_s": 0.3, "live_score": False}


def camera() -> DemoCamera:
    return DemoCamera(DemoOptions(every=True), CameraRequest((320, 180)))


def unscored(event: contract.Saved) -> list[int]:
    frames = json.loads(Path(event.scores).read_text())["frames"]
    return [frame["source_index"] for frame in frames if not frame["faces"]]


@pytest.mark.parametrize(("kind", "why"), [(Breaks, "invalid state"), (Crashes, "SIGSEGV")])
def test_one_frame_that_breaks_scoring_costs_its_own_score_only(out, tmp_path, kind, why):
    memory = tmp_path / "index"
    finder = with_fault(kind(memory, 20))
    with running(camera(), finder, out=out, **OPTIONS) as (session, told):
        session.wait_until_armed()
        session.press()
        told.wait_for(contract.Saved)
        session.press()
        first, second = told.wait_for(contract.Saved, 2)
    (notice,) = told.wait_for(contract.Notice)
    assert "1 frame could not be scored" in notice.message
    assert why in notice.message
    assert unscored(first) == [int(memory.read_text().split()[0])]
    assert first.key.score > 0
    assert second.key.score > 0
    assert session.code == 0


def test_a_crash_that_does_not_come_again_costs_no_score_at_all(out, tmp_path):
    finder = with_fault(Crashes(tmp_path / "index", 20, times=1))
    with running(camera(), finder, out=out, **OPTIONS) as (session, told):
        session.wait_until_armed()
        session.press()
        (saved,) = told.wait_for(contract.Saved)
    assert (tmp_path / "index").read_text().count("+") == 2, "it crashed, and was asked again"
    assert unscored(saved) == []
    assert saved.key.score > 0
    assert session.code == 0


@pytest.mark.parametrize(("kind", "why"), [(Breaks, "invalid state"), (Crashes, "SIGSEGV")])
def test_a_moment_that_cannot_be_scored_at_all_is_saved_with_the_frame_at_the_shutter(
    out, tmp_path, kind, why
):
    finder = with_fault(kind(tmp_path / "index"))
    with running(camera(), finder, out=out, **OPTIONS) as (session, told):
        session.wait_until_armed()
        session.press()
        (saved,) = told.wait_for(contract.Saved)
    assert saved.reason.startswith("the frame at the shutter, not scored")
    assert why in saved.reason
    record = json.loads(Path(saved.scores).read_text())
    shutter_s = record["shutter_s"]
    nearest = min(record["frames"], key=lambda f: abs(f["time_s"] - shutter_s))
    assert record["key"]["index"] == nearest["index"]
    assert Path(saved.photo).is_file()
    assert any("is not scored" in n.message for n in told.wait_for(contract.Notice))
    assert session.health().dropped == 0


def test_scoring_that_stands_still_for_eight_seconds_loses_nothing(out):
    with running(camera(), out=out, **OPTIONS) as (session, told):
        session.wait_until_armed()
        session.press()
        told.wait_for(contract.Saved)
        (process,) = multiprocessing.active_children()
        os.kill(process.pid, signal.SIGSTOP)
        session.press()
        still = session.recorder.ring.newest()
        session.recorder.ring.wait_until(still.t_ns + 4_000_000_000, 30)
        session.press()
        session.recorder.ring.wait_until(still.t_ns + 8_000_000_000, 30)
        assert len(told.wait_for(contract.Saved)) == 1
        os.kill(process.pid, signal.SIGCONT)
        saved = told.wait_for(contract.Saved, 3)
    for event in saved:
        assert unscored(event) == []
        assert json.loads(Path(event.scores).read_text())["gaps"] == []
    assert session.code == 0


def test_a_live_score_that_breaks_down_is_said_once_and_goes_on(out, tmp_path):
    finder = with_fault(Breaks(tmp_path / "index", 0))
    with running(camera(), finder, before_s=0.3, after_s=0.3, out=out) as (session, told):
        (notice,) = told.wait_for(contract.Notice)
        assert "failed on one frame" in notice.message
        session.wait_until_armed()
        session.press()
        told.wait_for(contract.Saved)
    assert session.code == 0


def test_what_is_too_much_for_memory_waits_on_disk_and_is_finished(out, tmp_path, monkeypatch):
    """A machine far too slow for its user: frames of many moments wait to be scored."""
    monkeypatch.setattr("livecam.live.keeper.MOST_HELD_BYTES", 5_000_000)
    go_on = tmp_path / "go on"
    finder = with_fault(Waits(go_on))
    with running(camera(), finder, out=out, **OPTIONS) as (session, told):
        session.wait_until_armed()
        for _ in range(8):
            session.press()
            threading.Event().wait(0.4)  # real presses lie apart
        aside = out / FOLDER
        until(lambda: len(list(aside.glob("*.mov"))) == 8, "eight movies set aside")
        assert session._shots.held_bytes < 2 * 5_000_000
        go_on.touch()
        saved = told.wait_for(contract.Saved, 8)
    assert [event.id for event in saved] == list(range(1, 9))
    assert {event.tier for event in saved} == {"lazy", "after"}
    assert all(event.key.score > 0 for event in saved)
    assert session.code == 0
    assert len(list(out.iterdir())) == 24, "nothing stays behind"


def test_without_a_thread_for_it_a_moment_is_scored_all_the_same(out):
    """What a limit of threads or memory does: no thread can be begun."""
    with running(camera(), out=out, **OPTIONS) as (session, told):
        session.wait_until_armed()
        session._saver._choosing.shutdown()
        session.press()
        session.press()
        session.finish()
        session.join(120)
    assert sum(isinstance(event, contract.Saved) for event in told.events) == 2
    assert session.code is ExitCode.OK


def test_what_cannot_be_saved_for_a_fault_of_ours_stays_on_disk_for_another_try(out, monkeypatch):
    def broken(*_, **__):
        raise MemoryError("no room for it")

    with running(camera(), out=out, **OPTIONS) as (session, told):
        session.wait_until_armed()
        monkeypatch.setattr("livecam.live.saver.save_when_scored", broken)
        session.press()
        session.finish()
        session.join(120)
    (error,) = [event for event in told.events if isinstance(event, contract.Error)]
    assert "livecam recover" in error.hint
    assert error.id is None, "it is not lost"
    assert session.code is ExitCode.FAILURE
    monkeypatch.undo()
    again: list[contract.Event] = []
    assert recover(out, again.append)
    assert [event.event for event in again] == ["notice", "recovered"]
