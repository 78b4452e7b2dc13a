"""Frames that never came, told by numbers or by time."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import pytest

from livecam.live.losses import LossCounter
from livecam.timebase import to_ns
from tests.support.frames import flat


def count(times_s, indices=None, numbered=False) -> int:
    counter = LossCounter(Fraction(30))
    for i, t_s in enumerate(times_s):
        index = indices[i] if indices else i
        counter.note(flat(index, to_ns(t_s), size_wh=(2, 2)), is_numbered=numbered)
    return counter.lost


def even(count, rate=30.0, start_s=0.0):
    return [start_s + i / rate for i in range(count)]


def test_numbers_tell_exactly():
    assert count(even(5), [7, 8, 11, 12, 20], numbered=True) == 2 + 7


def test_a_hole_in_even_frames_is_a_loss():
    assert count(even(30) + even(30, start_s=1.0 + 3 / 30)) == 3


def test_frames_that_come_in_bursts_are_not_lost():
    """A third of a second without a frame, then ten at once, as a busy machine takes them."""
    bursts = [n / 3 + i / 2000 for n in range(40) for i in range(10)]
    assert count(bursts) == 0


@pytest.mark.parametrize("seed", range(5))
def test_late_frames_that_all_come_are_not_lost(seed):
    dice = random.Random(seed)
    arrivals = [t_s + dice.expovariate(20) for t_s in even(400)]
    assert count(list(itertools.accumulate(arrivals, max))) == 0


def test_a_camera_that_slows_down_in_the_dark_loses_nothing():
    assert count(even(40) + even(40, rate=15, start_s=40 / 30) + even(40, start_s=4.1)) == 0


def test_what_lies_before_a_new_start_is_no_loss():
    counter = LossCounter(Fraction(30))
    for index, t_s in [(90, 0.0), (0, 9.0), (1, 9.03)]:
        if index == 0:
            counter.start_anew(Fraction(30))
        counter.note(flat(index, to_ns(t_s), size_wh=(2, 2)), is_numbered=True)
    assert counter.lost == 0
