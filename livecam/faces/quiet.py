"""Keeps what MediaPipe's native code prints while it loads away from standard error.

It writes to file descriptor 2, past Python, and no setting stops it. Commands redirect that
descriptor for good (`livecam.ui.native_output`); a program that imports livecam keeps its own.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

NOISE = re.compile(rb"INFO: Created TensorFlow|WARNING: All log messages before|[IW]\d{4} \d\d:")
"""How such lines begin; errors begin with E or F."""

_ALONE = threading.Lock()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hold back what is written to descriptor 2, and write all but the noise afterwards."""
    with _ALONE, contextlib.ExitStack() as stack:
        try:
            real = os.dup(2)
            stack.callback(os.close, real)
            held = stack.enter_context(tempfile.TemporaryFile())
        except OSError:  # standard error is closed, or no file can be made: then it is not quiet
            yield
            return
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(real, 2)
            held.seek(0)
            os.write(2, b"".join(line for line in held if not NOISE.match(line)))
