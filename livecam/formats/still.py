"""The facts in a photo's metadata that pairing needs. Its picture is not decoded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from livecam.errors import InputError
from livecam.formats.exif import AppleNote, maker_note
from livecam.formats.heif import exif_block
from livecam.formats.jpeg import APP1, EXIF_HEADER, SOI, segments

if TYPE_CHECKING:
    from livecam.formats.files import Data

Still = Literal["jpeg", "heic"]
"""The kinds of photo that are half of a Live Photo, or hold a movie."""

SUFFIX: dict[Still, str] = {"jpeg": ".JPG", "heic": ".HEIC"}


@dataclass(frozen=True)
class StillFacts:
    """Read from the metadata alone."""

    kind: Still
    note: AppleNote | None
    """Apple's maker note, if the photo has one."""


def read_still(data: Data) -> StillFacts:
    """The facts of a JPEG or HEIC photo. Raises InputError."""
    kind = kind_of(data)
    block = exif_of(data)
    return StillFacts(kind, maker_note(block) if block else None)


def kind_of(data: Data) -> Still:
    """JPEG or HEIC, by the first bytes. Raises InputError for anything else."""
    if bytes(data[:2]) == SOI:
        return "jpeg"
    if bytes(data[4:8]) == b"ftyp":
        return "heic"
    raise InputError("this is neither a JPEG nor a HEIC photo")


def exif_of(data: Data) -> bytes | None:
    """The EXIF block, from its byte order mark on; None if there is none. Raises InputError."""
    if kind_of(data) == "heic":
        return exif_block(data)
    # Metadata lies before the scan, in segments of at most 64 kB each.
    head = bytes(data[: 16 * 65536])
    for marker, start, end in segments(head):
        if marker == APP1 and head[start + 4 : start + 10] == EXIF_HEADER:
            return head[start + 10 : end]
    return None
