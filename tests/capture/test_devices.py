from fractions import Fraction

import pytest

from livecam.capture.devices import find_device, list_devices, parse_modes
from livecam.capture.frame import PixelFormat
from livecam.capture.source import CameraMode, FrameSource
from livecam.capture.webcam import device_options, first_fast_enough
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


class Driver:
    """What a camera's driver would accept, and the rate it would really give."""

    def __init__(self, rates: dict) -> None:
        self.rates, self.open = rates, []

    def __call__(self, mode) -> FrameSource:
        assert not self.open, "a camera opens once only"
        if mode not in self.rates:
            raise CameraError(f"no mode {mode}")
        driver = self

        class Opened(FrameSource):
            def read(self):
                return None

            def close(self):
                driver.open.remove(self)

        source = Opened()
        rate = Fraction(self.rates[mode])
        source.mode = CameraMode(mode[0], rate, PixelFormat.JPEG, "", "")
        self.open.append(source)
        return source


HD, VGA = (1280, 720), (640, 480)
MODES = [(HD, True), (VGA, True), (HD, False), (VGA, False)]


@pytest.mark.parametrize(
    ("rates", "chosen"),
    [
        ({(HD, True): 30, (HD, False): 10, (VGA, False): 30}, (HD, 30)),
        ({(HD, False): 10, (VGA, False): 30}, (VGA, 30)),
        ({(HD, False): 10, (VGA, False): 15}, (VGA, 15)),
        ({(HD, True): 25}, (HD, 25)),
    ],
)
def test_the_first_mode_that_is_fast_enough_is_taken(rates, chosen):
    source = first_fast_enough(MODES, Driver(rates), Fraction(30))
    assert (source.mode.size_wh, source.mode.rate_hz) == chosen


def test_a_camera_that_takes_no_mode_says_why():
    with pytest.raises(CameraError, match="no mode"):
        first_fast_enough(MODES, Driver({}), Fraction(30))


@pytest.mark.skipif(bool(list_devices()), reason="this machine has a camera")
def test_no_camera_is_said_with_a_way_out():
    with pytest.raises(CameraError, match="no camera found") as caught:
        find_device("0")
    assert caught.value.exit_code == ExitCode.NO_CAMERA
    assert "--camera demo" in caught.value.hint
