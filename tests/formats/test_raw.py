"""Raw files, as cameras lay them out: a TIFF of previews, and what the sensor saw."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from livecam.errors import InputError
from livecam.formats.raw import preview
from tests.support.program import events, run


def jpeg(size_wh: tuple[int, int], level: int = 90) -> bytes:
    out = io.BytesIO()
    picture = np.full((size_wh[1], size_wh[0], 3), level, np.uint8)
    picture[:, : size_wh[0] // 2] = 200  # the left half is light
    Image.fromarray(picture).save(out, "JPEG", quality=90)
    return out.getvalue()


def raw(*pictures: bytes, orientation: int = 1) -> bytes:
    entry = struct.pack(">HHIHH", 0x0112, 3, 1, orientation, 0)
    sensor = b"\xff\xd8\xff\xc3" + struct.pack(">HBHHB", 11, 14, 4000, 6000, 1) + bytes(5000)
    head = b"MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(4)
    return head + b"".join(picture + bytes(64) for picture in pictures) + sensor


def test_the_largest_picture_is_the_preview_and_not_what_the_sensor_saw():
    large = jpeg((640, 480))
    assert preview(raw(jpeg((160, 120)), large, jpeg((320, 240)))) == (large, 1)


def test_a_cr3_made_of_boxes_is_turned_as_it_says():
    large = jpeg((640, 480))
    tags = raw(orientation=8)[:26]  # a TIFF of one tag
    cmt1 = struct.pack(">I4s", 8 + len(tags), b"CMT1") + tags
    moov = struct.pack(">I4s", 8 + len(cmt1), b"moov") + cmt1
    head = struct.pack(">I4s4sI", 16, b"ftyp", b"crx ", 1) + moov
    assert preview(head + large) == (large, 8)
    assert preview(head.replace(b"CMT1", b"CMT9") + large) == (large, 1)


def test_a_raw_file_without_one_is_an_error():
    with pytest.raises(InputError, match="no preview"):
        preview(raw())


@pytest.mark.parametrize("suffix", ["dng", "NEF", "cr3"])
def test_raw_files_are_looked_at_by_their_preview_and_never_changed(tmp_path, suffix):
    path = tmp_path / f"IMG_1.{suffix}"
    path.write_bytes(raw(jpeg((640, 480)), orientation=6))
    done = run("pick", str(path), "--json", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    event = events(done.stdout)[-1]
    assert event["size_wh"] == [480, 640], "turned as the raw file says"
    assert (tmp_path / "out" / f"IMG_1_key.{suffix}").read_bytes() == path.read_bytes()
    assert "preview inside the raw file" in done.stderr + done.stdout
    assert run("pick", str(path), "--rekey", "--out", "x", cwd=tmp_path).returncode == 4
