"""Reads the little of EXIF that pairing needs, from any file, trusting none of its numbers."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MAKER_NOTE, EXIF_IFD, IMAGE_UNIQUE_ID = 0x927C, 0x8769, 0xA420
MAKE, MODEL, DATE_TAKEN, SUBSECOND_TAKEN = 0x010F, 0x0110, 0x9003, 0x9291
ASCII, UNDEFINED = 2, 7
MAX_ENTRIES = 1000
"""More in one directory than any camera writes."""

APPLE = b"Apple iOS\0"
CONTENT_IDENTIFIER = 0x11
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 16: 8}
"""Bytes of each TIFF type; 16 (int64u) is Apple's own."""


@dataclass(frozen=True)
class AppleNote:
    """Apple's maker note, as far as pairing looks at it."""

    identifier: str | None
    type: int
    """TIFF type of the tag that holds the note; 7 (UNDEFINED) in every file of Apple's."""


@dataclass(frozen=True)
class Origin:
    """What took a picture, and when; "" for what its EXIF does not say."""

    camera: str
    """Make and model."""
    taken: str
    """DateTimeOriginal, as EXIF writes it: 2026:11:26 09:30:00."""
    subsecond: str
    """The digits behind its decimal point."""


def apple_note(tiff: bytes) -> AppleNote | None:
    """The maker note of an EXIF block (from its byte order mark on); None if it is not Apple's."""
    for tag, kind, value in _photo_entries(tiff):
        if tag == MAKER_NOTE and value.startswith(APPLE):
            return AppleNote(_identifier(value), kind)
    return None


def image_id(tiff: bytes) -> str | None:
    """The picture's own id, ImageUniqueID; None if it has none."""
    for tag, kind, value in _photo_entries(tiff):
        if tag == IMAGE_UNIQUE_ID and kind == ASCII:
            return _text(value)
    return None


def origin(tiff: bytes) -> Origin:
    """The camera and the date of a picture."""
    image = {tag: _text(value) for tag, kind, value in _image_entries(tiff) if kind == ASCII}
    photo = {tag: _text(value) for tag, kind, value in _photo_entries(tiff) if kind == ASCII}
    camera = f"{image.get(MAKE, '').strip()} {image.get(MODEL, '').strip()}".strip()
    return Origin(camera, photo.get(DATE_TAKEN, ""), photo.get(SUBSECOND_TAKEN, ""))


def _text(value: bytes) -> str:
    return value.rstrip(b"\0").decode("ascii", "replace")


def _order(tiff: bytes) -> str | None:
    """Byte order as `struct` writes it; None for what is no EXIF block."""
    return {b"MM": ">", b"II": "<"}.get(tiff[:2]) if len(tiff) >= 8 else None


def _image_entries(tiff: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Entries of the first directory."""
    order = _order(tiff)
    if order is not None:
        (start,) = struct.unpack(f"{order}I", tiff[4:8])
        yield from _entries(tiff, start, order)


def _photo_entries(tiff: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Entries of the directory of the photo's own tags."""
    order = _order(tiff)
    if order is None:
        return
    base = {tag: value for tag, _, value in _image_entries(tiff)}
    if len(base.get(EXIF_IFD, b"")) == 4:
        (start,) = struct.unpack(f"{order}I", base[EXIF_IFD])
        yield from _entries(tiff, start, order)


def _identifier(note: bytes) -> str | None:
    """Content identifier of a maker note, whose offsets count from its own start."""
    order = {b"MM": ">", b"II": "<"}.get(note[12:14])
    if order is None:
        return None
    for tag, kind, value in _entries(note, 14, order):
        if tag == CONTENT_IDENTIFIER and kind == ASCII:
            return _text(value)
    return None


def _entries(data: bytes, start: int, order: str) -> Iterator[tuple[int, int, bytes]]:
    """Tag, type and value bytes of a directory; entries that point outside are left out."""
    if start + 2 > len(data):
        return
    (count,) = struct.unpack(f"{order}H", data[start : start + 2])
    for i in range(min(count, MAX_ENTRIES)):
        entry = data[start + 2 + 12 * i : start + 14 + 12 * i]
        if len(entry) < 12:
            return
        tag, kind, number = struct.unpack(f"{order}HHI", entry[:8])
        size = SIZES.get(kind, 0) * number
        value = entry[8 : 8 + size]
        if size > 4:
            (offset,) = struct.unpack(f"{order}I", entry[8:])
            if offset + size > len(data):
                continue
            value = data[offset : offset + size]
        yield tag, kind, value
