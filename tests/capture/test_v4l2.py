"""What Linux's drivers say, and what is made of it, without a device."""

from __future__ import annotations

import sys
from fractions import Fraction

import pytest

if sys.platform != "linux":
    pytest.skip("V4L2 is Linux's", allow_module_level=True)

import errno

import av
import numpy as np

from livecam.capture import v4l2, v4l2_abi
from livecam.capture.modes import COMPRESSED
from livecam.capture.v4l2_webcam import SequenceNumbers, _fill, _least_bytes
from livecam.timebase import to_ns


def indices(steps: list[int], every_s: float = 1 / 30) -> tuple[list[int], bool]:
    numbers, sequence, found = SequenceNumbers(Fraction(30)), 7, []
    for i, step in enumerate([0, *steps]):
        sequence = (sequence + step) % (1 << 32)
        found.append(numbers.index_of(sequence, to_ns(i * every_s)))
    return found, numbers.are_trusted


def test_a_hole_in_a_drivers_numbers_is_a_lost_frame():
    assert indices([1, 1, 3, 1]) == ([0, 1, 2, 5, 6], True)


def test_a_driver_that_numbers_nothing_is_not_believed():
    assert indices([0, 0, 0]) == ([0, 1, 2, 3], False)
    assert indices([1, 1, -90, 1])[1] is False


def test_numbers_may_run_over():
    numbers = SequenceNumbers(Fraction(30))
    placed = [
        numbers.index_of(n % (1 << 32), to_ns(n / 30)) for n in range((1 << 32) - 2, (1 << 32) + 2)
    ]
    assert placed == [0, 1, 2, 3]
    assert numbers.are_trusted


def test_a_loss_in_a_burst_counts_although_its_stamps_lie_close():
    found, _ = indices([1] * 10 + [3] + [1] * 10, every_s=0.002)
    assert found[-1] == 23


def test_no_more_frames_are_lost_than_there_was_time_for():
    found, _ = indices([2] * 300)
    assert found[-1] <= 300 + 32


@pytest.mark.parametrize(
    ("card", "name"),
    [
        ("HD Webcam: HD Webcam", "HD Webcam"),
        ("Integrated Camera: Integrated C", "Integrated Camera"),
        ("UVC Camera (046d:0825)", "UVC Camera (046d:0825)"),
        ("Vendor: Model", "Vendor: Model"),
    ],
)
def test_a_name_is_said_once(card, name):
    assert v4l2._short(card) == name


@pytest.mark.parametrize(
    ("colorspace", "encoding", "quantization", "expected"),
    [
        (8, 0, 0, (False, False)),  # sRGB, as USB cameras say nothing
        (8, 1, 2, (False, False)),
        (3, 0, 0, (True, False)),  # BT.709
        (7, 0, 0, (False, True)),  # JPEG
        (8, 2, 1, (True, True)),
    ],
)
def test_colours_follow_from_what_is_declared(colorspace, encoding, quantization, expected):
    pix = v4l2_abi.PixFormat(colorspace=colorspace, ycbcr_enc=encoding, quantization=quantization)
    assert v4l2._colours(pix) == expected


@pytest.mark.parametrize("codec", sorted(set(v4l2.CODECS.values()) - set(COMPRESSED)))
def test_raw_pictures_with_padded_rows_come_out_whole(codec):
    """Through PyAV and back, against PyAV's own conversion."""
    image = np.random.default_rng(1).integers(0, 255, (48, 66, 3), np.uint8)
    picture = av.VideoFrame.from_ndarray(image, "rgb24").reformat(format=codec)
    # A driver's layout: planes one behind the other, rows padded to a common stride.
    planar = codec in ("yuv420p", "yuv422p")
    stride = picture.planes[0].line_size + 64
    rows = []
    for number, plane in enumerate(picture.planes):
        content = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        padded = np.zeros((plane.height, stride // 2 if number and planar else stride), np.uint8)
        length = min(padded.shape[1], plane.line_size)
        padded[:, :length] = content[: plane.height, :length]
        rows.append(padded.reshape(-1))
    data = np.concatenate(rows)
    assert data.size == _least_bytes(codec, stride, 48)
    filled = av.VideoFrame(66, 48, codec)
    _fill(filled, data, stride)
    assert (filled.to_rgb().to_ndarray() == picture.to_rgb().to_ndarray()).all()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EBUSY, "close other programs"),
        (errno.ENODEV, "was it unplugged?"),
        (errno.ENOSPC, "another USB port"),
        (errno.ENOTTY, "it is no camera"),
        (errno.EINVAL, "livecam devices"),
    ],
)
def test_each_cause_has_its_own_hint(number, words):
    error = v4l2.open_error("/dev/video0", "HD Webcam", OSError(number, ""))
    assert error.message.startswith("cannot open HD Webcam: ")
    assert words in error.hint


def test_the_sound_card_of_a_camera_is_that_of_its_usb_device(tmp_path, monkeypatch):
    """Two webcams of one kind, of which only the second has a microphone."""
    monkeypatch.setattr(v4l2, "SYSFS", tmp_path / "class")
    for number, port in enumerate(("1-1", "1-2")):
        interface = tmp_path / "devices" / port / f"{port}:1.0"
        interface.mkdir(parents=True)
        node = tmp_path / "class" / f"video{number}"
        node.mkdir(parents=True)
        (node / "device").symlink_to(interface)
    (tmp_path / "devices" / "1-2" / "1-2:1.2" / "sound" / "card3").mkdir(parents=True)
    assert v4l2.sound_card_of("/dev/video0") is None
    assert v4l2.sound_card_of("/dev/video1") == 3
    assert v4l2.sound_card_of("/dev/video9") is None
