"""A run of many shots, seen from within."""

from __future__ import annotations

import json
import threading
import time
from fractions import Fraction
from pathlib import Path

import pytest
from PIL import Image

from livecam import contract
from livecam.capture.source import CameraRequest, FrameSource
from livecam.demo.camera import DemoCamera, DemoOptions
from livecam.errors import CameraError, OutputError
from livecam.live.session import Options, Session
from livecam.photos.check import check
from livecam.photos.frames import MovieReader
from livecam.photos.pairs import find_halves
from livecam.timebase import now_ns, to_ns
from tests.support.session import running


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


class Pausing(DemoCamera):
    """Gives no picture for a while, as when the program is stopped."""

    pause_s = 0.0

    def read(self):
        threading.Event().wait(self.pause_s)  # the pause is what is tested
        self.pause_s = 0.0
        return super().read()


@pytest.mark.parametrize(("pause_s", "said"), [(0.0, False), (0.8, True)])
def test_a_moment_that_ends_early_is_said(out, pause_s, said):
    camera = Pausing(DemoOptions(), CameraRequest((160, 120), Fraction(30)))
    options = {"before_s": 0.3, "after_s": 0.6, "out": out, "live_score": False}
    with running(camera, **options) as (session, told):
        session.wait_until_armed()
        session.press()
        camera.pause_s = pause_s
        told.wait_for(contract.Saved)
    notices = [event for event in told.events if isinstance(event, contract.Notice)]
    assert [notice.id for notice in notices] == [1] * said
    assert all("early" in notice.message for notice in notices)


class Ending(DemoCamera):
    """A camera that comes to its end, as a movie does."""

    ended = False

    def read(self):
        return None if self.ended else super().read()


@pytest.mark.parametrize("how", ["the camera ends", "given up"])
def test_a_long_moment_that_ends_early_holds_the_end_up_no_longer(out, how):
    """A press whose seconds would go on for a minute."""
    camera = Ending(DemoOptions(), CameraRequest((160, 120), Fraction(30)))
    options = {"before_s": 0.3, "after_s": 60.0, "out": out, "live_score": False}
    begin = time.monotonic()
    with running(camera, **options) as (session, told):
        session.wait_until_armed()
        session.press()
        told.wait_for(contract.Shot)
        if how == "given up":
            session.give_up()
        else:
            camera.ended = True
            told.wait_for(contract.Saved)
    assert time.monotonic() - begin < 30, "half of what it would go on for"
    folder = out / ".livecam-unfinished"
    assert not folder.exists(), "nothing is left to be recovered"


class Cabled(FrameSource):
    """The demo camera at the end of a cable that can be pulled, and put back."""

    name = "cabled camera"
    numbers_frames = True

    def __init__(self, plugged: threading.Event, frames: int | None = None) -> None:
        self._plugged, self._left = plugged, frames
        self._camera = DemoCamera(DemoOptions(every=True), CameraRequest((320, 180)))
        self.mode = self._camera.mode
        self.reopened = 0

    def read(self):
        if self._left is not None:
            self._left -= 1
        if self._left == 0 or not self._plugged.is_set():
            self._plugged.clear()
            raise CameraError("lost the cabled camera", "was it unplugged?")
        return self._camera.read()

    def reopen(self):
        if not self._plugged.wait(0):
            raise CameraError("the cabled camera is not there", "plug it in again")
        return Cabled(self._plugged)

    def close(self) -> None:
        self._camera.close()


@pytest.fixture
def quick_retries(monkeypatch):
    monkeypatch.setattr("livecam.live.recorder.FIRST_RETRY_S", 0.05)


def test_a_lost_camera_comes_back_and_nothing_shot_is_lost(out, quick_retries):
    plugged = threading.Event()
    plugged.set()
    source = Cabled(plugged, frames=60)
    options = {"before_s": 0.5, "after_s": 0.3, "out": out, "reconnects": True}
    with running(source, **options) as (session, told):
        session.wait_until_armed()
        first = session.press()
        (lost,) = told.wait_for(contract.CameraLost)
        assert lost.message == "lost the cabled camera"
        told.wait_for(contract.Saved)
        threading.Event().wait(0.6)  # until what the camera gave last is too old to be taken
        assert session.press() is None, "kept: there is no picture to take"
        assert session.kept == 1
        plugged.set()
        (back,) = told.wait_for(contract.CameraBack)
        assert back.camera.name == "cabled camera"
        told.wait_for(contract.Armed, 2)
        saved = told.wait_for(contract.Saved, 2)
        assert session.kept == 0
    assert [event.id for event in saved] == [first, 2]
    assert session.code == 0
    assert told.events[-1].dropped == 0
    record = json.loads(Path(saved[1].scores).read_text())
    assert len(record["frames"]) == pytest.approx(24, abs=1), "all of its seconds, after the return"
    indices = [frame["source_index"] for frame in record["frames"]]
    assert indices == list(range(indices[0], indices[0] + len(indices)))
    assert indices[0] >= 59, "numbers go on where they ended"


def test_a_camera_that_is_plugged_in_is_tried_at_once(out, monkeypatch):
    monkeypatch.setattr("livecam.live.recorder.FIRST_RETRY_S", 60.0)
    monkeypatch.setattr(Cabled, "plugged_in", lambda self: self._plugged.is_set())
    plugged = threading.Event()
    plugged.set()
    source = Cabled(plugged, frames=30)
    with running(source, before_s=0.3, after_s=0.1, out=out, reconnects=True) as (_, told):
        told.wait_for(contract.CameraLost)
        plugged.set()
        (back,) = told.wait_for(contract.CameraBack)
        assert back.lost_s < 10
        assert not any(isinstance(event, contract.Error) for event in told.events)


