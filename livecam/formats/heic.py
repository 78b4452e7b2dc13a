"""HEIC pictures, through pillow-heif. No other module imports pillow-heif.

pillow-heif is an extra: its wheel bundles x265, which is under the GPL.
"""

from __future__ import annotations

import importlib.util
import io
from typing import TYPE_CHECKING

from livecam.errors import InputError, UsageError
from livecam.extras import install
from livecam.formats.limits import check_size

if TYPE_CHECKING:
    from PIL import Image

QUALITY = 80
"""Of HEVC stills: visually lossless, and no larger than a JPEG of quality 95."""

PRESET = "medium"
"""Preset of x265: half the time of pillow-heif's default, "slow", for four percent more bytes."""

MAX_HEAD = 1 << 16
"""Bytes at the start in which a file says how its pictures are coded."""


def is_installed() -> bool:
    """Whether HEIC can be read and written here."""
    return importlib.util.find_spec("pillow_heif") is not None


def require() -> None:
    """Raise UsageError where HEIC cannot be written."""
    if not is_installed():
        raise UsageError("HEIC needs the extra 'heic'", install("heic"))


def encode(image: Image.Image, exif: bytes, xmp: bytes = b"") -> bytes:
    """A picture as a HEIC file with an EXIF block, and XMP if there is any.

    Raises UsageError without the extra.
    """
    require()
    import pillow_heif

    out = io.BytesIO()
    pillow_heif.from_pillow(image).save(
        out, quality=QUALITY, exif=exif, xmp=xmp or None, enc_params={"preset": PRESET}
    )
    return out.getvalue()


def decode(data: bytes, most_pixels: int) -> Image.Image:
    """The picture of a HEIC file, upright. Raises InputError, also above `most_pixels`."""
    if not is_installed():
        raise InputError("HEIC pictures need the extra 'heic'", install("heic"))
    import pillow_heif

    try:
        opened = pillow_heif.open_heif(io.BytesIO(data))
        check_size(opened.size, most_pixels)
        image: Image.Image = opened.to_pillow()
        return image
    except (ValueError, RuntimeError, EOFError, OSError, IndexError) as err:
        if b"unci" in data[:MAX_HEAD]:
            raise InputError("this is an uncompressed HEIF, which is not supported") from err
        raise InputError(f"this HEIC picture cannot be decoded: {err}") from err
