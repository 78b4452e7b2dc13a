"""The photo's half of a new file: a movie's frame with the old photo's tags, or the old photo."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image

from livecam.errors import InputError
from livecam.formats import heic
from livecam.formats.exif_edit import MINIMAL_TIFF, ExifEditor
from livecam.formats.jpeg import EXIF_HEADER, XMP_HEADER, insert_segment
from livecam.formats.still import exif_of
from livecam.formats.still_edit import MAX_EXIF
from livecam.media.photo import QUALITY

if TYPE_CHECKING:
    from livecam.formats.still import Still
    from livecam.frame import Bytes


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
