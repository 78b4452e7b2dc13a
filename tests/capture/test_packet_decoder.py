from __future__ import annotations

from fractions import Fraction
from typing import Any

import av
import numpy as np
import pytest
from av.video.reformatter import Colorspace

from livecam.capture.packet_decoder import PacketDecoder

WIDTH, HEIGHT = 128, 96
EVERY = 10
"""Pictures from key frame to key frame."""


def packets(codec: str, count: int) -> list[np.ndarray]:
    """Grey pictures, each a little lighter than the one before."""
    encoder: Any = av.CodecContext.create({"h264": "libx264", "hevc": "libx265"}[codec], "w")
    encoder.width, encoder.height = WIDTH, HEIGHT
    encoder.pix_fmt, encoder.time_base = "yuv420p", Fraction(1, 30)
    own = f"keyint={EVERY}:min-keyint={EVERY}:scenecut=0:bframes=0:repeat-headers=1"
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "10"}
    encoder.options |= {f"x26{4 if codec == 'h264' else 5}-params": own}
    made = []
    for i in range(count):
        planes = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
        planes[:HEIGHT] = level(i)
        picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        picture.pts = i
        made += encoder.encode(picture)
    made += encoder.encode(None)
    return [np.frombuffer(bytes(packet), np.uint8) for packet in made]


def level(number: int) -> int:
    return 40 + 4 * number


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_each_picture_has_the_label_of_its_packet_from_the_first_key_frame_on(codec):
    decoder: PacketDecoder[int] = PacketDecoder(codec, Colorspace.ITU601)
    found = []
    for number, packet in enumerate(packets(codec, 30)):
        if number >= 4:  # a camera is opened somewhere between two key frames
            found += decoder.decode(packet, number)
    assert [number for number, _ in found] == list(range(EVERY, 30))
    for number, planes in found:
        assert planes.shape == (HEIGHT * 3 // 2, WIDTH)
        assert np.median(planes[:HEIGHT]) == pytest.approx(level(number), abs=2)


@pytest.mark.parametrize("codec", ["h264", "hevc"])
def test_a_lost_and_a_damaged_packet_do_not_reach_beyond_the_next_key_frame(codec):
    decoder: PacketDecoder[int] = PacketDecoder(codec, Colorspace.ITU601)
    found = []
    for number, packet in enumerate(packets(codec, 40)):
        if number == 3:
            continue
        if number == 15:
            packet = np.zeros(20, np.uint8)
        found += decoder.decode(packet, number)
    numbers = [number for number, _ in found]
    assert numbers == sorted(set(numbers))
    assert set(range(20, 40)) <= set(numbers)
    assert 3 not in numbers
    assert 15 not in numbers
