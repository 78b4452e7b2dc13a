"""Shots on their way to disk, without threads of their own."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

import pytest

from livecam.errors import OutputError
from livecam.live.recorder import Press
from livecam.live.shots import Shots, State, Work
from livecam.timebase import WallClock

PATH = Path("spool/1")


@pytest.fixture
def shots():
    return Shots()


def pressed(shots: Shots, number: int, start_ns: int = 0):
    press = Press(number, start_ns + 5, start_ns + 10, Future(), WallClock.now())
    return press, shots.add(press, start_ns, start_ns + 10, press.moment.result)


def test_a_shot_is_counted_once_wherever_it_is(shots):
    press, shot = pressed(shots, 1)
    _, later = pressed(shots, 2)
    assert shots.work() == Work(shots=2, pending=2, lost=(1, 2))
    press.moment.set_result("cut")
    assert shots.work() == Work(shots=2, pending=1, scoring=1, lost=(1, 2))
    assert shots.begin(shot).result() == "cut"
    shots.wait(shot, OutputError("the disk is full"))
    assert shots.work() == Work(shots=2, pending=1, scoring=1, lost=(1, 2))
    shots.settle(shot, saved=True)
    assert shots.work() == Work(shots=2, pending=1, saved=1, lost=(2,))
    shots.settle(later, saved=False)
    assert shots.work() == Work(shots=2, saved=1, lost=(2,))


def test_one_that_is_put_aside_holds_nothing_and_is_read_back(shots):
    press, shot = pressed(shots, 1)
    press.moment.set_result("cut")
    shot.size = 10
    assert shots.keep(shot, PATH, alone=True)
    assert (shot.state, shots.held_bytes, shots.needed_from_ns) == (State.ASIDE, 0, None)
    assert shots.begin(shot) is None, "its moment comes from the spool"
    assert shots.settle(shot, saved=True) == PATH


def test_one_that_is_begun_is_not_put_aside(shots):
    press, shot = pressed(shots, 1)
    press.moment.set_result("cut")
    shots.begin(shot)
    assert shots.keep(shot, PATH, alone=True)
    assert (shot.state, shot.was_aside, shots.needed_from_ns) == (State.BEGUN, False, 0)


def test_one_that_is_saved_needs_no_place_in_the_spool(shots):
    press, shot = pressed(shots, 1)
    press.moment.set_result("cut")
    shots.begin(shot)
    assert shots.settle(shot, saved=True) is None
    assert not shots.keep(shot, PATH, alone=False)
    assert shot.coming is None
    assert shot.moment is None


def test_what_is_needed_begins_with_the_oldest_in_memory(shots):
    _, first = pressed(shots, 1, 100)
    pressed(shots, 2, 200)
    assert shots.needed_from_ns == 100
    shots.settle(first, saved=True)
    assert shots.needed_from_ns == 200


def test_those_that_wait_are_told_oldest_first(shots):
    taken = [pressed(shots, number)[1] for number in (1, 2, 3)]
    for shot in (taken[1], taken[0]):
        shots.wait(shot, OutputError("no room"))
    assert [shot.number for shot in shots.waiting] == [1, 2]
