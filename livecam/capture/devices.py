"""The cameras of this machine: their names and their modes."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from dataclasses import dataclass, field
from fractions import Fraction

from livecam.errors import CameraError

os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")  # before cv2 is imported: it writes to the screen
os.environ.setdefault("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", "0")  # opens in seconds, not 20

BACKENDS = {"linux": "v4l2", "win32": "dshow", "darwin": "avfoundation"}
"""FFmpeg's name for the cameras of each system."""


@dataclass(frozen=True)
class Mode:
    """One thing a camera can deliver."""

    codec: str
    """"mjpeg", or the name of a raw format such as "yuyv422"."""
    size_wh: tuple[int, int]
    rate_hz: Fraction | None
    """The highest rate, where the system says it."""

    def __str__(self) -> str:
        rate = f" {float(self.rate_hz):.4g}/s" if self.rate_hz else ""
        return f"{self.size_wh[0]}x{self.size_wh[1]} {self.codec}{rate}"


@dataclass(frozen=True)
class Device:
    """One camera."""

    index: int
    name: str
    path: str
    """How FFmpeg opens it: /dev/video0, `video=Name`, or an index."""
    modes: tuple[Mode, ...] = field(default=())


def list_devices() -> list[Device]:
    """The cameras, in the system's order. Empty where there are none."""
    from cv2_enumerate_cameras import enumerate_cameras

    found: dict[str, Device] = {}
    for info in enumerate_cameras(opencv_api()):
        path = _ffmpeg_path(info.index, info.name, info.path)
        # V4L2 names a camera's nodes one by one; elsewhere two cameras may share a name.
        key = path if sys.platform == "linux" else str(info.index)
        if key not in found:
            found[key] = Device(_plain_index(info.index), info.name, path)
    return sorted(found.values(), key=lambda device: device.index)


def find_device(spec: str) -> Device:
    """A camera by index, path or part of its name. Raises CameraError."""
    devices = list_devices()
    if spec.isdigit():
        matching = [device for device in devices if device.index == int(spec)]
        if not matching and sys.platform == "linux" and os.path.exists(f"/dev/video{spec}"):
            matching = [Device(int(spec), f"/dev/video{spec}", f"/dev/video{spec}")]
    else:
        wanted = spec.casefold()
        matching = [
            device
            for device in devices
            if wanted in (device.name.casefold(), device.path.casefold())
        ]
        matching = matching or [device for device in devices if wanted in device.name.casefold()]
    if not matching:
        what = f"no camera '{spec}'" if devices else "no camera found"
        hint = "see 'livecam devices', or try --camera demo" if devices else "try --camera demo"
        raise CameraError(what, hint)
    if len({device.path for device in matching}) > 1 and not spec.isdigit():
        names = ", ".join(f"{device.index} = {device.name}" for device in matching)
        raise CameraError(f"'{spec}' fits several cameras: {names}", "name one by its number")
    return matching[0]


def list_modes(device: Device) -> tuple[Mode, ...]:
    """What a camera can deliver, as FFmpeg reports it; empty where it does not."""
    import av

    backend = BACKENDS.get(sys.platform)
    if backend is None:
        return ()
    ask = {"v4l2": {"list_formats": "all"}, "dshow": {"list_options": "true"}}.get(backend, {})
    level = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        # Asked for a list, FFmpeg gives it and then always refuses to open.
        with av.logging.Capture() as lines, contextlib.suppress(av.FFmpegError, OSError):
            av.open(device.path, format=backend, options=ask).close()
    finally:
        av.logging.set_level(level)
    return parse_modes("".join(message for _, _, message in lines))


def parse_modes(text: str) -> tuple[Mode, ...]:
    """Modes from what FFmpeg's v4l2 or dshow prints."""
    modes: list[Mode] = []
    for line in text.splitlines():
        v4l2 = re.search(r"(Raw|Compressed)\s*:\s*(\S+)\s*:.*?:((?:\s+\d+x\d+)+)", line)
        dshow = re.search(r"(?:pixel_format|vcodec)=(\S+).*max s=(\d+)x(\d+) fps=([\d.]+)", line)
        if v4l2:
            for width, height in re.findall(r"(\d+)x(\d+)", v4l2[3]):
                modes.append(Mode(v4l2[2], (int(width), int(height)), None))
        elif dshow:
            rate = Fraction(dshow[4]).limit_denominator(1001)
            modes.append(Mode(dshow[1], (int(dshow[2]), int(dshow[3])), rate))
    return tuple(dict.fromkeys(modes))


def opencv_api() -> int:
    """The backend that the devices' numbers belong to."""
    import cv2

    apis = {"linux": cv2.CAP_V4L2, "win32": cv2.CAP_DSHOW, "darwin": cv2.CAP_AVFOUNDATION}
    return apis.get(sys.platform, cv2.CAP_ANY)


def _plain_index(index: int) -> int:
    """Without the backend, which OpenCV adds in hundreds (V4L2 is 200)."""
    return index % 100


def _ffmpeg_path(index: int, name: str, path: str | None) -> str:
    if sys.platform == "linux":
        return path or f"/dev/video{_plain_index(index)}"
    if sys.platform == "win32":
        return f"video={name}"
    return str(_plain_index(index))
