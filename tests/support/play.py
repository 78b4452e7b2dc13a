"""Plays sound into the pipe of a PulseAudio pipe source, in real time, a millisecond at a time."""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

RATE_HZ = 48_000
CHUNK = RATE_HZ // 1000
POLL_S = 0.1
"""How long it takes at most until `stop` is noticed."""

Wave = Callable[[np.ndarray], np.ndarray]
"""Seconds since the start to samples, -1..1."""


def play(fifo: Path, start_ns: int, wave: Wave, stop: threading.Event | None = None) -> None:
    """Write until told to stop; sample 0 belongs to the monotonic instant `start_ns`.

    A pipe that nobody reads, or that nobody has open any more, does not block this.
    """
    stop = stop or threading.Event()
    # For reading too: then opening does not wait for a reader, and writing finds the pipe open.
    descriptor = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    try:
        first = (time.monotonic_ns() - start_ns) * RATE_HZ // 1_000_000_000
        while not stop.is_set():
            samples = wave((first + np.arange(CHUNK)) / RATE_HZ)
            first += CHUNK
            due_ns = start_ns + first * 1_000_000_000 // RATE_HZ
            time.sleep(max(0, due_ns - time.monotonic_ns()) / 1e9)
            rest = (samples * 32767).astype("<i2").tobytes()
            while rest and not stop.is_set():
                if select.select([], [descriptor], [], POLL_S)[1]:
                    rest = rest[os.write(descriptor, rest) :]
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def playing(fifo: Path, wave: Wave) -> Iterator[None]:
    """Play in another thread while the test runs."""
    stop = threading.Event()
    thread = threading.Thread(target=play, args=(fifo, time.monotonic_ns(), wave, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10 * POLL_S + 1)
        assert not thread.is_alive()
