"""The photo's half of a new file: a movie's frame with the old photo's tags, or the old photo."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

from PIL import Image

from livecam.errors import InputError
from livecam.formats import heic
from livecam.formats.exif_edit import ExifEditor
from livecam.formats.heif import exif_extent
from livecam.formats.jpeg import APP1, EXIF_HEADER, SOI, XMP_HEADER, insert_segment, segments
from livecam.formats.still import exif_of
from livecam.media.photo import QUALITY

if TYPE_CHECKING:
    from livecam.capture.frame import Bytes
    from livecam.formats.still import Still

MAX_EXIF = 65_533 - len(EXIF_HEADER)
"""What a JPEG's segment holds."""

MINIMAL_TIFF = b"MM\0*" + struct.pack(">IHI", 8, 0, 0)
"""An EXIF block that says nothing yet."""


def new_tags(photo: bytes | None, size_wh: tuple[int, int], unique_id: str) -> ExifEditor:
    """The tags of an existing photo (camera, date, place), for a new picture of this size.

    A photo without tags, or with broken ones, gives only those of the picture itself.
    """
    try:
        tags = ExifEditor((photo and exif_of(photo)) or MINIMAL_TIFF)
        tags.describe_new_picture(size_wh, unique_id)
        if len(tags.to_bytes()) <= MAX_EXIF:
            return tags
    except InputError:
        pass
    tags = ExifEditor(MINIMAL_TIFF)
    tags.describe_new_picture(size_wh, unique_id)
    return tags


def encode_still(image_bgr: Bytes, tags: ExifEditor, kind: Still, xmp: bytes = b"") -> bytes:
    """A (H, W, 3) uint8 sRGB picture as a JPEG or HEIC file. Raises UsageError without `heic`."""
    image = Image.fromarray(image_bgr[:, :, ::-1])
    exif = EXIF_HEADER + tags.to_bytes()
    if kind == "heic":
        return heic.encode(image, exif, xmp)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY, subsampling="4:2:0", exif=exif)
    jpeg = out.getvalue()
    return insert_segment(jpeg, XMP_HEADER + xmp, behind_exif=True) if xmp else jpeg


def with_identifier(photo: bytes, identifier: str | None) -> bytes | None:
    """The same photo under another content identifier, or with None under none at all.

    Its picture, and whatever else it holds, stays as it is. None where that cannot be done: a
    HEIC's tags cannot grow in their place.
    """
    try:
        tags = ExifEditor(exif_of(photo) or MINIMAL_TIFF)
        before = len(tags.to_bytes())
        if identifier is None:
            tags.remove_identifier()
        else:
            tags.set_identifier(identifier)
    except InputError:
        return None
    block = tags.to_bytes()
    if photo[:2] == SOI:
        return with_exif(photo, block) if len(block) <= MAX_EXIF else None
    place = exif_extent(photo)
    if place is None or len(block) != before:
        return None
    return photo[: place.start] + block + photo[place.end :]


def with_exif(jpeg: bytes, block: bytes) -> bytes:
    """A JPEG with another EXIF block, in the place of its own or as its first segment."""
    for marker, start, end in segments(jpeg):
        if marker == APP1 and jpeg.startswith(EXIF_HEADER, start + 4):
            return insert_segment(jpeg[:start] + jpeg[end:], EXIF_HEADER + block, at=start)
    return insert_segment(jpeg, EXIF_HEADER + block)


def without_xmp(jpeg: bytes, word: bytes) -> bytes:
    """A JPEG without the XMP segments that contain a word."""
    kept, at = [], 0
    for marker, start, end in segments(jpeg):
        if marker == APP1 and jpeg.startswith(XMP_HEADER, start + 4) and word in jpeg[start:end]:
            kept.append(jpeg[at:start])
            at = end
    return b"".join(kept) + jpeg[at:]
