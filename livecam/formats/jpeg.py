"""JPEG files as a list of segments: reading them, and inserting metadata."""

from __future__ import annotations

import io
import re
import struct
from typing import TYPE_CHECKING

from livecam.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livecam.formats.files import Data

EXIF_HEADER = b"Exif\0\0"
XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\0"
EXTENDED_XMP_HEADER = b"http://ns.adobe.com/xmp/extension/\0"
"""What the content of an APP1 segment begins with."""
MOST_XMP = 1_000_000
"""Bytes of Extended XMP that are read: the tags of a Motion Photo take a few hundred."""
MAX_CONTENT = 65_533
"""Bytes that a segment holds."""
MAX_HEAD = 16 * 65536
"""Metadata lies before the scan, in segments of at most 64 kB each."""

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
APP0, APP1, DHT, SOS = 0xFFE0, 0xFFE1, 0xFFC4, 0xFFDA
"""Markers of ITU-T T.81: JFIF, EXIF and XMP, Huffman tables, start of scan."""


MOST_SCANS = 100
"""Progressive pictures have about ten; libjpeg-turbo itself advises against more than 500."""
MOST_MARKERS = 1000
"""Markers between the scans of one picture: ten scans with their tables have fifty."""
PIECE = 1 << 18
"""Bytes read at once in search of a picture's end."""
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
"""Any marker except those that may occur inside the data of a scan."""


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
    """Raise InputError if a picture has more than `MOST_SCANS` scans.

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
        at += int.from_bytes(jpeg[at : at + 2])  # skip the marker's own content


def orientation_of(jpeg: bytes) -> int:
    """EXIF's number for how the picture is turned to be upright; 1 if it has none."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(jpeg)) as image:
            return int(image.getexif().get(0x0112, 1))
    except (OSError, ValueError, SyntaxError, struct.error):
        return 1  # a broken picture, or broken EXIF


def without_exif(jpeg: bytes) -> bytes:
    """The same picture without its EXIF segments."""
    parts = [
        jpeg[start:end]
        for marker, start, end in segments(jpeg)
        if marker == APP1 and jpeg.startswith(EXIF_HEADER, start + 4)
    ]
    for part in parts:
        jpeg = jpeg.replace(part, b"", 1)
    return jpeg


def insert_segment(
    jpeg: bytes, content: bytes, *, behind_exif: bool = False, at: int = len(SOI)
) -> bytes:
    """Insert an APP1 segment at `at`; with `behind_exif`, behind a first APP1 segment if any."""
    first = next(segments(jpeg), None)
    if behind_exif and first is not None and first[0] == APP1:
        at = first[2]
    return jpeg[:at] + struct.pack(">HH", APP1, len(content) + 2) + content + jpeg[at:]


def xmp_packets(head: bytes) -> list[bytes]:
    """The XMP packets in a JPEG's metadata: the main one, and the extended one if it is complete.

    Extended XMP comes in pieces (Adobe XMP, part 3, 1.1.3.1), each with a digest, the length of the
    whole, and its own offset in the whole.
    """
    packets: list[bytes] = []
    pieces: dict[int, bytes] = {}
    whole = 0
    for marker, start, end in segments(head):
        if marker != APP1:
            continue
        if head.startswith(XMP_HEADER, start + 4):
            packets.append(head[start + 4 + len(XMP_HEADER) : end])
        elif head.startswith(EXTENDED_XMP_HEADER, start + 4):
            at = start + 4 + len(EXTENDED_XMP_HEADER) + 32
            if at + 8 <= min(end, len(head)):
                whole, offset = struct.unpack(">II", head[at : at + 8])
                pieces[offset] = head[at + 8 : end]
    extended = b"".join(pieces[offset] for offset in sorted(pieces))
    if extended and len(extended) == whole <= MOST_XMP:
        packets.append(extended)
    return packets


def end_of_picture(jpeg: Data) -> int | None:
    """Where the first picture of a file ends, just behind its EOI; None if there is no EOI."""
    at, size = 2, len(jpeg)
    while at + 4 <= size:
        marker, length = struct.unpack(">HH", bytes(jpeg[at : at + 4]))
        if marker >> 8 != 0xFF:
            return None
        if marker & 0xFF == EOI[1]:
            return at + 2
        at += 2 + length
        if marker == SOS:
            return _end_of_scans(jpeg, at, size)
    return None


def _end_of_scans(jpeg: Data, at: int, size: int) -> int | None:
    """Where the picture ends, searched from the first scan on in pieces; a marker may span two."""
    markers = 0
    while at < size and markers < MOST_MARKERS:
        piece = bytes(jpeg[at : min(size, at + PIECE)])
        found = _MARKER.search(piece)
        if found is None:
            at += max(1, len(piece) - 1)
            continue
        markers += 1
        at += found.start()
        if found.group() == EOI:
            return at + 2
        if at + 4 > size:
            return None
        # Tables and further scans of a progressive picture.
        at += 2 + int.from_bytes(jpeg[at + 2 : at + 4])
    return None
