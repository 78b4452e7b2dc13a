"""Which mode of a camera is opened."""

from fractions import Fraction

import pytest

from livecam.capture.modes import Mode, note_of, ranked
from livecam.capture.source import CameraRequest

HD, FULL_HD, VGA = (1280, 720), (1920, 1080), (640, 480)


def mode(codec: str, size_wh: tuple[int, int], *rates: int) -> Mode:
    return Mode(codec, size_wh, tuple(map(Fraction, rates)))


PLAIN = CameraRequest()


@pytest.mark.parametrize(
    ("modes", "request_", "chosen"),
    [
        ([mode("mjpeg", VGA, 30)], PLAIN, 0),
        ([mode("yuyv422", VGA, 30)], CameraRequest(HD), 0),
        ([mode("yuyv422", HD, 10), mode("yuyv422", VGA, 30)], PLAIN, 1),
        ([mode("yuyv422", HD, 10), mode("yuyv422", VGA, 30)], CameraRequest(HD), 0),
        ([mode("yuyv422", HD, 10), mode("yuyv422", VGA, 15)], PLAIN, 1),
        ([mode("yuyv422", HD, 30), mode("mjpeg", HD, 30)], PLAIN, 1),
        ([mode("mjpeg", VGA, 30), mode("mjpeg", FULL_HD, 30)], PLAIN, 1),
        ([mode("mjpeg", FULL_HD, 30), mode("mjpeg", HD, 25)], PLAIN, 1),
        ([mode("mjpeg", VGA, 30), mode("mjpeg", HD, 30)], CameraRequest(FULL_HD), 1),
        ([mode("mjpeg", (1280, 960), 30), mode("mjpeg", VGA, 30)], CameraRequest((800, 600)), 1),
        ([mode("mjpeg", HD, 30), mode("mjpeg", VGA, 60)], CameraRequest(None, Fraction(60)), 1),
        ([mode("mjpeg", HD, 30), mode("yuyv422", HD, 60)], CameraRequest(HD, Fraction(60)), 1),
        ([mode("mjpeg", HD)], PLAIN, 0),
        ([mode("h264", HD, 30), mode("mjpeg", HD, 30)], PLAIN, 1),
        ([mode("h264", HD, 30), mode("yuyv422", HD, 30)], PLAIN, 1),
        ([mode("yuyv422", HD, 10), mode("h264", HD, 30)], PLAIN, 1),
    ],
)
def test_the_mode_that_fits_best(modes, request_, chosen):
    assert ranked(modes, request_)[0] is modes[chosen]


def test_the_rate_is_the_lowest_that_is_enough_or_else_the_highest():
    it = mode("mjpeg", HD, 60, 30, 15)
    assert it.rate_for(Fraction(30)) == 30
    assert it.rate_for(Fraction(24)) == 30
    assert it.rate_for(Fraction(120)) == 60
    assert mode("mjpeg", HD).rate_for(Fraction(30)) == 30


def test_what_differs_from_what_was_asked_is_said():
    note = note_of(CameraRequest(FULL_HD, Fraction(60)), HD, Fraction(30))
    assert note == (
        "no 1920x1080 here; 1280x720 is the nearest; no 60 frames/s here; 30 is the nearest"
    )
    assert note_of(CameraRequest(HD, Fraction(30)), HD, Fraction(30)) == ""
    assert note_of(PLAIN, VGA, Fraction(15)) == ""


def test_a_mode_is_one_line_with_its_rates():
    assert str(mode("mjpeg", HD, 30, 15)) == "1280x720 mjpeg  30, 15 frames/s"


def test_any_rate_of_a_range_is_taken_as_it_is():
    stepped = Mode("mjpeg", (640, 480), (Fraction(30), Fraction(15)), (Fraction(5), Fraction(30)))
    assert stepped.rate_for(Fraction(25)) == 25
    assert stepped.rate_for(Fraction(60)) == 30
    assert stepped.rate_for(Fraction(1)) == 15
