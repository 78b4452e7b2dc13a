"""The key photo: a JPEG of the chosen frame with its date, camera and place in time."""

from __future__ import annotations

import functools
import io
from typing import TYPE_CHECKING

from PIL import Image

from livecam.errors import OutputError
from livecam.formats import heic
from livecam.formats.exif_new import exif
from livecam.formats.jpeg import APP0, DHT, EOI, SOI, SOS, insert_segment, segments, without_exif
from livecam.frame import PixelFormat

if TYPE_CHECKING:
    from livecam.formats.still import Still
    from livecam.formats.tags import Tags
    from livecam.frame import Bytes, Frame

QUALITY = 95
"""Of frames that did not come as JPEG: visually lossless, and what phones use."""


def encode_photo(
    frame: Frame, tags: Tags, still: Still = "jpeg", made_bgr: Bytes | None = None
) -> bytes:
    """A frame, or the picture `made_bgr` made from it, as a JPEG or HEIC file at full size.

    A camera's own JPEG is kept as it is, and only the tags are added; anything else is encoded.
    Raises OutputError if the frame is broken, UsageError for HEIC without the extra.
    """
    if (
        made_bgr is None
        and still == "jpeg"
        and frame.pixel_format is PixelFormat.JPEG
        and frame.is_whole()
    ):
        # Not one bit of the picture changes: no loss, and no work.
        segment = exif(tags, frame.size_wh, frame.turn.orientation)
        return _with_exif(standalone(frame.data.tobytes()), segment)
    segment = exif(tags, frame.shown_wh)
    try:
        image_bgr = frame.bgr() if made_bgr is None else made_bgr
        image = Image.fromarray(image_bgr[:, :, ::-1])
    except ValueError as err:
        raise OutputError(f"the key photo cannot be decoded: {err}") from err
    if still == "heic":
        return heic.encode(image, segment)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY, subsampling="4:2:0", exif=segment)
    return out.getvalue()


def standalone(jpeg: bytes) -> bytes:
    """The same picture with Huffman tables, which many MJPEG cameras leave out."""
    jpeg = jpeg[: jpeg.rfind(EOI) + 2]
    found = list(segments(jpeg))
    if any(marker == DHT for marker, _, _ in found):
        return jpeg
    scan = next(start for marker, start, _ in found if marker == SOS)
    return jpeg[:scan] + _standard_tables() + jpeg[scan:]


@functools.cache
def _standard_tables() -> bytes:
    """The DHT segments of ITU-T T.81, annex K, the default for streams without: from Pillow."""
    out = io.BytesIO()
    Image.new("RGB", (16, 16)).save(out, "JPEG", optimize=False)
    jpeg = out.getvalue()
    return b"".join(jpeg[start:end] for marker, start, end in segments(jpeg) if marker == DHT)


def _with_exif(jpeg: bytes, segment: bytes) -> bytes:
    """The JPEG with an EXIF segment first, in place of JFIF's APP0 if there is one."""
    first = next(segments(jpeg), None)
    if first is not None and first[0] == APP0:
        jpeg = SOI + jpeg[first[2] :]
    jpeg = without_exif(jpeg)  # a camera's own would be a second one
    return insert_segment(jpeg, segment)
