"""JPEG files as a row of segments."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from livecam.errors import InputError
from livecam.formats.jpeg import SOS, check_scans, insert_segment, segments
from livecam.frame import Frame, PixelFormat
from tests.support.hostile import many_scans


def progressive() -> bytes:
    out = io.BytesIO()
    picture = Image.fromarray(np.random.default_rng(1).integers(0, 255, (64, 96, 3), np.uint8))
    picture.save(out, "JPEG", progressive=True)
    return out.getvalue()


def test_ten_scans_are_usual_and_three_thousand_are_not():
    check_scans(progressive())
    with pytest.raises(InputError, match="more than 100 scans"):
        check_scans(many_scans())


def test_a_mark_of_the_end_in_the_metadata_hides_no_scans():
    with pytest.raises(InputError, match="more than 100 scans"):
        check_scans(insert_segment(many_scans(), b"thumbnail \xff\xd8 \xff\xd9"))


def test_what_lies_behind_the_picture_counts_for_nothing():
    check_scans(progressive() + b"\xff\xda\0\x02" * 500)


def test_a_cameras_frame_of_many_scans_is_not_decoded():
    data = np.frombuffer(many_scans(), np.uint8)
    with pytest.raises(ValueError, match="scans"):
        Frame(0, 0, 0, PixelFormat.JPEG, (96, 64), data).bgr()


def test_the_scan_begins_where_it_is_said():
    jpeg = progressive()
    *_, (marker, start, _) = segments(jpeg)
    assert marker == SOS
    assert jpeg[start : start + 2] == b"\xff\xda"
