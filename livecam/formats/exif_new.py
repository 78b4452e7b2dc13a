"""EXIF as phones write it: big-endian TIFF, every tag with the type the standard gives it.

Pillow writes tags of type UNDEFINED as BYTE, which validators call non-standard (and which Apple's
Photos is said to reject in a maker note). So this module writes the block itself.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from livecam.formats.apple_note import new_note
from livecam.formats.jpeg import EXIF_HEADER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livecam.formats.tags import Tags

_TIFF = b"MM\0*"
_EXIF_IFD = 0x8769
IMAGE_DESCRIPTION, COMPOSITE_IMAGE, COMPOSITE_COUNT = 0x010E, 0xA460, 0xA461
COMPOSED_WHEN_SHOOTING = 3
"""EXIF 2.32: "composite image captured when shooting"."""


class Type(IntEnum):
    """Types of TIFF 6.0 and EXIF 2.32 that livecam writes."""

    ASCII = 2
    SHORT = 3
    LONG = 4
    RATIONAL = 5
    UNDEFINED = 7


@dataclass(frozen=True)
class Tag:
    """One entry of a directory."""

    number: int
    type: Type
    value: str | bytes | int | tuple[int, ...]

    def payload(self) -> tuple[int, bytes]:
        """How many values, and their bytes."""
        match self.value:
            case str(text):
                data = text.encode("ascii", "replace") + b"\0"
                return len(data), data
            case bytes(data):
                return len(data), data
            case tuple(numbers):
                return len(numbers), struct.pack(f">{len(numbers)}H", *numbers)
            case int(number):
                layout = {Type.SHORT: ">H", Type.LONG: ">I", Type.RATIONAL: ">II"}[self.type]
                values = (number, 1) if self.type is Type.RATIONAL else (number,)
                return 1, struct.pack(layout, *values)


def exif(tags: Tags, size_wh: tuple[int, int], orientation: int = 1) -> bytes:
    """The content of the APP1 segment, `EXIF_HEADER` included.

    `size_wh` is that of the stored picture, which is upright after a turn by `orientation`.
    """
    date = tags.taken.strftime("%Y:%m:%d %H:%M:%S")
    zone = tags.taken.strftime("%z")
    offset = f"{zone[:3]}:{zone[3:5]}"
    subsecond = f"{tags.taken.microsecond // 1000:03}"
    image = [
        Tag(0x010F, Type.ASCII, tags.make),  # Make
        Tag(0x0110, Type.ASCII, tags.model),  # Model
        Tag(0x0112, Type.SHORT, orientation),  # Orientation
        Tag(0x011A, Type.RATIONAL, 72),  # XResolution
        Tag(0x011B, Type.RATIONAL, 72),  # YResolution
        Tag(0x0128, Type.SHORT, 2),  # ResolutionUnit: inches
        Tag(0x0131, Type.ASCII, tags.software),  # Software
        Tag(0x0132, Type.ASCII, date),  # DateTime
        Tag(0x0213, Type.SHORT, 1),  # YCbCrPositioning: centred
    ]
    photo = [
        Tag(0x9000, Type.UNDEFINED, b"0232"),  # ExifVersion
        Tag(0x9003, Type.ASCII, date),  # DateTimeOriginal
        Tag(0x9004, Type.ASCII, date),  # DateTimeDigitized
        Tag(0x9010, Type.ASCII, offset),  # OffsetTime
        Tag(0x9011, Type.ASCII, offset),  # OffsetTimeOriginal
        Tag(0x9012, Type.ASCII, offset),  # OffsetTimeDigitized
        Tag(0x9101, Type.UNDEFINED, b"\1\2\3\0"),  # ComponentsConfiguration: Y Cb Cr
        Tag(0x9290, Type.ASCII, subsecond),  # SubSecTime
        Tag(0x9291, Type.ASCII, subsecond),  # SubSecTimeOriginal
        Tag(0x9292, Type.ASCII, subsecond),  # SubSecTimeDigitized
        Tag(0xA000, Type.UNDEFINED, b"0100"),  # FlashpixVersion
        Tag(0xA001, Type.SHORT, 1),  # ColorSpace: sRGB
        Tag(0xA002, Type.LONG, size_wh[0]),  # PixelXDimension
        Tag(0xA003, Type.LONG, size_wh[1]),  # PixelYDimension
    ]
    if tags.identifier:
        photo.append(Tag(0x927C, Type.UNDEFINED, new_note(tags.identifier)))  # MakerNote
    if tags.composite is not None:
        image.append(Tag(IMAGE_DESCRIPTION, Type.ASCII, tags.composite.text))
        photo.append(Tag(COMPOSITE_IMAGE, Type.SHORT, COMPOSED_WHEN_SHOOTING))
        counts = (tags.composite.frames, tags.composite.used)
        photo.append(Tag(COMPOSITE_COUNT, Type.SHORT, counts))
    # The offset of the second directory is known only once the first is laid out.
    start = len(_TIFF) + 4
    length = len(_directory([*image, Tag(_EXIF_IFD, Type.LONG, 0)], start))
    first = _directory([*image, Tag(_EXIF_IFD, Type.LONG, start + length)], start)
    header = EXIF_HEADER + _TIFF + struct.pack(">I", start)
    return header + first + _directory(photo, start + length)


def _directory(tags: Sequence[Tag], start: int) -> bytes:
    """One IFD at offset `start`; values over 4 bytes follow it, each at an even offset."""
    data_at = start + 2 + 12 * len(tags) + 4
    entries, data = b"", b""
    for tag in sorted(tags, key=lambda tag: tag.number):
        count, payload = tag.payload()
        entries += struct.pack(">HHI", tag.number, tag.type, count)
        if len(payload) <= 4:
            entries += payload.ljust(4, b"\0")
        else:
            entries += struct.pack(">I", data_at + len(data))
            data += payload + b"\0" * (len(payload) % 2)
    return struct.pack(">H", len(tags)) + entries + struct.pack(">I", 0) + data
