import threading
from fractions import Fraction

import pytest

from livecam.capture.ring import SLACK_S, FrameRing
from livecam.capture.source import CameraMode
from livecam.frame import PixelFormat
from livecam.timebase import to_ns
from tests.support.frames import flat

INTERVAL_NS = to_ns(1 / 30)
FRAME_BYTES = 64 * 48 * 3


def filled(ring: FrameRing, count: int, start: int = 0) -> FrameRing:
    for i in range(start, start + count):
        ring.append(flat(i, i * INTERVAL_NS, level=i % 256))
    return ring


def ring_of(seconds: float) -> FrameRing:
    return FrameRing(seconds, 10_000_000)


def test_it_keeps_the_last_seconds_and_no_more():
    ring = filled(ring_of(2.0), 300)
    assert ring.held_s == pytest.approx(2.0, abs=0.04)
    assert ring.newest().index == 299


def test_it_never_holds_more_bytes_than_allowed():
    ring = FrameRing(60.0, 10 * FRAME_BYTES)
    filled(ring, 100)
    assert ring.held_bytes <= 10 * FRAME_BYTES
    assert ring.memory_bytes == 10 * FRAME_BYTES


def test_a_cut_holds_the_asked_span_once_and_in_order():
    frames = filled(ring_of(4.0), 120).cut(30 * INTERVAL_NS, 60 * INTERVAL_NS)
    assert [f.index for f in frames] == list(range(30, 60))


def test_a_cut_is_not_changed_by_what_comes_later():
    ring = filled(ring_of(1.0), 30)
    cut = ring.cut(0, to_ns(10))
    filled(ring, 3000, start=30)
    assert [int(f.data[0]) for f in cut] == list(range(30))
    with pytest.raises(ValueError, match="read-only"):
        cut[0].data[0] = 1


def test_it_can_be_cut_while_it_is_written():
    ring, problems, over = ring_of(1.0), [], threading.Event()

    def cut() -> None:
        while not over.is_set():
            frames = ring.cut(0, to_ns(1e6))
            if [f.index for f in frames] != list(
                range(frames[0].index, frames[0].index + len(frames))
            ):
                problems.append("order")
            if any(
                int(f.data.min()) != f.index % 256 or int(f.data.max()) != f.index % 256
                for f in frames
            ):
                problems.append("content")

    filled(ring, 30)
    thread = threading.Thread(target=cut)
    thread.start()
    filled(ring, 3000, start=30)
    over.set()
    thread.join()
    assert not problems


def test_a_hold_keeps_frames_past_their_time_until_it_ends():
    ring = filled(ring_of(1.0), 30)
    hold = ring.hold(to_ns(0.5))
    filled(ring, 90, start=30)
    assert ring.cut(to_ns(0.5), to_ns(0.6))
    ring.release(hold)
    filled(ring, 1, start=120)
    assert not ring.cut(to_ns(0.5), to_ns(0.6))


def test_uneven_frames_are_kept_as_they_came():
    ring = ring_of(3.0)
    times_s = [0, 0.033, 0.2, 0.21, 0.5, 1.4]
    for i, t_s in enumerate(times_s):
        ring.append(flat(i, to_ns(t_s)))
    assert [f.t_ns for f in ring.cut(0, to_ns(3))] == [to_ns(t) for t in times_s]


def test_memory_for_a_mode_is_taken_once():
    mode = CameraMode((64, 48), Fraction(30), PixelFormat.BGR, "raw", "test")
    ring = FrameRing.for_mode(mode, 3.0)
    before = ring.memory_bytes
    filled(ring, 500)
    assert ring.memory_bytes == before
    assert ring.held_s == pytest.approx(3.0 + SLACK_S, abs=0.04)


def test_larger_frames_than_expected_are_kept_up_to_the_limit():
    ring = FrameRing(2.0, 60 * FRAME_BYTES, expected_bytes=20 * FRAME_BYTES)
    filled(ring, 55)
    assert ring.held_s == pytest.approx(54 / 30, abs=0.01)
    assert not ring.is_at_limit
    filled(ring, 60, start=55)
    assert ring.is_at_limit
    assert ring.held_bytes <= 60 * FRAME_BYTES


def test_waiting_for_an_instant_that_does_not_come_ends():
    assert not filled(ring_of(1.0), 3).wait_until(to_ns(9), timeout_s=0.01)
