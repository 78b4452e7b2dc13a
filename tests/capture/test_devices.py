import os
from fractions import Fraction

import pytest

from livecam.capture.devices import Device, find_device, is_infrared, list_devices, numbered
from livecam.capture.ffmpeg_modes import parse_modes, parse_names, twin_options
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
MAC_LIST = """\
AVFoundation video devices:
[0] C922 Pro Stream Webcam
[1] FaceTime HD Camera
[2] Capture screen 0
AVFoundation audio devices:
[0] MacBook Pro Microphone
"""


def test_modes_of_a_windows_camera():
    first, second = parse_modes(DSHOW)
    assert (first.codec, first.size_wh) == ("mjpeg", (1280, 720))
    assert [float(rate) for rate in first.rates_hz] == [pytest.approx(30, abs=1e-4), 5]
    assert second.codec == "yuyv422"
    assert float(second.rates_hz[0]) == pytest.approx(29.97, abs=0.001)


def test_modes_of_a_mac():
    first, second = parse_modes(AVFOUNDATION)
    assert (first.codec, first.size_wh, first.rates_hz) == ("nv12", (1280, 720), (30,))
    assert second.rates_hz == (Fraction(30000, 1001),)


@pytest.mark.parametrize("wanted", [15, 24, 25, 30, 60])
@pytest.mark.parametrize(
    ("fastest", "slowest"),
    [
        (333333, 2000000), (166667, 666667), (166666, 333333), (166667, 166667), (333667, 333667),
        (166833, 166833), (333333, 666666), (416667, 416667), (400000, 400000), (333334, 333334),
    ],
)  # fmt: skip
def test_ffmpeg_takes_the_rate_that_is_asked_for_on_windows(fastest, slowest, wanted):
    """It prints intervals of 100 ns as rates, and compares in intervals again."""
    shortest, longest = f"fps={1e7 / fastest:g}", f"fps={1e7 / slowest:g}"
    (mode,) = parse_modes(f"  vcodec=mjpeg  min s=640x480 {longest} max s=640x480 {shortest}\n")
    rate_hz = mode.rate_for(Fraction(wanted))
    assert fastest <= 10_000_000 * rate_hz.denominator // rate_hz.numerator <= slowest
    possible = [rate for rate in (1e7 / fastest, 1e7 / slowest) if rate >= wanted * 0.998]
    assert float(rate_hz) <= max(wanted + 0.01, min(possible, default=1e7 / fastest) + 0.01)


@pytest.mark.parametrize("wanted", [1, 15, 24, 30, 60])
@pytest.mark.parametrize("highest", ["30.000000", "29.970000", "30.000030", "60.000240"])
def test_a_mac_is_asked_for_the_top_of_a_range_which_alone_it_takes(highest, wanted):
    (mode,) = parse_modes(f"  1280x720@[1.000000 {highest}]fps")
    assert float(mode.rate_for(Fraction(wanted))) == pytest.approx(float(highest), abs=0.01)


def test_a_rate_a_thousandth_below_is_the_rate_that_was_wanted():
    mode = Mode("mjpeg", (1280, 720), (Fraction(60), Fraction(30000, 1001)))
    assert mode.rate_for(Fraction(30)) == Fraction(30000, 1001)


def test_a_mac_counts_its_cameras_as_ffmpeg_does_and_screens_are_none():
    assert parse_names(MAC_LIST) == [(0, "C922 Pro Stream Webcam"), (1, "FaceTime HD Camera")]
    assert parse_names("Input/output error") == []


def test_two_cameras_of_one_name_are_two_on_windows(monkeypatch):
    monkeypatch.setattr("sys.platform", "win32")
    first, other, second = numbered([(0, "HD Webcam"), (1, "Microscope"), (2, "HD Webcam")])
    assert [twin_options(device.twin) for device in (first, other, second)] == [
        {}, {}, {"video_device_number": "1"},
    ]  # fmt: skip
    assert first.path == second.path == "video=HD Webcam"


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
