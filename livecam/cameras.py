"""Opens whatever `--camera` names."""

from __future__ import annotations

import contextlib
import sys
import threading
from concurrent.futures import Future
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from livecam.capture.address import without_secrets
from livecam.capture.source import CameraRequest
from livecam.errors import CameraError, InputError, UsageError

if TYPE_CHECKING:
    from livecam.capture.devices import Device
    from livecam.capture.source import FrameSource

NO_CAMERA_HINT = (
    "plug one in, name a phone's camera app by its address (--camera http://...), or try --camera"
    " demo; 'livecam doctor' looks for the reason, such as a missing permission"
)
GREY_LEVELS, BLACK_LEVEL = 3, 40
"""How far apart red, green and blue may be in a picture without colour (of 255; rounding makes 2),
and up to which level a picture is too dark to tell."""
OPEN_LIMIT_S = 25.0
"""A camera that has given no picture by then never will. On Windows, some take 20 s to open."""


def open_source(spec: str | None = None, request: CameraRequest | None = None) -> FrameSource:
    """Open a camera: `demo`, `pi`, an address, a video file, an index or part of a name.

    None is the first camera of this machine that gives pictures. Raises CameraError, InputError (a
    file) or UsageError (an address or a demo option).
    """
    request = request or CameraRequest()
    if spec is None:
        return _open_first(request)
    is_webcam = spec.partition(":")[0] not in ("demo", "pi") and "://" not in spec
    if request.controls and (sys.platform != "linux" or not is_webcam or Path(spec).is_file()):
        raise UsageError("--set is for a webcam on Linux", "leave it out for this camera")
    if spec == "demo" or spec.startswith("demo:"):
        from livecam.demo.camera import DemoCamera, DemoOptions

        return DemoCamera(DemoOptions.parse(spec.partition(":")[2]), request)
    if spec == "pi" or spec.startswith("pi:"):
        from livecam.capture.pi_camera import PiCamera

        return PiCamera(spec, request)
    if "://" in spec:
        from livecam.capture.network import NetworkCamera

        return NetworkCamera(spec)
    path = Path(spec)
    if path.is_file():
        from livecam.capture.video_file import VideoFile

        return VideoFile(path)
    is_path = "/" in spec or "\\" in spec
    if path.suffix and is_path and not path.exists() and not spec.startswith("/dev/"):
        raise InputError(f"there is no file {without_secrets(spec)}")
    from livecam.capture.devices import find_device

    return _open_in_time(find_device(spec), request)


def _open_first(request: CameraRequest) -> FrameSource:
    """Open the first camera that gives pictures in colour, else the first; raise the first problem.

    Infrared cameras come last, though many laptops count theirs first: those that are known by
    name or formats, and those whose first picture has no colour.
    """
    from livecam.capture.devices import is_infrared, list_devices

    problems: list[CameraError] = []
    devices = list_devices()
    infrared = [one for one in devices if len(devices) > 1 and is_infrared(one)]
    grey: list[Device] = []
    for device in [one for one in devices if one not in infrared]:
        try:
            source = _open_in_time(device, request)
        except CameraError as err:
            problems.append(err.with_traceback(None))
            continue
        if len(devices) > 1 and not _sees_colour(source):
            source.close()
            grey.append(device)
            continue
        for what, some in (("infrared camera", infrared), ("camera without colour", grey)):
            aside = [one for one in some if one.index < device.index]
            if aside:
                names = ", ".join(f"{one.index} ({one.name})" for one in aside)
                _add_note(source, f"{what} {names} is left aside")
        return source
    for device in [*grey, *infrared]:
        try:
            source = _open_in_time(device, request)
        except CameraError as err:
            problems.append(err.with_traceback(None))
            continue
        what = "an infrared camera" if device in infrared else "a picture without colour"
        _add_note(source, f"{what}: no other gives pictures")
        return source
    if find_spec("picamera2") is not None and not request.controls:
        from livecam.capture.pi_camera import PiCamera

        # A Pi's own nodes for its camera give nothing that could be shown.
        with contextlib.suppress(CameraError):
            return PiCamera("pi", request)
    if not problems:
        raise CameraError("no camera found", NO_CAMERA_HINT)
    raise problems[0]


def _sees_colour(source: FrameSource) -> bool:
    """Whether a camera's picture has any; True for one that is black, or cannot be told."""
    try:
        frame = source.read()
        if frame is None:
            return True
        picture = frame.bgr(8).astype(int)
    except (CameraError, ValueError):
        return True  # whoever reads on is told
    spread = picture.max(axis=2) - picture.min(axis=2)
    return bool(spread.max() > GREY_LEVELS or picture.max() <= BLACK_LEVEL)


def _add_note(source: FrameSource, note: str) -> None:
    source.mode = replace(source.mode, note="; ".join(filter(None, (source.mode.note, note))))


def _open_in_time(device: Device, request: CameraRequest) -> FrameSource:
    """Open a camera, or give up on it: some drivers never return."""
    from livecam.capture.webcam import open_webcam

    if sys.platform == "darwin":
        return open_webcam(device, request)  # the permission prompt needs the main thread
    opening: Future[FrameSource] = Future()

    def work() -> None:
        source, error = None, None
        try:
            source = open_webcam(device, request)
        except BaseException as err:  # noqa: BLE001 - handed to whoever asks for the result
            error = err.with_traceback(None)  # a traceback would keep the camera open
        if not opening.set_running_or_notify_cancel():
            if source is not None:
                source.close()  # too late: nobody waits any more
        elif source is not None:
            opening.set_result(source)
        else:
            opening.set_exception(error)

    threading.Thread(target=work, name="open-camera", daemon=True).start()
    try:
        return opening.result(OPEN_LIMIT_S)
    except TimeoutError:
        if not opening.cancel():
            return opening.result()
        raise CameraError(
            f"{device.name} does not open within {OPEN_LIMIT_S:.0f} s",
            "unplug it and plug it in again",
        ) from None
