"""Which encoder and tier: by what is there and what it costs."""

from __future__ import annotations

import pytest

from livecam.capture.source import CameraMode
from livecam.frame import PixelFormat
from livecam.live.encoders import HARDWARE, SOFTWARE, cost_of_frames, does_as_it_says, plan
from tests.support.frames import flat

MODE = CameraMode((320, 240), 30, PixelFormat.BGR, "drawn", "demo")


@pytest.fixture
def frames():
    return [flat(i, i * 33_333_333, 40 + i, MODE.size_wh) for i in range(10)]


def test_what_a_frame_costs_is_measured(frames):
    assert 0 < cost_of_frames(frames, MODE) < 0.1


def test_a_moment_that_is_encoded_in_time_is_encoded_from_the_press_on(frames):
    found = plan(frames, MODE, 1.5, 1.5)
    assert (found.tier, found.encoder) == ("lazy", SOFTWARE)
    assert "in time" in found.reason


def test_a_moment_that_ends_with_the_press_is_encoded_all_the_time(frames):
    found = plan(frames, MODE, 900.0, 0.0)
    assert found.tier == "live"
    assert "late" in found.reason


def test_what_takes_too_much_of_a_core_is_not_encoded_all_the_time(frames):
    fast = CameraMode(MODE.size_wh, 100_000, PixelFormat.BGR, "drawn", "demo")
    found = plan(frames, fast, 1.5, 0.0, hardware=())
    assert found.tier == "lazy"
    assert found.share > 1


def test_whoever_is_wanted_makes_no_plan(frames):
    assert plan(frames, MODE, 1.5, 1.5, is_wanted=lambda: True) is None


def test_an_encoder_is_believed_only_when_its_pictures_come_back():
    assert does_as_it_says(SOFTWARE, MODE)
    assert not does_as_it_says("h264_of_nobody", MODE)
    assert not does_as_it_says("libx265", MODE), "pictures are held back"


def test_an_encoder_that_is_not_there_is_passed_over(frames):
    fast = CameraMode(MODE.size_wh, 100_000, PixelFormat.BGR, "drawn", "demo")
    known = [name for names in HARDWARE.values() for name in names]
    there = [name for name in known if does_as_it_says(name, fast)]
    found = plan(frames, fast, 1.5, 1.5, hardware=("h264_of_nobody", *known))
    assert found.encoder in (SOFTWARE, *there[:1])
