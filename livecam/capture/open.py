"""Opens whatever `--camera` names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from livecam.capture.source import CameraRequest
from livecam.errors import InputError

if TYPE_CHECKING:
    from livecam.capture.source import FrameSource

DEFAULT_CAMERA = "0"


def open_source(spec: str = DEFAULT_CAMERA, request: CameraRequest | None = None) -> FrameSource:
    """Open a camera: `demo`, an address, a video file, an index or part of a name.

    Raises CameraError, InputError (a file) or UsageError (an address or a demo option).
    """
    request = request or CameraRequest()
    if spec == "demo" or spec.startswith("demo:"):
        from livecam.demo.camera import DemoCamera, DemoOptions

        return DemoCamera(DemoOptions.parse(spec.partition(":")[2]), request)
    if "://" in spec:
        from livecam.capture.network import NetworkCamera

        return NetworkCamera(spec)
    path = Path(spec)
    if path.is_file():
        from livecam.capture.video_file import VideoFile

        return VideoFile(path)
    if path.suffix and ("/" in spec or "\\" in spec) and not path.exists():
        raise InputError(f"there is no file {spec}")
    from livecam.capture.devices import find_device
    from livecam.capture.webcam import open_webcam

    return open_webcam(find_device(spec), request)
