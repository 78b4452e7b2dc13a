"""The photo of a new pair or Motion Photo: a new picture with the old photo's metadata."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from PIL import Image

from livecam.errors import InputError
from livecam.formats import heic
from livecam.formats.exif_edit import MINIMAL_TIFF, ExifEditor
from livecam.formats.ffmpeg import APPLES_PLACE
from livecam.formats.jpeg import (
    APP0,
    EXIF_HEADER,
    MAX_CONTENT,
    SOI,
    XMP_HEADER,
    insert_segment,
    segments,
)
from livecam.formats.still import exif_of
from livecam.formats.still_edit import MAX_EXIF
from livecam.formats.written import Written, written_of
from livecam.media.photo import QUALITY

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from livecam.formats.still import Still
    from livecam.frame import Bytes
    from livecam.photos.frames import MovieReader


ROOM = 2000
"""Bytes kept free for later tags: an identifier, and the frames of a composite."""
APPLE = "com.apple.quicktime."
PLACE = re.compile(r"([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)([+-]\d+(?:\.\d+)?)?")
"""The form of ISO 6709 that phones write: degrees, and metres."""


def new_tags(photo: bytes | None, size_wh: tuple[int, int], unique_id: str) -> ExifEditor:
    """The tags of an existing photo (camera, date, place), for a new picture of this size.

    If the photo's tags are broken or leave no room for more, only the new picture's own tags are
    set, and `lost` says why.
    """
    lost = "its EXIF, which cannot be read"
    try:
        tags = ExifEditor((photo and exif_of(photo)) or MINIMAL_TIFF)
        tags.describe_new_picture(size_wh, unique_id)
        if len(tags.to_bytes()) <= MAX_EXIF - ROOM:
            return tags
        lost = "its EXIF, which is too long"
    except InputError:
        pass
    tags = ExifEditor(MINIMAL_TIFF)
    tags.describe_new_picture(size_wh, unique_id)
    tags.lost = lost
    return tags


def describe_by_movie(tags: ExifEditor, reader: MovieReader, at_s: float) -> None:
    """Set date, place and camera of a movie's frame, as far as the movie says them."""
    said = reader.said
    tags.set_camera(said.get(f"{APPLE}make", said.get("make", "")),
                    said.get(f"{APPLE}model", said.get("model", "")))  # fmt: skip
    place = PLACE.match(said.get(APPLES_PLACE, ""))
    if place is not None:
        latitude, longitude = float(place[1]), float(place[2])
        if abs(latitude) <= 90 and abs(longitude) <= 180:
            tags.set_place(latitude, longitude, float(place[3]) if place[3] else None)
    try:
        start = datetime.fromisoformat(reader.created)
    except ValueError:
        return
    start = start if start.tzinfo else start.replace(tzinfo=UTC)
    tags.set_date(datetime.fromtimestamp(start.timestamp() + at_s, start.tzinfo))


def encode_still(
    image_bgr: Bytes,
    tags: ExifEditor,
    kind: Still,
    photo: bytes | None = None,
    motion: Callable[[bytes | None], bytes | None] | None = None,
) -> tuple[bytes, str]:
    """A (H, W, 3) uint8 sRGB picture as a JPEG or HEIC file, and what was lost on the way.

    The metadata of the old `photo` is carried over, except what describes its pixels. `motion`
    makes a Motion Photo's XMP from another packet, or from None.

    Raises UsageError for HEIC without the extra.
    """
    image = Image.fromarray(image_bgr[:, :, ::-1])
    written = Written() if photo is None else written_of(photo)
    xmp, lost = written.xmp, list(written.lost)
    if tags.lost:
        lost.append(tags.lost)
    exif = EXIF_HEADER + tags.to_bytes()
    if motion is not None:
        whole = motion(xmp) if xmp is not None else None
        if xmp is not None and whole is None:
            lost.append("its XMP, which cannot be added to")
        xmp = whole or motion(None)
    if kind == "heic":
        return heic.encode(image, exif, xmp or b""), _said(lost)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY, subsampling="4:2:0", exif=exif)
    jpeg = out.getvalue()
    found = list(segments(jpeg))
    if found[0][0] == APP0:  # EXIF replaces JFIF's segment
        jpeg = SOI + jpeg[found[0][2] :]
    if xmp is not None and len(xmp) > MAX_CONTENT - len(XMP_HEADER):
        xmp = motion(None) if motion is not None else None
        lost.append("its XMP, which is too long")
    # Behind EXIF, where cameras put them: XMP first, then IPTC and comments.
    first = next(segments(jpeg))[2]
    jpeg = jpeg[:first] + b"".join(written.segments) + jpeg[first:]
    if xmp is not None:
        jpeg = insert_segment(jpeg, XMP_HEADER + xmp, behind_exif=True)
    return jpeg, _said(lost)


def _said(lost: Sequence[str]) -> str:
    return f"lost with the old pixels: {', '.join(lost)}" if lost else ""
