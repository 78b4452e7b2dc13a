"""Moments of the drawn camera, in real time."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime
from fractions import Fraction

import numpy as np
import pytest

from livecam.capture.source import CameraRequest, FrameSource
from livecam.demo.camera import DemoCamera, DemoOptions, read_slate
from livecam.demo.microphone import DemoMicrophone
from livecam.demo.script import Script
from livecam.demo.voice import Voice
from livecam.errors import CameraError
from livecam.live.recorder import Armed, Back, Recorder
from livecam.timebase import WallClock, now_ns, to_ns, to_s

REQUEST = CameraRequest((320, 180), Fraction(30))


def recorder(before_s: float = 0.5, after_s: float = 0.5, sound: bool = False) -> Recorder:
    source = DemoCamera(DemoOptions(slate=True), REQUEST)
    microphone = source.microphone() if sound else None
    return Recorder(source, microphone, before_s=before_s, after_s=after_s)


def slates(moment) -> list[int]:
    return [read_slate(frame.i420()[:180]) for frame in moment.frames]


def test_a_moment_holds_the_time_around_the_press_without_a_hole():
    with recorder() as running:
        assert running.wait_until_armed(10)
        pressed_ns = now_ns()
        moment = running.press(pressed_ns).moment.result(10)
    assert to_s(moment.duration_ns) == pytest.approx(1.0, abs=0.034)
    assert to_s(pressed_ns - moment.start_ns) == pytest.approx(0.5, abs=0.034)
    numbers = slates(moment)
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert moment.gaps() == []


def test_presses_in_a_row_are_all_kept_and_may_overlap():
    with recorder() as running:
        running.wait_until_armed(10)
        first_ns = now_ns()
        presses = [running.press(first_ns + to_ns(0.1 * n)) for n in range(5)]
        moments = [press.moment.result(10) for press in presses]
    assert [press.id for press in presses] == [1, 2, 3, 4, 5]
    assert all(len(m.frames) == pytest.approx(30, abs=1) for m in moments)
    shared = set(slates(moments[0])) & set(slates(moments[1]))
    assert len(shared) == pytest.approx(27, abs=1)


def test_before_alone_saves_the_buffer_as_it_stands():
    with recorder(before_s=1.0, after_s=0.0) as running:
        running.wait_until_armed(10)
        pressed_ns = now_ns()
        moment = running.press(pressed_ns).moment.result(10)
    assert len(moment.frames) == pytest.approx(30, abs=1)
    assert moment.frames[-1].t_ns < pressed_ns


def test_an_early_press_gets_what_there_is_and_warm_up_frames_are_marked():
    with recorder(before_s=2.0, after_s=0.3) as running:
        while running.ring.newest() is None:
            running.ring.wait_until(0, 0.1)
        moment = running.press().moment.result(10)
    assert 0.2 < to_s(moment.duration_ns) < 0.8
    assert moment.frames[0].warmup
    assert not moment.frames[-1].warmup or len(moment.frames) < 20


def test_sound_covers_exactly_the_frames():
    with recorder(sound=True) as running:
        running.wait_until_armed(10)
        moment = running.press().moment.result(10)
    assert moment.sound.start_ns == moment.start_ns
    seconds = len(moment.sound.samples) / moment.sound.rate_hz
    assert seconds == pytest.approx(to_s(moment.duration_ns), abs=0.0001)
    assert moment.sound.samples.any()
    assert moment.sound.silence_ns == 0


class Late(DemoMicrophone):
    """A microphone whose sound begins after some time."""

    def __init__(self, after_s: float) -> None:
        super().__init__(Voice(Script()), now_ns())
        self._timer = threading.Timer(after_s, lambda: DemoMicrophone.start(self, self._ring))

    def start(self, ring) -> None:
        self._ring = ring
        self._timer.start()

    def close(self) -> None:
        self._timer.cancel()
        self._timer.join()
        super().close()


def test_it_is_armed_when_the_sound_of_all_seconds_is_there_too():
    source = DemoCamera(DemoOptions(), REQUEST)
    with Recorder(source, Late(0.8), before_s=0.5, after_s=0.2) as running:
        assert running.wait_until_armed(10)
        assert running.changes.get_nowait() == Armed(lacks_sound=False)
        moment = running.press().moment.result(10)
    assert moment.sound.silence_ns == 0


def test_it_is_armed_without_the_sound_of_a_microphone_that_gives_none():
    source = DemoCamera(DemoOptions(), REQUEST)
    with Recorder(source, Late(60), before_s=0.5, after_s=0.2) as running:
        assert running.wait_until_armed(10)
        assert running.changes.get_nowait() == Armed(lacks_sound=True)


def test_frames_stay_the_same_while_the_ring_runs_on():
    with recorder(before_s=0.3, after_s=0.1) as running:
        running.wait_until_armed(10)
        moment = running.press().moment.result(10)
        before = [frame.data.tobytes() for frame in moment.frames]
        running.ring.wait_until(now_ns() + to_ns(1.5), 5)
        assert [frame.data.tobytes() for frame in moment.frames] == before


def test_closing_finishes_the_moment_that_was_pressed_for():
    with recorder() as running:
        running.wait_until_armed(10)
        press = running.press()
    assert len(press.moment.result(0).frames) == pytest.approx(30, abs=1)


def test_giving_up_ends_at_once_with_what_there_is():
    with recorder(before_s=0.5, after_s=20.0) as running:
        running.wait_until_armed(10)
        press = running.press()
        running.give_up()
        assert len(press.moment.result(5).frames) >= 13


class Unplugged(FrameSource):
    """The demo camera, whose cable is pulled after some frames."""

    def __init__(self, frames: int) -> None:
        self._camera, self._left = DemoCamera(DemoOptions(), REQUEST), frames
        self.name, self.mode = "unplugged", self._camera.mode

    def read(self):
        self._left -= 1
        if self._left < 0:
            raise CameraError("lost the camera", "was it unplugged?")
        return self._camera.read()

    def close(self) -> None:
        self._camera.close()


def test_when_the_camera_goes_the_moment_keeps_what_came_before():
    running = Recorder(Unplugged(40), before_s=0.5, after_s=2.0)
    with running:
        running.wait_until_armed(10)
        moment = running.press().moment.result(10)
    assert isinstance(running.error, CameraError)
    assert running.is_over
    assert 20 <= len(moment.frames) <= 40


def test_a_camera_that_falls_silent_is_given_up(monkeypatch):
    monkeypatch.setattr("livecam.live.recorder.SILENT_CAMERA_S", 1)

    class Frozen(Unplugged):
        def read(self):
            self._left -= 1
            if self._left < 0:
                self._ended.wait()
                return None
            return self._camera.read()

        def close(self) -> None:
            self._ended.set()

    camera = Frozen(30)
    camera._ended = threading.Event()
    running = Recorder(camera, before_s=0.5, after_s=0.2)
    with running:
        running.wait_until_armed(10)
        assert running._over.wait(10)
    assert "no picture for 1 s" in str(running.error)


def test_a_camera_that_never_gives_a_frame_is_given_up(monkeypatch):
    monkeypatch.setattr("livecam.live.recorder.FIRST_FRAME_S", 1)

    class Dead(Unplugged):
        def read(self):
            self.ended.wait()

        def close(self) -> None:
            self.ended.set()

    camera = Dead(0)
    camera.ended = threading.Event()
    running = Recorder(camera, before_s=0.5, after_s=0.2)
    with running:
        assert not running.wait_until_armed(10), "and whoever waits to be armed is told"
    assert "no picture" in str(running.error)


def test_missing_frames_of_a_camera_without_numbers_are_told_by_the_gaps():
    class Skipping(Unplugged):
        def read(self):
            frame = super().read()
            while frame is not None and 40 <= frame.index < 48:
                frame = self._camera.read()
            self.count = getattr(self, "count", -1) + 1
            return replace(frame, index=self.count)

    running = Recorder(Skipping(90), before_s=1.0, after_s=1.0)
    with running:
        running.wait_until_armed(10)
        moment = running.press().moment.result(10)
    (gap,) = moment.gaps()
    assert gap.lost is None, "nobody counted them"
    assert gap.duration_ns == pytest.approx(to_ns(0.3), abs=to_ns(0.01))
    assert running.health().dropped == 8


def test_dates_are_right_after_the_computer_has_slept():
    with recorder() as running:
        running.wait_until_armed(10)
        running.clock = WallClock(running.clock.epoch_ns - to_ns(8 * 3600))
        moment = running.press().moment.result(10)
    assert abs((moment.shutter_time - datetime.now().astimezone()).total_seconds()) < 60


def test_a_press_before_the_first_frame_of_a_dead_camera_fails():
    with Recorder(Unplugged(0)) as running, pytest.raises(CameraError):
        running.press().moment.result(10)


def test_a_camera_of_uneven_rate_gives_uneven_frames():
    """A camera that halves its rate in the dark."""

    class Halving(Unplugged):
        def read(self):
            frame = super().read()
            if frame is not None and frame.index > 60 and frame.index % 2:
                return super().read()
            return frame

    with Recorder(Halving(200), before_s=0.9, after_s=0.9) as running:
        running.wait_until_armed(10)
        running.ring.wait_until(running.ring.newest().t_ns + to_ns(0.6), 5)
        moment = running.press().moment.result(10)
    intervals = np.diff([frame.t_ns for frame in moment.frames]) / 1e6
    assert intervals.min() == pytest.approx(33.3, abs=1)
    assert intervals.max() == pytest.approx(66.7, abs=1)
    assert len({frame.index for frame in moment.frames}) == len(moment.frames)


def test_the_recorder_starts_no_thread_that_outlives_it():
    before = threading.active_count()
    with recorder(sound=True) as running:
        running.wait_until_armed(10)
    assert threading.active_count() == before


def test_a_camera_that_comes_back_goes_on_counting_where_it_ended(monkeypatch):
    class Flaky(FrameSource):
        """Numbers its frames from 0 each time it is opened; lost once, after 30 frames."""

        name = "flaky camera"
        numbers_frames = True

        def __init__(self, frames: int | None) -> None:
            self._left = frames
            self._camera = DemoCamera(DemoOptions(every=True), REQUEST)
            self.mode = self._camera.mode

        def read(self):
            if self._left == 0:
                raise CameraError("lost")
            self._left = None if self._left is None else self._left - 1
            return self._camera.read()

        def reopen(self):
            return Flaky(None)

        def close(self) -> None:
            self._camera.close()

    monkeypatch.setattr("livecam.live.recorder.FIRST_RETRY_S", 0.01)
    with Recorder(Flaky(30), before_s=0.8, after_s=0.3, reconnects=True) as running:
        while not isinstance(running.changes.get(timeout=10), Back):
            pass
        moment = running.press().moment.result(10)
        assert running.health().dropped == 0
    numbers = [frame.index for frame in moment.frames]
    assert numbers[0] < 30 <= numbers[-1], "from both sides of the loss"
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert not any(gap.lost for gap in moment.gaps())
