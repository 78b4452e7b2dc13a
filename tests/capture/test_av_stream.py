"""Colours and orientation of what cameras and phones really send."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from livecam.cameras import open_source

BARS = [(192, 32, 32), (32, 192, 32), (32, 32, 192), (200, 180, 40), (128, 128, 128)]
"""Red, green, blue, yellow, gray; RGB."""


def bars_file(path, matrix: int, range_: int, size=(640, 360)):
    """A movie of colour bars, converted and tagged as asked."""
    image = np.zeros((size[1], size[0], 3), np.uint8)
    step = size[0] // len(BARS)
    for i, colour in enumerate(BARS):
        image[:, i * step : (i + 1) * step] = colour
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=30, options={"crf": "4"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        context = stream.codec_context
        context.colorspace, context.color_range = matrix, range_
        for i in range(5):
            picture = av.VideoFrame.from_ndarray(image, "rgb24").reformat(
                format="yuv420p", dst_colorspace={1: "ITU709", 6: "ITU601"}[matrix],
                dst_color_range={1: "MPEG", 2: "JPEG"}[range_],
            )  # fmt: skip
            picture.pts, picture.time_base = i, Fraction(1, 30)
            out.mux(stream.encode(picture))
        out.mux(stream.encode(None))
    return step


@pytest.mark.parametrize("matrix", [1, 6], ids=["BT.709", "BT.601"])
@pytest.mark.parametrize("range_", [1, 2], ids=["limited", "full"])
def test_colours_come_in_as_they_were(tmp_path, matrix, range_):
    step = bars_file(tmp_path / "bars.mp4", matrix, range_)
    with open_source(str(tmp_path / "bars.mp4")) as source:
        image = source.read().bgr()
    for i, colour in enumerate(BARS):
        middle = image[100:200, i * step + 30 : (i + 1) * step - 30]
        seen = middle.reshape(-1, 3).mean(axis=0)[::-1]
        assert np.abs(seen - colour).max() < 8, (colour, seen)


@pytest.mark.samples
@pytest.mark.parametrize(
    ("name", "size_wh"), [("IMG_4394.mov", (1440, 1920)), ("51F2BEF7.mov", (1080, 1440))]
)
def test_a_phones_movie_stands_upright(samples, name, size_wh):
    with open_source(str(samples / "livephotos" / name)) as source:
        frame = source.read()
    assert source.mode.size_wh == frame.size_wh == size_wh
    assert frame.bgr().shape == (size_wh[1], size_wh[0], 3)
