import numpy as np

from livecam.capture.source_clock import SETTLE_FRAMES, SourceClock
from livecam.timebase import NS_PER_S, to_ns

INTERVAL = NS_PER_S // 30


def arrivals(count: int, jitter_s: float, seed: int = 0) -> list[int]:
    rng = np.random.default_rng(seed)
    return [
        50 * NS_PER_S + i * INTERVAL + int(rng.exponential(to_ns(jitter_s))) for i in range(count)
    ]


def test_good_stamps_take_the_arrivals_jitter_away():
    clock, came = SourceClock(), arrivals(200, 0.01)
    placed = [clock.time_of(7 + i * INTERVAL, t) for i, t in enumerate(came)]
    gaps = np.diff(placed[SETTLE_FRAMES + 30 :])
    assert np.abs(gaps - INTERVAL).max() < to_ns(0.001)
    assert all(p <= t for p, t in zip(placed, came, strict=True))


def test_without_stamps_the_arrival_counts():
    clock, came = SourceClock(), arrivals(50, 0.001)
    assert [clock.time_of(None, t) for t in came] == came


def test_invented_stamps_are_not_believed():
    """FFmpeg stamps any MJPEG stream with 25 frames a second."""
    clock, came = SourceClock(), arrivals(60, 0.001)
    assert [clock.time_of(i * NS_PER_S // 25, t) for i, t in enumerate(came)] == came


def test_stamps_that_run_backwards_are_given_up():
    clock, came = SourceClock(), arrivals(60, 0.001)
    stamps = [i * INTERVAL for i in range(60)]
    stamps[40] = stamps[20]
    placed = [clock.time_of(s, t) for s, t in zip(stamps, came, strict=True)]
    assert placed[41:] == came[41:]
    assert not clock.trusted


def test_a_stall_and_the_burst_after_it_keep_the_cameras_own_times():
    """A stream over a bad network: nothing for 1.3 s, then all of it at once."""
    clock = SourceClock()
    stamps = [i * INTERVAL for i in range(180)]
    came = [50 * NS_PER_S + stamp + to_ns(0.01) for stamp in stamps]
    came[90:130] = [came[130] + i for i in range(40)]
    came[130:] = [max(t, came[129] + 1 + i) for i, t in enumerate(came[130:])]
    placed = [clock.time_of(stamp, t) for stamp, t in zip(stamps, came, strict=True)]
    assert np.abs(np.diff(placed[30:]) - INTERVAL).max() < to_ns(0.001)


def test_no_two_frames_share_a_time():
    clock = SourceClock()
    placed = [clock.time_of(None, NS_PER_S) for _ in range(5)]
    assert len(set(placed)) == 5
    assert placed == sorted(placed)
