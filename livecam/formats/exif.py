"""What livecam reads of EXIF: Apple's maker note, the picture's own id, the camera, the date."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livecam.formats import apple_note
from livecam.formats.tiff import ASCII, entries, order_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livecam.formats.tiff import Entry

EXIF_IFD, MAKER_NOTE, IMAGE_UNIQUE_ID = 0x8769, 0x927C, 0xA420
MAKE, MODEL, DATE_TAKEN, SUBSECOND_TAKEN = 0x010F, 0x0110, 0x9003, 0x9291


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
    """SubSecTimeOriginal: the decimal digits of the second."""


def maker_note(tiff: bytes) -> AppleNote | None:
    """The maker note of an EXIF block (from its byte order mark on); None if it is not Apple's."""
    for entry in _photo_entries(tiff):
        value = _value(tiff, entry)
        if entry.tag == MAKER_NOTE and value.startswith(apple_note.APPLE):
            return AppleNote(apple_note.identifier_of(value), entry.kind)
    return None


def image_id(tiff: bytes) -> str | None:
    """The picture's own id, ImageUniqueID; None if it has none."""
    for entry in _photo_entries(tiff):
        if entry.tag == IMAGE_UNIQUE_ID and entry.kind == ASCII:
            return text_of(_value(tiff, entry))
    return None


def origin(tiff: bytes) -> Origin:
    """The camera and the date of a picture."""
    image, photo = _texts(tiff, _image_entries(tiff)), _texts(tiff, _photo_entries(tiff))
    camera = f"{image.get(MAKE, '').strip()} {image.get(MODEL, '').strip()}".strip()
    return Origin(camera, photo.get(DATE_TAKEN, ""), photo.get(SUBSECOND_TAKEN, ""))


def _texts(tiff: bytes, found: Iterator[Entry]) -> dict[int, str]:
    return {entry.tag: text_of(_value(tiff, entry)) for entry in found if entry.kind == ASCII}


def _image_entries(tiff: bytes) -> Iterator[Entry]:
    """Entries of the first directory."""
    order = order_of(tiff)
    if order is not None:
        yield from entries(tiff, struct.unpack_from(f"{order}I", tiff, 4)[0], order)


def _photo_entries(tiff: bytes) -> Iterator[Entry]:
    """Entries of the Exif IFD, which holds the photo's own tags."""
    order = order_of(tiff)
    for entry in _image_entries(tiff):
        if entry.tag == EXIF_IFD and entry.size == 4:
            (start,) = struct.unpack_from(f"{order}I", tiff, entry.value_at)
            yield from entries(tiff, start, str(order))
            return


def _value(tiff: bytes, entry: Entry) -> bytes:
    return tiff[entry.value_at : entry.value_at + entry.size]
