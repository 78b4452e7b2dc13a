"""I420 planes of pictures that PyAV decoded: one matrix, one range, and the right way up."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from livecam.frame import UPRIGHT, Turn

if TYPE_CHECKING:
    import av

    from livecam.frame import Bytes

_HD_HEIGHT = 720
"""Unmarked pictures of this height or more are BT.709, others BT.601, as players assume."""


def turn_of(picture: av.VideoFrame, header: bytes | None = None) -> Turn:
    """Read the display matrix (ISO/IEC 14496-12, 6.2.2; mirrored for some front cameras).

    Call it once for each stream: a picture whose side data was read refers to itself from then
    on (PyAV 18), so its memory stays until Python's garbage collector runs. With 4K frames
    those were gigabytes.
    """
    try:
        found = picture.side_data.get("DISPLAYMATRIX")
        matrix = None if found is None else np.frombuffer(bytes(cast("bytes", found)), "=i4")
    except ValueError:
        # PyAV's list of kinds ends before FFmpeg's, and it refuses all for one it does not know
        # (Apple's spatial movies, frames with EXIF): then the track's header counts.
        matrix = None if header is None else np.frombuffer(header, ">i4")
    if matrix is None:
        return UPRIGHT
    a, b, _, c, d = (int(number) for number in matrix[:5])
    # Anything but quarter turns and mirrors is left as it is: no phone writes it.
    if a == 0 == d and b and c:
        return Turn(True, bool(c < 0), bool(b < 0))
    return Turn(False, bool(a < 0), bool(d < 0)) if b == 0 == c else UPRIGHT


def matrix_of(picture: av.VideoFrame, usual: Colorspace | None = None) -> Colorspace:
    """The YCbCr matrix of a picture; if it names none, `usual`, or else the one for its height."""
    if usual is None:
        usual = Colorspace.ITU709 if picture.height >= _HD_HEIGHT else Colorspace.ITU601
    return {
        1: Colorspace.ITU709,
        5: Colorspace.ITU601,
        6: Colorspace.ITU601,
        7: Colorspace.SMPTE240M,
        9: Colorspace.BT2020,
    }.get(picture.colorspace, usual)


def range_of(picture: av.VideoFrame) -> ColorRange:
    """Full or limited."""
    full = picture.color_range == ColorRange.JPEG or picture.format.name.startswith("yuvj")
    return ColorRange.JPEG if full else ColorRange.MPEG


def i420(picture: av.VideoFrame, usual: Colorspace | None = None, turn: Turn = UPRIGHT) -> Bytes:
    """Upright planes of a decoded picture as (H * 3 // 2, W) uint8, in BT.601, limited range.

    OpenCV expects I420 in this form, and livecam's movies are marked so; HD cameras send BT.709,
    and some of them full range. `usual` is the matrix of a picture that names none, `turn` makes
    it upright. Sides are cut to even numbers.
    """
    width, height = picture.width & ~1, picture.height & ~1
    converted = picture.reformat(
        width,
        height,
        "yuv420p",
        src_colorspace=matrix_of(picture, usual),
        dst_colorspace=Colorspace.ITU601,
        src_color_range=range_of(picture),
        dst_color_range=ColorRange.MPEG,
    )
    planes: Bytes = converted.to_ndarray()  # type: ignore[assignment]
    if turn == UPRIGHT:
        return planes
    chroma = planes[height:].reshape(2, height // 2, width // 2)
    turned = [turn.apply(plane) for plane in (planes[:height], *chroma)]
    return np.concatenate([p.reshape(-1) for p in turned]).reshape(-1, turned[0].shape[1])
