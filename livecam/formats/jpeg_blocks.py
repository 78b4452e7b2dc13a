"""Changes some blocks of a JPEG and leaves every other coefficient as it is.

A JPEG is made of blocks of 8x8 pixels, each coded by itself. If a small part of a picture is new,
only its blocks are encoded again, with the picture's own tables: encoding the whole picture again
would change all the rest a little too. jpeglib (an extra) reads and writes the coefficients.
"""

from __future__ import annotations

import importlib.util
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from livecam.errors import InputError
from livecam.formats.jpeg import EOI, SOI, end_of_picture, segments
from livecam.formats.mpf import with_list_of

if TYPE_CHECKING:
    import numpy.typing as npt

    Pixels = npt.NDArray[np.uint8]
    Floats = npt.NDArray[np.float64]

SIDE = 8
APP14, FRAMES = 0xFFEE, (0xFFC0, 0xFFC1, 0xFFC2)
KEPT = (*range(0xFFE0, 0xFFF0), 0xFFFE)
"""Segments of metadata: APP0 to APP15, and comments."""
TO_YCBCR = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]]
)
"""JFIF's matrix from RGB to Y, Cb, Cr."""
_N = np.arange(SIDE)
DCT = np.sqrt(2 / SIDE) * np.cos((2 * _N[None, :] + 1) * _N[:, None] * np.pi / (2 * SIDE))
DCT[0] /= np.sqrt(2)
"""Rows: the cosines of ITU-T T.81, A.3.3."""


def is_installed() -> bool:
    """Whether coefficients can be read and written here."""
    return importlib.util.find_spec("jpeglib") is not None


def with_changed(jpeg: bytes, changed: npt.NDArray[np.bool_], after: Pixels) -> bytes:
    """A JPEG that shows `after` where `changed` is set.

    `after` is (H, W, 3) uint8 RGB, `changed` (H, W) bool, both oriented as stored. Every block
    without a change keeps its coefficients; all metadata and what lies behind the picture stay.
    Raises InputError for a picture that is not coded as YCbCr (RGB, grey, CMYK).
    """
    import jpeglib

    if _is_rgb(jpeg):
        raise InputError("its colours are not stored as YCbCr")
    with tempfile.TemporaryDirectory(prefix="livecam-") as folder:
        old, new = Path(folder, "old.jpg"), Path(folder, "new.jpg")
        end = end_of_picture(jpeg) or len(jpeg)
        old.write_bytes(jpeg[:end])
        try:
            found = jpeglib.read_dct(str(old))
            _change(found, changed, after)
            found.write_dct(str(new))
        except (OSError, ValueError, TypeError, AttributeError, RuntimeError) as err:
            raise InputError(f"its blocks cannot be changed: {err}") from err
        written = new.read_bytes()
    picture = b"".join(
        written[start:end] for marker, start, end in _segments(written) if marker not in KEPT
    )
    kept = b"".join(jpeg[start:end] for marker, start, end in segments(jpeg) if marker in KEPT)
    whole = SOI + kept + picture
    return with_list_of(whole + jpeg[end:], jpeg)


def _is_rgb(jpeg: bytes) -> bool:
    """Whether Adobe's segment, or the names of the components, say that there is no YCbCr."""
    for marker, start, end in segments(jpeg):
        content = jpeg[start + 4 : end]
        if marker == APP14 and content[:5] == b"Adobe" and len(content) >= 12:
            return content[11] == 0
        if marker in FRAMES and len(content) >= 15:
            return bytes(content[6:15:3]) == b"RGB"
    return False


def _segments(jpeg: bytes) -> list[tuple[int, int, int]]:
    """Marker, start and end of all segments; the last one ends with the picture."""
    found = list(segments(jpeg))
    marker, start, _ = found[-1]
    end = jpeg.rfind(EOI) + 2
    return [*found[:-1], (marker, start, end)]


def _change(found: Any, changed: npt.NDArray[np.bool_], after: Pixels) -> None:
    """Encode the changed blocks again, in place."""
    planes = after @ TO_YCBCR.T
    planes[..., 0] -= 128
    factors = np.asarray(found.samp_factor)
    most = factors.max(axis=0)
    for number, coefficients in enumerate((found.Y, found.Cb, found.Cr)):
        down, across = (int(step) for step in most // factors[number])
        table = np.asarray(found.qt[found.quant_tbl_no[number]], np.float64)
        rows, columns = coefficients.shape[:2]
        size = (rows * SIDE * down, columns * SIDE * across)
        where = _filled(changed, size).reshape(rows, SIDE * down, columns, SIDE * across)
        for row, column in np.argwhere(where.any(axis=(1, 3))):
            top, left = row * SIDE * down, column * SIDE * across
            block = _filled(
                planes[top : top + SIDE * down, left : left + SIDE * across, number],
                (SIDE * down, SIDE * across),
            )
            mean = block.reshape(SIDE, down, SIDE, across).mean(axis=(1, 3))
            coded = np.rint(DCT @ mean @ DCT.T / table)
            coefficients[row, column] = coded.astype(coefficients.dtype)


def _filled(plane: npt.NDArray[Any], size: tuple[int, int]) -> npt.NDArray[Any]:
    """A plane cut or padded to `size` (rows, columns), padded with its last row and column."""
    down, across = size[0] - plane.shape[0], size[1] - plane.shape[1]
    plane = plane[: size[0], : size[1]]
    return np.pad(plane, ((0, max(0, down)), (0, max(0, across))), mode="edge")
