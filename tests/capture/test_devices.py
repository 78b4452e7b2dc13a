from fractions import Fraction

import pytest

from livecam.capture.devices import find_device, list_devices, parse_modes
from livecam.capture.webcam import device_options
from livecam.errors import CameraError, ExitCode

V4L2 = """\
[video4linux2,v4l2 @ 0x5] Raw       :     yuyv422 :           YUYV 4:2:2 : 640x480 1280x720
[video4linux2,v4l2 @ 0x5] Compressed:       mjpeg :          Motion-JPEG : 1280x720 1920x1080
"""
DSHOW = """\
[dshow @ 0x1]   vcodec=mjpeg  min s=1280x720 fps=5 max s=1280x720 fps=30
[dshow @ 0x1]   pixel_format=yuyv422  min s=640x480 fps=5 max s=640x480 fps=29.97
"""


def test_modes_of_a_linux_camera():
    assert [(m.codec, m.size_wh) for m in parse_modes(V4L2)] == [
        ("yuyv422", (640, 480)),
        ("yuyv422", (1280, 720)),
        ("mjpeg", (1280, 720)),
        ("mjpeg", (1920, 1080)),
    ]


def test_modes_of_a_windows_camera():
    first, second = parse_modes(DSHOW)
    assert (first.codec, first.size_wh, first.rate_hz) == ("mjpeg", (1280, 720), 30)
    assert float(second.rate_hz) == pytest.approx(29.97, abs=0.001)


def test_what_ffmpeg_is_asked_for():
    linux = device_options("v4l2", (1280, 720), Fraction(30), compressed=True)
    assert linux == {"video_size": "1280x720", "framerate": "30", "input_format": "mjpeg"}
    assert "input_format" not in device_options("v4l2", (640, 480), Fraction(15), compressed=False)
    assert (
        device_options("dshow", (1280, 720), Fraction(30), compressed=True)["rtbufsize"] == "256M"
    )
    assert (
        device_options("avfoundation", (1280, 720), Fraction(30), True)["drop_late_frames"] == "0"
    )


@pytest.mark.skipif(bool(list_devices()), reason="this machine has a camera")
def test_no_camera_is_said_with_a_way_out():
    with pytest.raises(CameraError, match="no camera found") as caught:
        find_device("0")
    assert caught.value.exit_code == ExitCode.NO_CAMERA
    assert "--camera demo" in caught.value.hint
