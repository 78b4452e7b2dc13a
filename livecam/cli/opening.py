"""Opens camera and microphone while the screen is drawn; with `--wait` until there is a camera."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING

from livecam.cameras import open_source
from livecam.capture.source import CameraRequest, FrameSource
from livecam.errors import CameraError, MicrophoneError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from livecam.capture.microphone import Microphone

    Devices = tuple[FrameSource, Microphone | None, str]
    """Camera, microphone, and why there is no microphone."""

WAIT_INTERVAL_S = 1.0
"""How often `--wait` looks for the camera."""


class Opening:
    """Camera and microphone on their way, in a thread of their own."""

    def __init__(
        self,
        args: argparse.Namespace,
        on_waiting: Callable[[str], None],
        on_done: Callable[[], None],
    ) -> None:
        """`on_waiting` is told why the camera is not there yet, each reason once."""
        self._args, self._on_waiting, self._on_done = args, on_waiting, on_done
        self._found: Future[Devices] = Future()
        self._left = threading.Event()

    def start(self) -> None:
        """Begin to open; on macOS, whose permission prompt needs the main thread, also finish."""
        if sys.platform == "darwin":
            self._work()
        else:
            # A daemon: a camera that another program holds may block for ever.
            threading.Thread(target=self._work, name="open", daemon=True).start()

    @property
    def is_done(self) -> bool:
        """Whether there is a result."""
        return self._found.done()

    def leave(self) -> None:
        """Stop waiting for the camera."""
        self._left.set()

    def result(self) -> Devices:
        """Return what was opened. Raises LivecamError if the camera cannot be opened."""
        return self._found.result()

    def _work(self) -> None:
        try:
            self._found.set_result(self._open_or_wait())
        except BaseException as err:  # noqa: BLE001 - handed to whoever asks for the result
            self._found.set_exception(err)
        self._on_done()

    def _open_or_wait(self) -> Devices:
        said = ""
        while True:
            try:
                return open_devices(self._args)
            except CameraError as err:
                if not self._args.wait or self._left.is_set():
                    raise
                if err.message != said:
                    said = err.message
                    self._on_waiting(said)
            if self._left.wait(WAIT_INTERVAL_S):
                raise CameraError("stopped waiting for the camera")


def open_devices(args: argparse.Namespace) -> Devices:
    """Open camera and microphone. Raises LivecamError if the camera cannot be opened."""
    source = open_source(args.camera, CameraRequest(args.size, args.fps, args.controls or ()))
    if args.no_audio:
        return source, None, "switched off"
    if args.mic is None:
        own = source.microphone()
        if own is not None:
            return source, own, ""
        if source.mode.backend == "file":
            return source, None, "the file has none"
    try:
        from livecam.capture.portaudio import SystemMicrophone

        return source, SystemMicrophone(args.mic), ""
    except MicrophoneError as err:
        return source, None, str(err)
