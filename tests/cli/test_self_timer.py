"""The timer and the automatic shutter, at times that the test says."""

from __future__ import annotations

from livecam.cli.self_timer import AutomaticShutter, SelfTimer
from livecam.live.live_score import LiveScore
from livecam.timebase import to_ns


def live(score: float, faces: int = 1) -> LiveScore:
    return LiveScore(0, faces, score, ())


def presses(scores: list[tuple[float, LiveScore | None]], *, busy_s: float = 0.0) -> list[float]:
    """When the shutter presses by itself; each moment goes on for `busy_s`."""
    shutter, found = AutomaticShutter(), []
    shutter.is_on = True
    for t_s, score in scores:
        is_busy = bool(found) and t_s - found[-1] < busy_s
        if shutter.is_due(score, to_ns(t_s), is_busy=is_busy):
            found.append(t_s)
    return found


def test_the_timer_goes_from_3_to_10_seconds_to_none():
    timer = SelfTimer()
    assert timer.left_s(0) is None
    timer.set_longer(to_ns(100))
    assert timer.left_s(to_ns(101)) == 2
    timer.set_longer(to_ns(101))
    assert timer.left_s(to_ns(103)) == 8
    timer.set_longer(to_ns(103))
    assert timer.left_s(to_ns(103)) is None


def test_it_is_due_once():
    timer = SelfTimer()
    timer.set_longer(0)
    assert timer.left_s(to_ns(3.5)) == 0
    assert timer.stop()
    assert not timer.stop()
    assert timer.left_s(to_ns(3.5)) is None


def test_it_presses_while_everyone_looks_good_once_in_five_seconds():
    good = [(i / 5, live(0.9)) for i in range(60)]
    assert presses(good) == [0.6, 5.6, 10.6]


def test_a_single_good_readout_is_not_enough():
    flickering = [(i / 5, live(0.9 if i % 3 else 0.4)) for i in range(60)]
    assert presses(flickering) == []


def test_nobody_and_an_unknown_score_are_not_good():
    assert presses([(i / 5, live(0.99, faces=0)) for i in range(60)]) == []
    assert presses([(i / 5, None) for i in range(60)]) == []


def test_a_moment_that_still_goes_on_is_waited_for():
    good = [(i / 5, live(0.9)) for i in range(60)]
    assert presses(good, busy_s=8) == [0.6, 9.2]


def test_it_is_off_until_it_is_asked_for():
    shutter = AutomaticShutter()
    assert not any(shutter.is_due(live(1), to_ns(i), is_busy=False) for i in range(60))
