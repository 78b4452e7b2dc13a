"""Which loose pictures belong together."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from PIL import Image

from livecam.photos.bursts import Taken, bursts_of, taken

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 11, 26, 12)


def shot(seconds: float, camera: str = "Apple iPhone 15") -> Taken:
    return Taken(camera, NOON + timedelta(seconds=seconds))


def save(path: Path, camera: str, date: str, subsecond: str) -> Path:
    exif = Image.Exif()
    exif[0x0110] = camera
    exif.get_ifd(0x8769).update({0x9003: date, 0x9291: subsecond})
    Image.new("RGB", (8, 8)).save(path, exif=exif)
    return path


def test_a_burst_is_one_camera_seconds_apart():
    found = bursts_of([shot(0), shot(2.5), None, shot(20), shot(1, "Pixel 8"), shot(5), None])
    assert [one.burst for one in found] == [0, 0, 2, 3, 4, 0, 6]
    assert [one.time_s for one in found] == [0, 2.5, 0, 0, 0, 5, 0]


def test_order_of_names_is_not_order_of_time():
    found = bursts_of([shot(3), shot(1), shot(2)])
    assert len({one.burst for one in found}) == 1
    assert [one.time_s for one in found] == [2, 0, 1]


def test_reads_camera_and_time_from_exif(tmp_path):
    path = save(tmp_path / "a.jpg", "Pixel 8", "2026:11:26 12:00:00", "25")
    assert taken(path) == Taken("Pixel 8", NOON + timedelta(seconds=0.25))


def test_a_picture_that_says_nothing_stands_alone(tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a.jpg")
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    assert taken(tmp_path / "a.jpg") is None
    assert taken(tmp_path / "a.png") is None
    assert taken(save(tmp_path / "b.jpg", "Pixel 8", "0000:00:00 00:00:00", "")) is None
    assert taken(save(tmp_path / "c.jpg", "", "2026:11:26 12:00:00", "")) is None
    assert taken(tmp_path / "none.jpg") is None
