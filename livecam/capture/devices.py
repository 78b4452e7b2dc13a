"""The cameras of this machine: their names and their modes."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livecam.capture.address import without_secrets
from livecam.errors import CameraError

if TYPE_CHECKING:
    from livecam.capture.modes import Mode

os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")  # before cv2 is imported: it writes to the screen
os.environ.setdefault("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", "0")  # opens in seconds, not 20


BY_SERIAL = "usb:"
"""Before a serial number, for `--camera`."""
GREY_CODECS = frozenset({"gray"})
_INFRARED = re.compile(r"(?<![a-z])(ir|infra-?red|windows hello)(?![a-z])", re.IGNORECASE)


@dataclass(frozen=True)
class Device:
    """One camera."""

    index: int
    name: str
    path: str
    """/dev/video0 on Linux, and elsewhere how FFmpeg opens it: `video=Name`, or an index."""
    serial: str = ""
    """Serial number, or "" where unknown: identifies a camera that was plugged in elsewhere."""
    full_name: str = ""
    """The whole name that Linux's driver gives; "" on other systems."""
    port: str = ""
    """Where it is plugged in, as Linux's driver says: "usb-0000:00:14.0-2"; "" where unknown."""
    twin: int = 0
    """Which one it is of several of one name, where nothing else tells them apart: Windows."""

    @property
    def exact_name(self) -> str:
        """What `--camera` takes for this camera alone: its serial number, or its path."""
        return f"{BY_SERIAL}{self.serial}" if self.serial else self.path


def list_devices() -> list[Device]:
    """The cameras, in the system's order. Empty where there are none."""
    if sys.platform == "linux":
        from livecam.capture import v4l2

        return v4l2.list_devices()
    if sys.platform == "darwin":
        from livecam.capture.ffmpeg_modes import list_names

        # OpenCV sorts a Mac's cameras otherwise than FFmpeg, which opens them.
        if names := list_names():
            return [Device(index, name, str(index)) for index, name in names]
    return numbered(_opencv_names())


def numbered(names: list[tuple[int, str]]) -> list[Device]:
    """Windows's cameras, by OpenCV's numbers and names: those of one name are counted."""
    found: list[Device] = []
    for index, name in names:
        twin = sum(other.name == name for other in found)
        path = f"video={name}" if sys.platform == "win32" else str(index)
        found.append(Device(index, name, path, twin=twin))
    return found


def opencv_index(device: Device) -> int:
    """OpenCV's number of a camera."""
    if sys.platform != "darwin":
        return device.index
    alike = [index for index, name in _opencv_names() if name == device.name]
    return alike[0] if alike else device.index


def _opencv_names() -> list[tuple[int, str]]:
    from cv2_enumerate_cameras import enumerate_cameras

    # OpenCV adds a multiple of 100 for the backend.
    found = {info.index % 100: str(info.name) for info in enumerate_cameras(opencv_api())}
    return sorted(found.items())


def find_device(spec: str) -> Device:
    """A camera by index, path or part of its name. Raises CameraError."""
    devices = list_devices()
    if spec.startswith(BY_SERIAL):
        matching = [device for device in devices if device.exact_name == spec]
    elif spec.isdigit():
        matching = [device for device in devices if device.index == int(spec)]
    else:
        wanted = spec.casefold()
        matching = [
            device
            for device in devices
            if wanted in (device.name.casefold(), device.path.casefold())
        ]
        matching = matching or [
            device
            for device in devices
            if wanted in device.name.casefold() or wanted in device.full_name.casefold()
        ]
    if not matching and spec.startswith("/dev/") and os.path.exists(spec):
        real = os.path.realpath(spec)  # such as /dev/v4l/by-id/...
        matching = [device for device in devices if device.path == real]
        if not matching:
            raise CameraError(f"{spec} is no camera", "'livecam devices' lists those there are")
    if not matching:
        what = f"no camera '{without_secrets(spec)}'" if devices else "no camera found"
        hint = "see 'livecam devices', or try --camera demo" if devices else "try --camera demo"
        raise CameraError(what, hint)
    if len({(device.path, device.twin) for device in matching}) > 1:
        names = ", ".join(f"{one.index} = {one.name} ({one.exact_name})" for one in matching)
        raise CameraError(f"'{spec}' fits several cameras: {names}", "name one by its number")
    return matching[0]


def find_again(device: Device) -> Device:
    """The same camera, wherever it is plugged in now. Raises CameraError.

    A camera with a serial number is that one alone. Of one without, it is the one of its name in
    the same place, or the only one of its name that has no serial number either.
    """
    alike = [other for other in list_devices() if other.name == device.name]
    if device.serial:
        same = [other for other in alike if other.serial == device.serial]
    else:
        alike = [other for other in alike if not other.serial]
        place = device.port or device.path
        same = [other for other in alike if (other.port or other.path) == place]
        same = same or (alike if len(alike) == 1 else [])
    if not same:
        raise CameraError(f"{device.name} is not there", "plug it in again")
    return same[0]


def is_infrared(device: Device) -> bool:
    """Whether a camera, by its name or by its formats, sees no colour: laptops have one for faces.

    Raises nothing: a camera whose modes cannot be read is taken for a usual one.
    """
    if _INFRARED.search(device.name) or _INFRARED.search(device.full_name):
        return True
    try:
        modes = list_modes(device)
    except CameraError:
        return False
    return bool(modes) and all(mode.codec in GREY_CODECS for mode in modes)


def list_modes(device: Device) -> tuple[Mode, ...]:
    """What a camera can deliver; empty where the system does not tell. Raises CameraError."""
    if sys.platform == "linux":
        from livecam.capture import v4l2

        return v4l2.list_modes(device.path)
    from livecam.capture import ffmpeg_modes

    return ffmpeg_modes.list_modes(device.path, device.twin)


def opencv_api() -> int:
    """OpenCV's backend in which `Device.index` counts."""
    import cv2

    apis = {"linux": cv2.CAP_V4L2, "win32": cv2.CAP_DSHOW, "darwin": cv2.CAP_AVFOUNDATION}
    return apis.get(sys.platform, cv2.CAP_ANY)
