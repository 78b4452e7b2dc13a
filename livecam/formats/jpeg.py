"""JPEG files as a row of segments: reading them, and putting metadata in."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

from livecam.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

EXIF_HEADER = b"Exif\0\0"
XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
"""What the content of an APP1 segment begins with."""

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
APP0, APP1, DHT, SOS = 0xFFE0, 0xFFE1, 0xFFC4, 0xFFDA
"""Markers of ITU-T T.81: JFIF, EXIF and XMP, Huffman tables, start of scan."""


MOST_SCANS = 100
"""Progressive pictures have about ten; libjpeg-turbo itself advises against more than 500."""
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""Any but those that stand alone amid the data of a scan."""


def segments(jpeg: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment, up to the start of the scan."""
    at = 2
    while at + 4 <= len(jpeg):
        marker, size = struct.unpack(">HH", jpeg[at : at + 4])
        yield marker, at, at + 2 + size
        if marker == SOS:
            return
        at += 2 + size


def size_of(jpeg: bytes) -> tuple[int, int] | None:
    """Width and height by the frame header; None if there is none."""
    for marker, start, end in segments(jpeg):
        # SOF0 to SOF15, without the three of the same row that mean something else.
        if 0xFFC0 <= marker <= 0xFFCF and marker not in (DHT, 0xFFC8, 0xFFCC):
            if end - start < 9 or len(jpeg) < start + 9:
                return None
            height, width = struct.unpack(">HH", jpeg[start + 5 : start + 9])
            return (width, height) if width and height else None
    return None


def check_scans(jpeg: bytes) -> None:
    """Raises InputError where a picture is made of more scans than anybody writes.

    Each costs a decoder as much as a whole picture.
    """
    at, scans = 2, 0
    while (found := _MARKER.search(jpeg, at)) is not None:
        marker, at = found.group()[-1], found.end()
        if marker == EOI[1]:
            return
        scans += marker == SOS & 0xFF
        if scans > MOST_SCANS:
            raise InputError(f"this JPEG is made of more than {MOST_SCANS} scans")
        at += int.from_bytes(jpeg[at : at + 2])  # over what belongs to the marker


def insert_segment(
    jpeg: bytes, content: bytes, *, behind_exif: bool = False, at: int = len(SOI)
) -> bytes:
    """Add an APP1 segment as the first, or behind EXIF, where that is the first, or at a place."""
    first = next(segments(jpeg), None)
    if behind_exif and first is not None and first[0] == APP1:
        at = first[2]
    return jpeg[:at] + struct.pack(">HH", APP1, len(content) + 2) + content + jpeg[at:]
