"""Still pictures from files, upright and in sRGB."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageCms, ImageOps

from livecam.errors import InputError
from livecam.formats import heic
from livecam.formats.files import read_whole
from livecam.formats.jpeg import SOI, check_scans, size_of
from livecam.formats.limits import check_size
from livecam.formats.raw import ORIENTATION, RAW, preview
from livecam.frame import Frame, PixelFormat

if TYPE_CHECKING:
    from pathlib import Path

    from livecam.frame import Bytes

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "AVIF", "GIF", "JPEG2000")
"""Formats that Pillow decodes itself. EPS and the like, for which it starts programs, are out."""

SCORED_SIDE = 2048
"""A longer side is halved before scoring: a phone's 50 million pixels give no better score."""
MOST_BYTES = 300_000_000
MOST_PIXELS = 50_000_000
"""Of a picture decoded at full size: four bytes each. Phones' largest HEICs have 48 million."""
MOST_JPEG_PIXELS, MOST_PROGRESSIVE_PIXELS = 250_000_000, 100_000_000
"""The same for a JPEG that is reduced while decoding; a progressive one is held as coefficients."""


def read_picture(path: Path) -> Bytes:
    """A picture file as (H, W, 3) uint8 BGR. Raises InputError."""
    return np.ascontiguousarray(np.asarray(_open(path, None)[0])[:, :, ::-1])


def picture_size(path: Path) -> tuple[int, int] | None:
    """Width and height of a picture, upright; None where that cannot be told."""
    try:
        return picture_frame(path, 0)[1]
    except InputError:
        return None


def picture_frame(path: Path, index: int) -> tuple[Frame, tuple[int, int]]:
    """A picture as a frame to be scored, possibly reduced, and its full size.

    Raises InputError.
    """
    image, size_wh = _open(path, SCORED_SIDE)
    pixels = np.ascontiguousarray(np.asarray(image)[:, :, ::-1])
    return Frame(index, 0, 0, PixelFormat.BGR, image.size, pixels.reshape(-1)), size_wh


def _open(path: Path, side: int | None) -> tuple[Image.Image, tuple[int, int]]:
    """The upright picture, halved until no side is longer than `side`; and its full size, upright.

    With `side` None it is not reduced. Raises InputError.
    """
    try:
        data = read_whole(path, MOST_BYTES)
        turned = 1
        if path.suffix.lower() in RAW:
            data, turned = preview(data)
        Image.init()  # otherwise `formats` finds only plugins that are already loaded
        with warnings.catch_warnings():
            # Pillow warns from 89 million pixels on, and refuses from twice as many.
            warnings.simplefilter("ignore")
            image, (width, height) = _decoded(data, side)
            del data
            while side is not None and max(image.size) > side:
                image = _halved(image)
            if turned != 1 and image.getexif().get(ORIENTATION, 1) == 1:
                image.getexif()[ORIENTATION] = turned  # stored in the raw file, not in its preview
            orientation = image.getexif().get(ORIENTATION, 1)
            upright = ImageOps.exif_transpose(_srgb(image)).convert("RGB")
            is_turned = orientation in (5, 6, 7, 8)
            return upright, (height, width) if is_turned else (width, height)
    except InputError as err:
        raise InputError(f"{path.name}: {err.message}", err.hint) from err
    except (Image.DecompressionBombError, MemoryError) as err:
        raise InputError(f"{path.name}: this picture is too large") from err
    except (OSError, ValueError, SyntaxError, RuntimeError) as err:
        reason = getattr(err, "strerror", None) or "it is damaged, or of an unknown kind"
        raise InputError(f"{path.name} cannot be read: {reason}") from err


def _decoded(data: bytes, side: int | None) -> tuple[Image.Image, tuple[int, int]]:
    """The decoded picture, after a check of its size, and its full width and height as stored.

    Raises InputError.
    """
    if data[4:8] == b"ftyp" and data[8:12] not in (b"avif", b"avis"):
        decoded = heic.decode(data, MOST_PIXELS)
        return decoded, decoded.size
    image: Image.Image = Image.open(io.BytesIO(data), formats=FORMATS)
    full_wh, most = image.size, MOST_PIXELS
    if image.format == "JPEG" and side is not None:
        is_progressive = bool(image.info.get("progressive"))
        most = MOST_PROGRESSIVE_PIXELS if is_progressive else MOST_JPEG_PIXELS
        image.draft("RGB", (side, side))
    if data.startswith(SOI):
        check_scans(data)
        size_wh = size_of(data) or image.size
    else:
        size_wh = image.size
    check_size(size_wh, most)
    image.load()
    return image, full_wh


def _halved(image: Image.Image) -> Image.Image:
    """The picture at half its size, with its metadata."""
    if image.mode not in ("L", "RGB", "RGBA", "LA"):
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    exif = image.getexif()
    half = image.reduce(2)
    half.info = image.info
    half.getexif().update(exif)
    return half


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
