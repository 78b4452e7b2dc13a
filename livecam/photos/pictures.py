"""Still pictures from files, upright and in sRGB."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageCms, ImageOps

from livecam.capture.frame import Frame, PixelFormat
from livecam.errors import InputError
from livecam.media import heic

if TYPE_CHECKING:
    from pathlib import Path

    from livecam.capture.frame import Bytes

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "AVIF", "GIF")
"""What Pillow reads in its own process. EPS and the like, for which it starts programs, are out."""

SCORED_SIDE = 2048
"""Longer sides are halved before a picture is scored: a phone's 50 million pixels show no more."""


def read_picture(path: Path) -> Bytes:
    """A picture file as (H, W, 3) uint8 BGR. Raises InputError."""
    return np.ascontiguousarray(np.asarray(_open(path, None))[:, :, ::-1])


def picture_frame(path: Path, index: int) -> Frame:
    """A picture as a frame to be scored, possibly reduced. Raises InputError."""
    image = _open(path, SCORED_SIDE)
    while max(image.size) > SCORED_SIDE:
        image = image.reduce(2)
    pixels = np.ascontiguousarray(np.asarray(image)[:, :, ::-1])
    return Frame(index, 0, 0, PixelFormat.BGR, image.size, pixels.reshape(-1))


def _open(path: Path, side: int | None) -> Image.Image:
    try:
        data = path.read_bytes()
        Image.init()  # or else naming formats finds those only that were used before
        with warnings.catch_warnings():
            # Pillow warns from 89 million pixels on, and refuses from twice as many.
            warnings.simplefilter("ignore")
            if data[4:8] == b"ftyp" and data[8:12] not in (b"avif", b"avis"):
                image = heic.decode(data)
            else:
                image = Image.open(io.BytesIO(data), formats=FORMATS)
                if side is not None:
                    image.draft("RGB", (side, side))
            return ImageOps.exif_transpose(_srgb(image)).convert("RGB")
    except InputError as err:
        raise InputError(f"{path.name}: {err.message}", err.hint) from err
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, MemoryError) as err:
        reason = getattr(err, "strerror", None) or "it is damaged, or of an unknown kind"
        raise InputError(f"{path.name} cannot be read: {reason}") from err


def _srgb(image: Image.Image) -> Image.Image:
    """Convert by the picture's own colour profile, where it has one."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "RGBA"):
        return image
    try:
        converted = ImageCms.profileToProfile(
            image, io.BytesIO(profile), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError):
        return image  # a broken profile: the colours as they stand
    assert converted is not None
    converted.getexif().update(image.getexif())
    return converted
