"""Keeps what native libraries print away from the screen.

OpenCV, TensorFlow Lite, ALSA and PortAudio write directly to file descriptor 2, bypassing Python.
"""

from __future__ import annotations

import contextlib
import io
import os
from typing import TYPE_CHECKING, TextIO

from livecam.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def redirected(log: Path | None) -> Iterator[TextIO]:
    """Redirect descriptor 2 to a log file (or nowhere); yield the real one. Raises OutputError."""
    try:
        target = os.open(log or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    except OSError as err:
        raise OutputError(f"cannot write the log {log}: {err.strerror}") from err
    kept = os.dup(2)
    os.dup2(target, 2)
    os.close(target)
    real = io.TextIOWrapper(io.FileIO(kept, "w", closefd=False), line_buffering=True)
    try:
        yield real
    finally:
        real.flush()
        os.dup2(kept, 2)
        os.close(kept)
