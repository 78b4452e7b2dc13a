"""A cache of files that can be made again, in the user's cache folder, up to a total size."""

from __future__ import annotations

import contextlib
import os
import threading
import uuid
from typing import TYPE_CHECKING

from livecam.directories import cache_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MOST_BYTES = 1_000_000_000
"""Some thousand thumbnails and a few hundred movies."""
SWEEP_EVERY = 50_000_000
"""Bytes that may be written between two checks of the total size."""


def default_folder() -> Path:
    """The folder for the page's cache in the user's cache folder. Raises LivecamError."""
    return cache_folder() / "review"


class Cache:
    """Files by name. Safe from any thread: each file is made once, by the first that asks."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        self._folder, self._most = folder, most_bytes
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()
        self._since_sweep = SWEEP_EVERY

    def get(self, name: str, make: Callable[[Path], None]) -> Path:
        """The path of the file with this name; if it is missing, `make` writes it.

        `make` gets the path to write to. What it raises is passed on, and nothing is kept. Raises
        OSError.
        """
        path = self._folder / name[:2] / name
        with self._lock:
            lock = self._locks.setdefault(name, threading.Lock())
        with lock:
            if path.is_file():
                os.utime(path)  # just used, so removed last
            else:
                self._make(path, make)
        with self._lock:
            self._locks.pop(name, None)
        return path

    def _make(self, path: Path, make: Callable[[Path], None]) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        hidden = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
        try:
            make(hidden)
            size = hidden.stat().st_size
            hidden.replace(path)
        finally:
            hidden.unlink(missing_ok=True)
        with self._lock:
            self._since_sweep += size
            is_due = self._since_sweep >= SWEEP_EVERY
            if is_due:
                self._since_sweep = 0
        if is_due:
            self._sweep(path)

    def _sweep(self, keep: Path) -> None:
        """Remove the least recently used files, but not `keep`, until the rest fits."""
        found = []
        for path in self._folder.glob("??/*"):
            try:
                stat = path.stat()
            except OSError:
                continue
            found.append((stat.st_mtime_ns, stat.st_size, path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found, key=lambda one: one[0]):
            if total <= self._most:
                return
            if path != keep:
                with contextlib.suppress(OSError):  # Windows keeps what is being sent
                    path.unlink(missing_ok=True)
                total -= size
