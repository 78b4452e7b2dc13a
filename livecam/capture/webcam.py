"""Opens a camera of this machine in one mode that exists."""

from __future__ import annotations

import errno
import sys
from typing import TYPE_CHECKING

from livecam.capture.devices import Device, list_modes
from livecam.capture.modes import USUAL_RATE_HZ, Mode, note_of, ranked
from livecam.errors import CameraError

if TYPE_CHECKING:
    from fractions import Fraction

    from livecam.capture.source import CameraRequest, FrameSource


def open_webcam(device: Device, request: CameraRequest) -> FrameSource:
    """Open a camera in the mode that fits the request best, and wait for its first picture.

    Its modes are read first, and one of them is opened: a driver that is asked for a mode that it
    does not have gives another, or an error that says nothing. Raises CameraError. On macOS this
    must run on the main thread (the permission prompt needs it).
    """
    modes = ranked(list_modes(device), request)
    if not modes:
        if sys.platform == "linux":
            _refuse_unread(device)
        from livecam.capture.opencv_webcam import OpenCvWebcam

        return OpenCvWebcam(device, request)
    wanted_hz = request.rate_hz or USUAL_RATE_HZ
    problem: CameraError | None = None
    # Where the bus has no room, because of a second camera on it, less may still fit.
    for mode in [modes[0]] if request.size_wh else modes:
        rate_hz = mode.rate_for(wanted_hz)
        try:
            note = note_of(request, mode.size_wh, rate_hz)
            return _open(device, mode, rate_hz, note, request.controls)
        except CameraError as err:
            problem = problem or err
            if not isinstance(err.__cause__, OSError) or err.__cause__.errno != errno.ENOSPC:
                break
    assert problem is not None
    # Without its traceback, which would keep the camera open.
    raise problem.with_traceback(None)


def _refuse_unread(device: Device) -> None:
    """Raise CameraError if all that a camera sends is of a kind that livecam does not read."""
    from livecam.capture.v4l2 import formats_of

    formats = formats_of(device.path)
    if formats:
        raise CameraError(
            f"{device.name} sends {' and '.join(formats)} only, which livecam does not read",
            "name another one with --camera; 'livecam devices' lists them",
        )


def _open(
    device: Device,
    mode: Mode,
    rate_hz: Fraction,
    note: str,
    controls: tuple[tuple[str, str], ...],
) -> FrameSource:
    if sys.platform == "linux":
        from livecam.capture.v4l2_webcam import V4l2Webcam

        return V4l2Webcam(device, mode, rate_hz, note, controls)
    from livecam.capture.av_webcam import AvWebcam

    return AvWebcam(device, mode, rate_hz, note)
