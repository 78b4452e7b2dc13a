"""What a photo's metadata says that pairing depends on. Its picture is not looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from livecam.errors import InputError
from livecam.media.jpeg import APP1, SOI, segments
from livecam.photos.exif import AppleNote, apple_note
from livecam.photos.heif import exif_block

if TYPE_CHECKING:
    from livecam.media.boxes import Data

EXIF_HEADER = b"Exif\0\0"


@dataclass(frozen=True)
class StillFacts:
    """Read from the metadata alone."""

    kind: Literal["jpeg", "heic"]
    note: AppleNote | None
    """Apple's maker note, if the photo has one."""


def read_still(data: Data) -> StillFacts:
    """The facts of a JPEG or HEIC photo. Raises InputError."""
    if bytes(data[:2]) == SOI:
        # Metadata lies before the scan, in segments of at most 64 kB each.
        head = bytes(data[: 16 * 65536])
        for marker, start, end in segments(head):
            if marker == APP1 and head[start + 4 : start + 10] == EXIF_HEADER:
                return StillFacts("jpeg", apple_note(head[start + 10 : end]))
        return StillFacts("jpeg", None)
    if bytes(data[4:8]) == b"ftyp":
        block = exif_block(data)
        return StillFacts("heic", apple_note(block) if block else None)
    raise InputError("this is neither a JPEG nor a HEIC photo")
