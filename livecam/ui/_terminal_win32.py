"""Keys on Windows. It has no job control."""

from __future__ import annotations

import ctypes
import msvcrt
import sys
import threading
from typing import TYPE_CHECKING

from livecam.timebase import now_ns

if TYPE_CHECKING:
    from collections.abc import Callable

NAMES = {"H": "up", "P": "down", "M": "right", "K": "left", "G": "home", "O": "end"}
"""Keys by the second half of their codes."""
POLL_S = 0.005
"""Nothing can wait for the console and for `close` at once; a press is late by half of this."""


class Keyboard:
    """Reads single keys, each stamped when it is read."""

    def __init__(
        self, on_key: Callable[[str, int], None], on_gone: Callable[[], None] = lambda: None
    ) -> None:
        """The keyboard's thread calls `on_key(key, t_ns)`. `on_gone` is never called here."""
        self._on_key, self._on_gone = on_key, on_gone
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def exists(self) -> bool:
        """False where there is no terminal to read keys from."""
        return sys.stdin is not None and sys.stdin.isatty()

    def open(self) -> None:
        """Begin to read."""
        if self.exists:
            self._thread = threading.Thread(target=self._read, name="keys")
            self._thread.start()

    def ask(self, question: str, end: bytes, timeout_s: float) -> str:  # noqa: ARG002
        """Return "": consoles are not asked."""
        return ""

    def grab(self) -> None:
        """Nothing to switch."""

    def release(self) -> None:
        """Nothing to switch back."""

    def close(self) -> None:
        """Stop reading. May be called twice."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _read(self) -> None:
        while not self._closed.wait(POLL_S):
            while msvcrt.kbhit():  # type: ignore[attr-defined,unused-ignore]
                key = msvcrt.getwch()  # type: ignore[attr-defined,unused-ignore]
                if key in ("\0", "\xe0"):
                    code = msvcrt.getwch()  # type: ignore[attr-defined,unused-ignore]
                    if code in NAMES:
                        self._on_key(NAMES[code], now_ns())
                else:
                    self._on_key(key, now_ns())


def enable_escapes() -> None:
    """Let the console obey escape sequences, which older ones do not by themselves."""
    kernel32 = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
    handle = kernel32.GetStdHandle(-11)  # standard output
    mode = ctypes.c_uint32()
    if kernel32.GetConsoleMode(handle, ctypes.byref(mode)):
        kernel32.SetConsoleMode(handle, mode.value | 4)  # ENABLE_VIRTUAL_TERMINAL_PROCESSING


def suspend() -> None:
    """Never called: there is no Ctrl-Z."""
