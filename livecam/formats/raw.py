"""The preview inside a camera's raw file (DNG, NEF, CR2, CR3, ARW and the like).

The sensor's data is not developed: every such file carries the picture that the camera's screen
showed, as a JPEG, and livecam uses that.
"""

from __future__ import annotations

from livecam.errors import InputError
from livecam.formats.jpeg import MAX_HEAD, SOI, end_of_picture, segments
from livecam.formats.tiff import entries, order_of

RAW = (".dng", ".nef", ".nrw", ".cr2", ".cr3", ".arw", ".raf", ".rw2", ".orf", ".pef", ".srw")
MOST_PICTURES = 40
"""JPEGs in one file: previews of a few sizes. The raw data of some are lossless JPEG tiles."""
PLAIN = (0xFFC0, 0xFFC1, 0xFFC2)
"""Frames that every decoder knows; lossless ones (SOF3) are the sensor's data."""
ORIENTATION = 0x0112
CMT1 = b"CMT1"


def preview(data: bytes) -> tuple[bytes, int]:
    """The largest JPEG inside a raw file, and its EXIF orientation (1 to 8).

    Raises InputError if there is none.
    """
    best, pixels = b"", 0
    at, tries = data.find(SOI + b"\xff"), 0
    while at >= 0 and tries < MOST_PICTURES:
        found = _pixels(data[at : at + MAX_HEAD])
        end = end_of_picture(data[at:]) if found > pixels else None
        if end is not None:
            best, pixels = data[at : at + end], found
        # Skip the whole preview: its own thumbnails lie inside it.
        at = data.find(SOI + b"\xff", at + (end or 2))
        tries += 1
    if not best:
        raise InputError("there is no preview in this raw file")
    return best, _orientation(data[:MAX_HEAD])


def _pixels(jpeg: bytes) -> int:
    """The number of pixels of a JPEG; 0 for sensor data and for anything else."""
    try:
        for marker, start, end in segments(jpeg):
            if marker >> 8 != 0xFF:
                return 0
            if 0xFFC0 <= marker <= 0xFFCF and marker not in (0xFFC4, 0xFFC8, 0xFFCC):
                if marker not in PLAIN or end - start < 9:
                    return 0
                return int.from_bytes(jpeg[start + 5 : start + 7]) * int.from_bytes(
                    jpeg[start + 7 : start + 9]
                )
    except (InputError, IndexError):
        return 0
    return 0


def _orientation(head: bytes) -> int:
    if head[4:8] == b"ftyp":
        # A CR3 is made of boxes; its box CMT1 holds the tags as a TIFF file.
        at = head.find(CMT1)
        if at < 0:
            return 1
        head = head[at + len(CMT1) :]
    order = order_of(head)
    if order is None:
        return 1
    big = order == ">"
    first = int.from_bytes(head[4:8], "big" if big else "little")
    for entry in entries(head, first, order):
        if entry.tag == ORIENTATION:
            value = head[entry.value_at : entry.value_at + 2]
            return int.from_bytes(value, "big" if big else "little")
    return 1
