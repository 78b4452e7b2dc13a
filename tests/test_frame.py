from fractions import Fraction

import numpy as np
import pytest

from livecam.demo.camera import Studio
from livecam.demo.script import Script
from livecam.frame import Frame, PixelFormat
from tests.support.frames import drawn

SIZE = (320, 240)


def frame(pixel_format: PixelFormat) -> Frame:
    return drawn(40, 0, Studio(Script(0), SIZE, Fraction(30)), pixel_format)


@pytest.mark.parametrize("pixel_format", PixelFormat)
def test_every_form_shows_the_same_picture(pixel_format):
    true = Studio(Script(0), SIZE, Fraction(30)).draw(40).astype(float)
    decoded = frame(pixel_format).bgr()
    assert decoded.shape == (240, 320, 3)
    assert np.abs(decoded - true).mean() < 4


@pytest.mark.parametrize("pixel_format", PixelFormat)
@pytest.mark.parametrize("reduce", [2, 4])
def test_a_reduced_picture_is_the_same_picture_smaller(pixel_format, reduce):
    whole, small = frame(pixel_format).bgr(), frame(pixel_format).bgr(reduce)
    assert small.shape == (240 // reduce, 320 // reduce, 3)
    blocks = whole.reshape(240 // reduce, reduce, 320 // reduce, reduce, 3).mean(axis=(1, 3))
    assert np.abs(blocks - small).mean() < 3


@pytest.mark.parametrize("pixel_format", PixelFormat)
def test_planes_have_the_layout_encoders_take(pixel_format):
    planes = frame(pixel_format).i420()
    assert planes.shape == (360, 320)
    assert planes.dtype == np.uint8


@pytest.mark.parametrize("pixel_format", PixelFormat)
def test_a_decoded_picture_is_the_callers_own(pixel_format):
    it = frame(pixel_format)
    before = it.data.copy()
    it.bgr()[:] = 0
    assert (it.data == before).all()


def test_a_cut_off_jpeg_is_told_from_a_whole_one():
    whole = frame(PixelFormat.JPEG)
    cut = whole.with_data(whole.data[: len(whole.data) // 2], warmup=False)
    assert whole.is_whole()
    assert not cut.is_whole()
    for padding in (bytes(16), bytes(5000), b"\r\n", b"vendor" * 40):
        longer = np.concatenate([whole.data, np.frombuffer(padding, np.uint8)])
        assert whole.with_data(longer, warmup=False).is_whole(), "drivers leave more behind the end"


def test_what_is_no_jpeg_raises():
    broken = frame(PixelFormat.JPEG).with_data(np.zeros(100, np.uint8), warmup=False)
    with pytest.raises(ValueError, match="not a whole JPEG"):
        broken.bgr()
