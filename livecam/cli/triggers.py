"""The ways to press the shutter without a key: a timetable, standard input, a signal."""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
from typing import TYPE_CHECKING

from livecam.errors import CameraError
from livecam.timebase import now_ns, to_ns, to_s

if TYPE_CHECKING:
    from livecam.live.session import Session


class Timetable(threading.Thread):
    """Presses when armed, then at even intervals from press to press, then ends the session."""

    def __init__(self, session: Session, shots: int, interval_s: float) -> None:
        super().__init__(name="timetable", daemon=True)
        self._session, self._shots, self._interval_ns = session, shots, to_ns(interval_s)
        self._wake = threading.Event()

    def run(self) -> None:
        """Press on time, whatever is still being saved."""
        session = self._session
        session.wait_until_armed()
        first_ns = now_ns()
        for shot in range(self._shots):
            due_ns = first_ns + shot * self._interval_ns
            while (left_ns := due_ns - now_ns()) > 0 and not session.is_ending:
                self._wake.wait(min(0.1, to_s(left_ns)))
            if session.press(due_ns) is None:
                if session.recorder.source_ended:
                    text = f"the camera ended after {shot} of {self._shots} shots"
                    session.fail(CameraError(text, "take a longer video, or fewer shots"))
                return
        session.finish()


class Lines(threading.Thread):
    """Presses for every line on standard input. The end of the input does not end the session."""

    def __init__(self, session: Session) -> None:
        # A daemon: nothing ends a read from a pipe that its writer keeps open.
        super().__init__(name="lines", daemon=True)
        self._session = session

    def run(self) -> None:
        """Read to the end."""
        # Not through Python's buffer: a read that never ends would hold its lock for ever, and the
        # interpreter would abort at exit.
        descriptor = sys.stdin.fileno()
        is_unfinished = False  # what a line says does not matter, and it may never end
        with contextlib.suppress(OSError):
            while data := os.read(descriptor, 4096):
                for _ in range(data.count(b"\n")):
                    self._session.press(now_ns())
                is_unfinished = not data.endswith(b"\n")
        if is_unfinished:  # a last line without an end
            self._session.press(now_ns())


class Stamps(threading.Thread):
    """Presses for instants that a signal handler queues, since it may not take a lock itself."""

    def __init__(self, session: Session) -> None:
        super().__init__(name="stamps", daemon=True)
        self._session = session
        self.queue: queue.SimpleQueue[int] = queue.SimpleQueue()

    def run(self) -> None:
        """Press until the program ends."""
        while True:
            self._session.press(self.queue.get())
