from __future__ import annotations

import io
import json
import subprocess
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from PIL import ExifTags, Image

from livecam.errors import OutputError
from livecam.formats.tags import Tags
from livecam.frame import PixelFormat
from livecam.media.photo import encode_photo
from tests.support.frames import moment

TAGS = Tags(
    taken=datetime(2026, 5, 17, 23, 59, 58, 987_654, timezone(timedelta(hours=-3, minutes=-30))),
    make="livecam",
    model="Drawn camera",
    software="livecam test",
    identifier="0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0",
)


def frame(pixel_format: PixelFormat):
    return moment([0.0], pixel_format, first=50).frames[0]


@pytest.mark.parametrize("pixel_format", PixelFormat)
def test_the_photo_is_the_frame_at_full_size(pixel_format):
    it = frame(pixel_format)
    image = Image.open(io.BytesIO(encode_photo(it, TAGS)))
    assert image.size == it.size_wh
    shown = np.asarray(image.convert("RGB"), float)[:, :, ::-1]
    assert np.abs(shown - it.bgr()).mean() < 2


def test_a_cameras_own_jpeg_is_not_encoded_again():
    it = frame(PixelFormat.JPEG)
    photo = encode_photo(it, TAGS)
    scan = it.data.tobytes()[it.data.tobytes().index(b"\xff\xdb") :]
    assert photo.endswith(scan)


def without_huffman_tables(jpeg: bytes) -> bytes:
    """As many MJPEG cameras send their pictures."""
    out, at = jpeg[:2], 2
    while jpeg[at + 1] != 0xDA:
        size = 2 + int.from_bytes(jpeg[at + 2 : at + 4])
        if jpeg[at + 1] != 0xC4:
            out += jpeg[at : at + size]
        at += size
    return out + jpeg[at:]


def test_missing_huffman_tables_are_put_back():
    it = frame(PixelFormat.JPEG)
    bare = np.frombuffer(without_huffman_tables(it.data.tobytes()), np.uint8)
    photo = encode_photo(it.with_data(bare, warmup=False), TAGS)
    assert b"\xff\xc4" in photo
    shown = np.asarray(Image.open(io.BytesIO(photo)).convert("RGB"), float)[:, :, ::-1]
    assert np.abs(shown - it.bgr()).mean() < 2


def test_a_broken_frame_is_an_error_of_ours():
    broken = frame(PixelFormat.JPEG).with_data(np.zeros(64, np.uint8), warmup=False)
    with pytest.raises(OutputError):
        encode_photo(broken, TAGS)


@pytest.mark.parametrize("pixel_format", PixelFormat)
def test_the_tags_say_when_and_with_what(pixel_format):
    exif = Image.open(io.BytesIO(encode_photo(frame(pixel_format), TAGS))).getexif()
    detail, base = exif.get_ifd(ExifTags.IFD.Exif), ExifTags.Base
    assert (exif[base.Make], exif[base.Model]) == ("livecam", "Drawn camera")
    assert exif[base.Orientation] == 1
    assert detail[base.DateTimeOriginal] == "2026:05:17 23:59:58"
    assert detail[base.SubsecTimeOriginal] == "987"
    assert detail[base.OffsetTimeOriginal] == "-03:30"
    assert (detail[base.ExifImageWidth], detail[base.ExifImageHeight]) == (320, 180)


@pytest.mark.programs
@pytest.mark.parametrize("pixel_format", PixelFormat)
def test_exiftool_finds_it_valid(tmp_path, pixel_format):
    path = tmp_path / "a.JPG"
    path.write_bytes(encode_photo(frame(pixel_format), TAGS))
    command = ["exiftool", "-j", "-validate", "-warning", "-SubSecDateTimeOriginal", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    (found,) = json.loads(done.stdout)
    assert found["Validate"] == "OK"
    assert found["SubSecDateTimeOriginal"] == "2026:05:17 23:59:58.987-03:30"
