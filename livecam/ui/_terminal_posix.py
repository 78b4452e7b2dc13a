"""Keys and job control on Linux and macOS."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import stat
import sys
import termios
import threading
import tty
from typing import TYPE_CHECKING

from livecam.timebase import now_ns, to_ns, to_s
from livecam.ui.keys import PASTE_OFF, PASTE_ON, KeyReader

if TYPE_CHECKING:
    from collections.abc import Callable


class Keyboard:
    """Reads single keys, each stamped when it is read.

    Libraries that switch the terminal's mode for every key lose most of a quick series of presses.
    """

    def __init__(
        self, on_key: Callable[[str, int], None], on_gone: Callable[[], None] = lambda: None
    ) -> None:
        """The keyboard's thread calls `on_key(key, t_ns)`, and `on_gone` if the terminal goes."""
        self._on_key, self._on_gone = on_key, on_gone
        self._fd = _terminal()
        self._before: list[object] | None = None
        self._wake_read, self._wake_write = os.pipe()
        self._early = b""
        """What came while the terminal was asked something: its answer, and keys."""
        self._thread: threading.Thread | None = None

    @property
    def exists(self) -> bool:
        """False where there is no terminal to read keys from."""
        return self._fd is not None

    def open(self) -> None:
        """Begin to read keys, without Enter and without echo."""
        if self._fd is None:
            return
        self.grab()
        self._thread = threading.Thread(target=self._read, name="keys")
        self._thread.start()

    def ask(self, question: str, end: bytes, timeout_s: float) -> str:
        """Send the terminal a query, before `open`; return its answer up to the pattern `end`.

        "" where there is no terminal, or no answer in time. Keys pressed meanwhile are kept.
        """
        if self._fd is None or os.environ.get("TERM", "dumb") == "dumb":
            return ""
        self.grab()
        self._tell(question)
        answer, due_ns = b"", now_ns() + to_ns(timeout_s)
        while (found := re.search(end, answer)) is None and now_ns() < due_ns:
            ready, _, _ = select.select([self._fd], [], [], to_s(due_ns - now_ns()))
            data = os.read(self._fd, 4096) if ready else b""
            if not data:
                break
            answer += data
        self._early += answer
        return answer[: found.end()].decode(errors="ignore") if found is not None else ""

    def grab(self) -> None:
        """Switch the terminal to single keys; Ctrl-C and Ctrl-Z still send signals."""
        if self._fd is not None and self._before is None:
            self._before = termios.tcgetattr(self._fd)
            tty.setcbreak(self._fd, termios.TCSANOW)
            self._tell(PASTE_ON)

    def release(self) -> None:
        """Switch the terminal back."""
        if self._fd is not None and self._before is not None:
            before, self._before = self._before, None
            self._tell(PASTE_OFF)
            with contextlib.suppress(termios.error):  # the terminal may be gone
                termios.tcsetattr(self._fd, termios.TCSANOW, before)  # type: ignore[arg-type]

    def close(self) -> None:
        """Stop reading and switch the terminal back. May be called twice."""
        if self._thread is not None:
            os.write(self._wake_write, b"x")
            self._thread.join()
            self._thread = None
        self.release()

    def _tell(self, sequence: str) -> None:
        """Send a sequence to the terminal itself, wherever standard output goes."""
        if os.environ.get("TERM", "dumb") == "dumb" or self._fd is None:
            return
        # The terminal may be gone, or open for reading only.
        with contextlib.suppress(OSError):
            os.write(self._fd, sequence.encode())

    def _read(self) -> None:
        assert self._fd is not None
        reader = KeyReader(named=True)
        for key in reader.feed(self._early.decode(errors="ignore"), now_ns()):
            self._on_key(key, now_ns())
        while True:
            ready, _, _ = select.select([self._fd, self._wake_read], [], [])
            if self._wake_read in ready:
                return
            try:
                data = os.read(self._fd, 1024)
            except OSError:
                data = b""
            t_ns = now_ns()
            if not data:  # the terminal's window was closed
                self._on_gone()
                return
            for key in reader.feed(data.decode(errors="ignore"), t_ns):
                self._on_key(key, t_ns)


def enable_escapes() -> None:
    """Nothing to do: terminals obey escape sequences by themselves."""


def suspend() -> None:
    """Stop this process, as Ctrl-Z asks; return when it is continued in the foreground."""
    terminal = _terminal()
    os.kill(os.getpid(), signal.SIGSTOP)
    while terminal is not None and not _in_foreground(terminal):
        # Continued in the background, where a full-screen program has nothing to do.
        os.kill(os.getpid(), signal.SIGSTOP)


def _terminal() -> int | None:
    """Descriptor of standard input or, if that is a pipe, of the controlling terminal.

    None without a terminal, and for a job in the background: it may not touch the terminal's
    settings, and is stopped if it tries.
    """
    if sys.stdin is None:
        return None
    if sys.stdin.isatty():
        terminal = sys.stdin.fileno()
    elif stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
        try:
            terminal = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY)
        except OSError:
            return None
    else:
        return None
    return terminal if _in_foreground(terminal) else None


def _in_foreground(terminal: int) -> bool:
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
