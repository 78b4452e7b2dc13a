"""JPEG files as a row of segments: reading them, and putting metadata in."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

EXIF_HEADER = b"Exif\0\0"
XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
"""What the content of an APP1 segment begins with."""

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
APP0, APP1, DHT, SOS = 0xFFE0, 0xFFE1, 0xFFC4, 0xFFDA
"""Markers of ITU-T T.81: JFIF, EXIF and XMP, Huffman tables, start of scan."""


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


def insert_segment(
    jpeg: bytes, content: bytes, *, behind_exif: bool = False, at: int = len(SOI)
) -> bytes:
    """Add an APP1 segment as the first, or behind EXIF, where that is the first, or at a place."""
    first = next(segments(jpeg), None)
    if behind_exif and first is not None and first[0] == APP1:
        at = first[2]
    return jpeg[:at] + struct.pack(">HH", APP1, len(content) + 2) + content + jpeg[at:]
