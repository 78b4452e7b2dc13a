import os
from fractions import Fraction

import pytest

from livecam.capture.devices import Device, find_device, is_infrared, list_devices
from livecam.capture.ffmpeg_modes import parse_modes
from livecam.capture.modes import Mode
from livecam.capture.portaudio import is_device
from livecam.errors import CameraError, ExitCode

DSHOW = """\
[dshow @ 0x1]   vcodec=mjpeg  min s=1280x720 fps=5 max s=1280x720 fps=30
[dshow @ 0x1]   pixel_format=yuyv422  min s=640x480 fps=5 max s=640x480 fps=29.97
"""
AVFOUNDATION = """\
[avfoundation @ 0x1] Selected video size (2x2) is not supported by the device.
[avfoundation @ 0x1] Supported modes:
[avfoundation @ 0x1]   1280x720@[15.000000 30.000000]fps
[avfoundation @ 0x1]   640x480@[29.970030 29.970030]fps
"""


def test_modes_of_a_windows_camera():
    first, second = parse_modes(DSHOW)
    assert (first.codec, first.size_wh, first.rates_hz) == ("mjpeg", (1280, 720), (30, 5))
    assert second.codec == "yuyv422"
    assert float(second.rates_hz[0]) == pytest.approx(29.97, abs=0.001)


def test_modes_of_a_mac():
    first, second = parse_modes(AVFOUNDATION)
    assert (first.codec, first.size_wh, first.rates_hz) == ("nv12", (1280, 720), (30, 15))
    assert second.rates_hz == (Fraction(30000, 1001),)


CAMERAS = [
    Device(0, "HD Webcam", "/dev/video0", "A1", "HD Webcam: HD Webcam"),
    Device(2, "Microscope", "/dev/video2"),
    Device(4, "HD Webcam", "/dev/video4", "B2", "HD Webcam: HD Webcam"),
]


@pytest.fixture
def cameras(monkeypatch):
    monkeypatch.setattr("livecam.capture.devices.list_devices", lambda: list(CAMERAS))


def test_cameras_of_one_name_are_told_apart_by_their_serial_numbers(cameras):
    assert find_device("usb:B2") is CAMERAS[2]
    assert find_device("usb:A1") is CAMERAS[0]
    with pytest.raises(CameraError, match="no camera 'usb:B3'"):
        find_device("usb:B3")


@pytest.mark.parametrize(
    ("name", "codecs", "expected"),
    [
        ("Integrated IR Camera", ["mjpeg"], True),
        ("Integrated_Webcam_HD: Infrared", ["yuyv422"], True),
        ("Integrated Camera: Integrated I", ["gray"], True),
        ("Integrated Camera: Integrated C", ["mjpeg", "gray"], False),
        ("Logitech Stirling", ["mjpeg"], False),
        ("Microscope", [], False),
    ],
)
def test_cameras_that_see_no_colour_are_known(monkeypatch, name, codecs, expected):
    modes = tuple(Mode(codec, (640, 360)) for codec in codecs)
    monkeypatch.setattr("livecam.capture.devices.list_modes", lambda _: modes)
    assert is_infrared(Device(0, name, "/dev/video0")) is expected


@pytest.mark.parametrize("spec", ["2", "/dev/video2", "microscope", "scope"])
def test_a_camera_is_found_by_number_path_or_name(cameras, spec):
    assert find_device(spec) is CAMERAS[1]


def test_a_name_that_fits_two_asks_for_a_number(cameras):
    with pytest.raises(CameraError, match=r"0 = HD Webcam \(usb:A1\), 4 = HD Webcam \(usb:B2\)"):
        find_device("hd webcam")


@pytest.mark.skipif(os.name != "posix", reason="/dev is POSIX")
def test_a_file_that_is_no_camera_is_said(cameras):
    with pytest.raises(CameraError, match="/dev/null is no camera"):
        find_device("/dev/null")


@pytest.mark.parametrize(
    ("name", "real"),
    [
        ("HDA Intel PCH: ALC257 Analog (hw:0,0)", True),
        ("pulse", True),
        ("default", True),
        ("surround51", False),
        ("sysdefault", False),
    ],
)
def test_plug_ins_of_alsa_are_no_microphones(name, real):
    assert is_device(name, "ALSA") is real
    assert is_device(name, "Core Audio"), "elsewhere every name is a device"


@pytest.mark.skipif(bool(list_devices()), reason="this machine has a camera")
@pytest.mark.parametrize("spec", ["0", "HD Webcam"])
def test_no_camera_is_said_with_a_way_out(spec):
    with pytest.raises(CameraError, match="no camera found") as caught:
        find_device(spec)
    assert caught.value.exit_code == ExitCode.NO_CAMERA
    assert "--camera demo" in caught.value.hint
