"""Lines for the reader of our output, which may be slow, stop or go: nothing waits for it."""

from __future__ import annotations

import io
import os
import queue
import threading
from typing import TYPE_CHECKING

from livecam.timebase import now_ns, to_s
from livecam.ui.streams import discard

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO


class Outbox:
    """Writes lines in order, in a worker thread. `put` returns at once."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[tuple[TextIO, str]] = queue.SimpleQueue()
        self._change = threading.Condition()
        self._waiting = 0
        self._progress_ns = now_ns()
        self.is_read = True
        """Whether somebody can still read the output."""
        self._thread = threading.Thread(target=self._write_all, name="output", daemon=True)

    def put(self, line: str, out: TextIO) -> None:
        """Queue a line."""
        with self._change:
            if self._thread.ident is None:
                self._thread.start()
            if self._waiting == 0:
                self._progress_ns = now_ns()
            self._waiting += 1
        self._queue.put((out, f"{line}\n"))

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait until all is written, or nobody can read it any more; False on a time-out."""
        with self._change:
            return self._change.wait_for(lambda: not self._waiting or not self.is_read, timeout_s)

    @property
    def stalled_s(self) -> float:
        """Seconds since any of the waiting output was written."""
        return to_s(now_ns() - self._progress_ns)

    def _write_all(self) -> None:
        while True:
            out, text = self._queue.get()
            try:
                _write(out, text, self._progressed)
            except OSError:
                self.is_read = False
                discard(out)
            with self._change:
                self._waiting -= 1
                self._progressed()
                self._change.notify_all()

    def _progressed(self) -> None:
        self._progress_ns = now_ns()


def _write(out: TextIO, text: str, progressed: Callable[[], None]) -> None:
    if not isinstance(out, io.TextIOWrapper):
        out.write(text)
        out.flush()
        return
    # Not through Python's buffer: a write that never ends would hold its lock for ever, and the
    # interpreter would abort at exit.
    data = text.encode(out.encoding, out.errors or "strict")
    while data:
        data = data[os.write(out.fileno(), data) :]
        progressed()
