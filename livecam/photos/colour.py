"""Converts decoded pictures to upright sRGB, from whatever colour space the phone recorded.

iPhones record Display P3; HDR video is BT.2020 with one of two curves, PQ or HLG. A key photo is
seen beside ordinary pictures, so it becomes sRGB.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from livecam.capture.planes import matrix_of, range_of
from livecam.frame import UPRIGHT, Turn

if TYPE_CHECKING:
    from collections.abc import Callable

    import av

    from livecam.frame import Bytes

    Floats = npt.NDArray[np.float32]

PRIMARIES_P3, PRIMARIES_2020 = 12, 9
CURVE_PQ, CURVE_HLG = 16, 18
"""Code points of ITU-T H.273."""

_TO_SRGB: dict[int, list[list[float]]] = {
    PRIMARIES_P3: [
        [1.2249, -0.2247, 0.0],
        [-0.0420, 1.0419, 0.0],
        [-0.0197, -0.0786, 1.0979],
    ],
    # ITU-R BT.2087, inverted.
    PRIMARIES_2020: [
        [1.6605, -0.5876, -0.0728],
        [-0.1246, 1.1329, -0.0083],
        [-0.0182, -0.1006, 1.1187],
    ],
}
"""From linear RGB of these primaries to linear sRGB; both have the white of D65."""

_LEVELS = 4096
"""Steps of the table back to sRGB: finer than 8 bits everywhere but in the deepest black."""

BAND = 128
"""Rows of a picture that are converted at a time."""
_WHITE_NITS = 203.0
"""ITU-R BT.2408: the brightness of a white sheet in HDR."""


def is_hdr(picture: av.VideoFrame) -> bool:
    """Whether a picture is HDR, by its transfer curve (PQ or HLG)."""
    return picture.color_trc in (CURVE_PQ, CURVE_HLG)


def to_bgr(picture: av.VideoFrame, turn: Turn = UPRIGHT, reduce: int = 1) -> Bytes:
    """A decoded picture as (H // reduce, W // reduce, 3) uint8 BGR in sRGB, upright by `turn`."""
    options = {
        "width": picture.width // reduce,
        "height": picture.height // reduce,
        "src_colorspace": matrix_of(picture),
        "src_color_range": range_of(picture),
    }
    if is_hdr(picture):
        deep = picture.reformat(format="rgb48le", **options).to_ndarray()
        image = _in_bands(lambda rows: _to_standard_range(rows, picture), deep)
    else:
        image = picture.reformat(format="bgr24", **options).to_ndarray()  # type: ignore[assignment]
        if picture.color_primaries in _TO_SRGB:
            image = _in_bands(lambda rows: _to_srgb(rows, picture.color_primaries), image)
    return np.ascontiguousarray(turn.apply(image))


def _in_bands(convert: Callable[[Any], Bytes], image: npt.NDArray[Any]) -> Bytes:
    """Convert an (H, W, 3) picture a few rows at a time: floats take several times its memory."""
    converted = np.empty(image.shape, np.uint8)
    for top in range(0, len(image), BAND):
        converted[top : top + BAND] = convert(image[top : top + BAND])
    return converted


def _to_srgb(image_bgr: Bytes, primaries: int) -> Bytes:
    """Convert primaries; the curves of Display P3 and of sRGB are the same."""
    linear = _srgb_to_linear()[image_bgr]
    return _encode(cv2.transform(linear, _matrix_bgr(primaries)))  # type: ignore[arg-type]


def _to_standard_range(deep: npt.NDArray[np.uint16], picture: av.VideoFrame) -> Bytes:
    """HDR light to sRGB: diffuse white stays white, and brighter light is compressed."""
    light = _pq_light()[deep] if picture.color_trc == CURVE_PQ else _hlg_light(deep)
    bgr = cv2.transform(light[:, :, ::-1], _matrix_bgr(PRIMARIES_2020))
    bgr = np.maximum(np.asarray(bgr, np.float32), 0)
    # Up to 0.8 unchanged; above, a curve that reaches 1 only at infinity. It is computed from the
    # brightest channel and applied to all three, so that the hue does not change.
    peak = np.maximum(np.maximum(bgr[:, :, :1], bgr[:, :, 1:2]), bgr[:, :, 2:])
    over = np.maximum(peak - 0.8, 0)
    pressed = np.where(peak > 0.8, 0.8 + 0.2 * over / (over + 0.2), peak)
    return _encode(np.asarray(bgr * pressed / np.maximum(peak, 1e-6), np.float32))


@functools.cache
def _pq_light() -> Floats:
    """SMPTE ST 2084: light by 16-bit signal; 1.0 is diffuse white."""
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    power = np.power(np.arange(65536) / 65535, 1 / m2)
    nits = 10_000 * np.power(np.maximum(power - c1, 0) / (c2 - c3 * power), 1 / m1)
    return (nits / _WHITE_NITS).astype(np.float32)


def _hlg_light(deep: npt.NDArray[np.uint16]) -> Floats:
    """ITU-R BT.2100: inverse OETF, then the OOTF of a 1000 cd/m2 screen; 1.0 is diffuse white."""
    scene = _hlg_scene()[deep]
    luma = cv2.transform(scene, np.array([[0.2627, 0.6780, 0.0593]], np.float32))
    gain = cv2.pow(np.maximum(luma, 1e-6), 0.2)
    return np.asarray(scene * (gain * np.float32(1000 / _WHITE_NITS))[:, :, None], np.float32)


@functools.cache
def _hlg_scene() -> Floats:
    """The inverse OETF, by 16-bit signal."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    signal = np.arange(65536) / 65535
    bright = (np.exp((signal - c) / a) + b) / 12
    return np.where(signal <= 0.5, signal * signal / 3, bright).astype(np.float32)


def _encode(linear_bgr: Floats) -> Bytes:
    levels = np.clip(linear_bgr * (_LEVELS - 1) + 0.5, 0, _LEVELS - 1).astype(np.uint16)
    encoded: Bytes = _linear_to_srgb()[levels]
    return encoded


@functools.cache
def _srgb_to_linear() -> Floats:
    """IEC 61966-2-1, by 8-bit level."""
    x = np.arange(256, dtype=np.float32) / 255
    return np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4).astype(np.float32)


@functools.cache
def _linear_to_srgb() -> Bytes:
    x = np.arange(_LEVELS) / (_LEVELS - 1)
    y = np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055)
    return np.round(255 * y).astype(np.uint8)


def _matrix_bgr(primaries: int) -> Floats:
    """The matrix for pixels in the order B, G, R."""
    return np.array(_TO_SRGB[primaries], np.float32)[::-1, ::-1].copy()
