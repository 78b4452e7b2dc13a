"""Memory shared with other processes, and free memory given back to the system."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import threading
from multiprocessing.shared_memory import SharedMemory


def shared(size: int, name: str | None = None) -> SharedMemory:
    """Memory that other processes can open by its name. Raises OSError where there is no room.

    Its pages are allocated now. Linux would otherwise kill the program with SIGBUS, without a
    message, when a page is first written and `/dev/shm` is full: containers have 64 MB, or none.
    """
    memory = SharedMemory(name, create=True, size=size)
    if sys.platform == "linux":
        try:
            os.posix_fallocate(memory._fd, 0, size)  # type: ignore[attr-defined]
        except OSError:
            memory.close()
            memory.unlink()
            raise
    return memory


def release() -> None:
    """Give free memory that the C library (glibc) keeps back to the system: 5 to 20 ms.

    Pictures, encoders and models of a moment leave 100 MB of it behind, which would be counted as
    ours for as long as the program runs. Call it while no moment is in work, and never on the
    capture thread.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # other C libraries have no such call
            ctypes.CDLL("libc.so.6").malloc_trim(0)


class Allowance:
    """Bytes that threads may hold together. Safe to use from several threads."""

    def __init__(self, size: int) -> None:
        self._free, self._lock = size, threading.Lock()

    def take(self, size: int) -> bool:
        """Take bytes if they are free; return whether they were."""
        with self._lock:
            is_free = size <= self._free
            self._free -= size if is_free else 0
        return is_free

    def give(self, size: int) -> None:
        """Give back bytes that were taken."""
        with self._lock:
            self._free += size