def test_without_reconnecting_a_lost_camera_ends_the_run(out):
    plugged = threading.Event()
    plugged.set()
    with running(Cabled(plugged, frames=60), before_s=0.3, after_s=0.3, out=out) as (session, told):
        session.wait_until_armed()
        session.press()
        assert session.join(60)
    assert len(told.wait_for(contract.Saved)) == 1
    assert session.code == 3


@pytest.mark.parametrize("tier", ["lazy", "live"])
def test_a_camera_that_comes_back_with_another_size_goes_on_with_it(out, quick_retries, tier):
    class Other(Cabled):
        def reopen(self):
            found = super().reopen()
            found._camera = DemoCamera(DemoOptions(every=True), CameraRequest((640, 480)))
            found.mode = found._camera.mode
            return found

    plugged = threading.Event()
    plugged.set()
    options = {"before_s": 0.5, "after_s": 0.4, "out": out, "reconnects": True, "tier": tier}
    with running(Other(plugged, frames=60), **options) as (session, told):
        session.wait_until_armed()
        while session.recorder.health().frames < 56:
            threading.Event().wait(0.01)
        session.press()  # a moment that the loss cuts short, and the other size comes into
        told.wait_for(contract.CameraLost)
        plugged.set()
        (back,) = told.wait_for(contract.CameraBack)
        assert back.camera.size_wh == (640, 480)
        told.wait_for(contract.Armed, 2)
        session.press()
        told.wait_for(contract.Saved, 2)
    assert session.code == 0
    notices = [event.message for event in told.events if isinstance(event, contract.Notice)]
    (said,) = [message for message in notices if "now" in message]
    assert "640x480" in said
    assert "320x180" in said
    for saved, size in zip(told.wait_for(contract.Saved, 2), ((320, 180), (640, 480)), strict=True):
        with Image.open(saved.photo) as photo, MovieReader(Path(saved.movie)) as movie:
            assert photo.size == movie.size_wh == size
            assert len(list(movie.frames(range(len(movie.times))))) == len(movie.times)
        (halves,) = find_halves([Path(saved.photo)])
        assert check(halves).defects == ()


def test_presses_by_a_held_key_are_joined_and_those_by_programs_never(out):
    source = DemoCamera(DemoOptions(every=True), CameraRequest((320, 180)))
    with running(source, before_s=0.5, after_s=0.5, out=out) as (session, told):
        session.wait_until_armed()
        t_ns = now_ns()
        by_key = [session.press(t_ns + to_ns(s), by_key=True) for s in (0, 0.05, 0.09, 0.11, 0.2)]
        assert by_key == [1, None, None, 2, None]
        assert session.held == 3
        assert [session.press(t_ns + to_ns(0.2)) for _ in range(3)] == [3, 4, 5]
    assert len(told.wait_for(contract.Saved, 5)) == 5


def test_a_press_before_the_first_picture_is_kept_and_taken(out):
    class Late(DemoCamera):
        def read(self):
            opened.wait()
            return super().read()

    opened = threading.Event()
    source = Late(DemoOptions(every=True), CameraRequest((320, 180)))
    with running(source, before_s=0.3, after_s=0.3, out=out) as (session, told):
        assert session.press(by_key=True) is None
        assert session.press(by_key=True) is None
        assert (session.kept, session.held) == (1, 1)
        opened.set()
        told.wait_for(contract.Saved)
    assert len(told.wait_for(contract.Shot)) == 1


def test_encoding_that_breaks_down_is_said_and_saved_names_what_wrote_the_file(out, capfd):
    source = DemoCamera(DemoOptions(every=True), CameraRequest((320, 180)))
    with running(source, before_s=0.3, after_s=0.3, out=out, tier="lazy") as (session, told):
        session._encoder.encoder = "h264_gone"  # a device that worked when it was tried
        session.wait_until_armed()
        session.press()
        (saved,) = told.wait_for(contract.Saved)
    assert (saved.tier, saved.encoder) == ("after", "libx264")
    (notice,) = told.wait_for(contract.Notice)
    assert notice.id == 1
    assert "encoded again" in notice.message
    assert notice.message in capfd.readouterr().err


def test_what_is_encoded_from_the_press_on_is_said_to_be(out):
    source = DemoCamera(DemoOptions(every=True), CameraRequest((320, 180)))
    with running(source, before_s=0.3, after_s=0.3, out=out, tier="lazy") as (session, told):
        session.wait_until_armed()
        session.press()
        (saved,) = told.wait_for(contract.Saved)
    assert (saved.tier, saved.encoder) == ("lazy", "libx264")


def test_the_first_error_decides_the_exit_code(out):
    source = DemoCamera(DemoOptions(), CameraRequest((320, 180)))
    with running(source, out=out) as (session, _):
        session.fail(CameraError("first"))
        session.fail(OutputError("second"))
    assert session.code == 3


@pytest.mark.parametrize("live_score", [False, True])
def test_a_missing_model_is_said_once(out, live_score):
    camera = DemoCamera(DemoOptions(), CameraRequest((320, 180)))
    with running(
        camera, before_s=0.3, after_s=0.3, out=out, model=out / "none.task", live_score=live_score
    ) as (session, told):
        session.wait_until_armed()
        session.press()
        session.press()
        session.finish()
        assert session.join(60)
    said = [event.message for event in told.events if isinstance(event, contract.Error)]
    assert len(said) == 1
    assert "none.task" in said[0]
    assert session.code == 1
