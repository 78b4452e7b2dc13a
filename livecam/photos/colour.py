"""Decoded pictures as upright sRGB, whatever colours and light the phone recorded.

iPhones record Display P3; HDR video is BT.2020 with one of two curves, PQ or HLG. A key photo is
seen beside ordinary pictures, so it becomes sRGB.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from livecam.capture.planes import Turn, matrix_of, range_of

if TYPE_CHECKING:
    import av

    from livecam.capture.frame import Bytes

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

_WHITE_NITS = 203.0
"""ITU-R BT.2408: the brightness of a white sheet in HDR."""


def is_hdr(picture: av.VideoFrame) -> bool:
    """Whether its light goes beyond a white sheet of paper."""
    return picture.color_trc in (CURVE_PQ, CURVE_HLG)


def to_bgr(picture: av.VideoFrame) -> Bytes:
    """A decoded picture as (H, W, 3) uint8 BGR, upright, in sRGB, at its full size."""
    options = {"src_colorspace": matrix_of(picture), "src_color_range": range_of(picture)}
    if is_hdr(picture):
        deep = picture.reformat(format="rgb48le", **options).to_ndarray()
        signal: Floats = deep.astype(np.float32) / np.float32(65535)
        image = _to_standard_range(signal, picture)
    else:
        image = picture.reformat(format="bgr24", **options).to_ndarray()  # type: ignore[assignment]
        if picture.color_primaries in _TO_SRGB:
            image = _to_srgb(image, picture.color_primaries)
    return np.ascontiguousarray(Turn.of(picture).apply(image))


def _to_srgb(image_bgr: Bytes, primaries: int) -> Bytes:
    """Convert primaries; the curves of Display P3 and of sRGB are the same."""
    linear = _srgb_to_linear()[image_bgr]
    return _encode(cv2.transform(linear, _matrix_bgr(primaries)))  # type: ignore[arg-type]


def _to_standard_range(rgb: Floats, picture: av.VideoFrame) -> Bytes:
    """HDR light to sRGB: white paper stays white, and what is brighter is pressed together."""
    light = _pq_light(rgb) if picture.color_trc == CURVE_PQ else _hlg_light(rgb)
    bgr = cv2.transform(light[:, :, ::-1], _matrix_bgr(PRIMARIES_2020))
    bgr = np.maximum(np.asarray(bgr, np.float32), 0)
    # Up to 0.8 as it is; above, a curve that reaches 1 only at infinity, on the brightest channel,
    # so that no colour changes.
    peak = bgr.max(axis=2, keepdims=True)
    over = np.maximum(peak - 0.8, 0)
    pressed = np.where(peak > 0.8, 0.8 + 0.2 * over / (over + 0.2), peak)
    return _encode(bgr * pressed / np.maximum(peak, 1e-6))


def _pq_light(rgb: Floats) -> Floats:
    """SMPTE ST 2084: signal to light, 1.0 being a white sheet."""
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    power = np.power(rgb, np.float32(1 / m2))
    nits = 10_000 * np.power(np.maximum(power - c1, 0) / (c2 - c3 * power), np.float32(1 / m1))
    return np.asarray(nits / _WHITE_NITS, np.float32)


def _hlg_light(rgb: Floats) -> Floats:
    """ITU-R BT.2100: inverse OETF, then the OOTF of a 1000 cd/m2 screen; 1.0 a white sheet."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(rgb <= 0.5, rgb * rgb / 3, (np.exp((rgb - c) / a) + b) / 12)
    luma = scene @ np.array([0.2627, 0.6780, 0.0593], np.float32)
    gain = np.power(np.maximum(luma, 1e-6), np.float32(0.2))[:, :, None]
    return np.asarray(1000 * scene * gain / _WHITE_NITS, np.float32)


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
