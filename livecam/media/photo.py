"""The key photo: a JPEG of the chosen frame with its date, camera and place in time."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING

import av
from PIL import Image

from livecam.capture.frame import PixelFormat
from livecam.errors import OutputError
from livecam.media.exif import exif

if TYPE_CHECKING:
    from livecam.capture.frame import Frame
    from livecam.media.exif import PhotoTags

QUALITY = 95
"""Of frames that did not come as JPEG: visually lossless, and what phones use."""


def encode_photo(frame: Frame, tags: PhotoTags) -> bytes:
    """A frame as a whole JPEG file at full size.

    A camera's own JPEG is kept as it is, and only the tags are added; anything else is encoded.
    Raises OutputError if the frame is broken.
    """
    segment = exif(tags, frame.size_wh)
    if frame.pixel_format is PixelFormat.JPEG and frame.is_whole():
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
    end = jpeg.rfind(b"\xff\xd9") + 2
    jpeg = jpeg[:end]
    if b"\xff\xc4" in jpeg[: jpeg.find(b"\xff\xda")]:
        return jpeg
    bitstream_filter = av.BitStreamFilterContext("mjpeg2jpeg")
    packets = bitstream_filter.filter(av.Packet(jpeg))
    return b"".join(bytes(packet) for packet in packets)


def _with_exif(jpeg: bytes, segment: bytes) -> bytes:
    """Put an APP1 segment right behind the start of the picture, in place of JFIF's APP0."""
    rest = jpeg[2:]
    if rest[:2] == b"\xff\xe0":
        rest = rest[2 + struct.unpack(">H", rest[2:4])[0] :]
    return b"\xff\xd8\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + rest
