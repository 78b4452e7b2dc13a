"""The key photo: a JPEG of the chosen frame with its date, camera and place in time."""

from __future__ import annotations

import functools
import io
import struct
from typing import TYPE_CHECKING

from PIL import Image

from livecam.capture.frame import PixelFormat
from livecam.errors import OutputError
from livecam.media.exif import exif

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livecam.capture.frame import Frame
    from livecam.media.tags import Tags

DHT, SOS = 0xFFC4, 0xFFDA
"""Markers of ITU-T T.81: Huffman tables, start of scan."""

QUALITY = 95
"""Of frames that did not come as JPEG: visually lossless, and what phones use."""


def encode_photo(frame: Frame, tags: Tags) -> bytes:
    """A frame as a whole JPEG file at full size.

    A camera's own JPEG is kept as it is, and only the tags are added; anything else is encoded.
    Raises OutputError if the frame is broken.
    """
    segment = exif(tags, frame.size_wh)
    if frame.pixel_format is PixelFormat.JPEG and frame.is_whole():
        # Not one bit of the picture changes: no loss, and no work.
        return _with_exif(_standalone(frame.data.tobytes()), segment)
    try:
        image = Image.fromarray(frame.bgr()[:, :, ::-1])
    except ValueError as err:
        raise OutputError(f"the key photo cannot be decoded: {err}") from err
    out = io.BytesIO()
    image.save(out, "JPEG", quality=QUALITY, subsampling="4:2:0", exif=segment)
    return out.getvalue()


def _standalone(jpeg: bytes) -> bytes:
    """The same picture with Huffman tables, which many MJPEG cameras leave out."""
    jpeg = jpeg[: jpeg.rfind(b"\xff\xd9") + 2]
    segments = list(_segments(jpeg))
    if any(marker == DHT for marker, _, _ in segments):
        return jpeg
    scan = next(start for marker, start, _ in segments if marker == SOS)
    return jpeg[:scan] + _standard_tables() + jpeg[scan:]


@functools.cache
def _standard_tables() -> bytes:
    """The DHT segments of ITU-T T.81, annex K, which a stream without any means: Pillow's own."""
    out = io.BytesIO()
    Image.new("RGB", (16, 16)).save(out, "JPEG", optimize=False)
    jpeg = out.getvalue()
    return b"".join(jpeg[start:end] for marker, start, end in _segments(jpeg) if marker == DHT)


def _segments(jpeg: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment up to the start of the scan."""
    at = 2
    while at + 4 <= len(jpeg):
        marker, size = struct.unpack(">HH", jpeg[at : at + 4])
        yield marker, at, at + 2 + size
        if marker == SOS:
            return
        at += 2 + size


def _with_exif(jpeg: bytes, segment: bytes) -> bytes:
    """Put an APP1 segment right behind the start of the picture, in place of JFIF's APP0."""
    rest = jpeg[2:]
    if rest[:2] == b"\xff\xe0":
        rest = rest[2 + struct.unpack(">H", rest[2:4])[0] :]
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + rest
