"""HEIC pictures, through pillow-heif. The only file that knows it.

It is an extra: its wheel bundles x265, which is under the GPL.
"""

from __future__ import annotations

import importlib.util
import io
from typing import TYPE_CHECKING

from livecam.errors import UsageError

if TYPE_CHECKING:
    from PIL import Image

QUALITY = 80
"""Of HEVC stills: visually lossless, and no larger than a JPEG of quality 95."""

HINT = "install it with: pip install 'livecam[heic]'"


def require() -> None:
    """Raise UsageError where HEIC cannot be written."""
    if importlib.util.find_spec("pillow_heif") is None:
        raise UsageError("HEIC needs the extra 'heic'", HINT)


def encode(image: Image.Image, exif: bytes) -> bytes:
    """A picture as a HEIC file with an EXIF block. Raises UsageError without the extra."""
    require()
    import pillow_heif

    out = io.BytesIO()
    pillow_heif.from_pillow(image).save(out, quality=QUALITY, exif=exif)
    return out.getvalue()
