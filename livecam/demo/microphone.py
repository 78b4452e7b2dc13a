"""The drawn camera's microphone: sound in blocks of 10 ms, in real time."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from livecam.demo.voice import RATE_HZ
from livecam.timebase import NS_PER_S, now_ns

if TYPE_CHECKING:
    from livecam.capture.sound_ring import SoundRing
    from livecam.demo.voice import Voice

BLOCK = RATE_HZ // 100


class DemoMicrophone:
    """A `Microphone` that computes its sound."""

    name = "demo microphone"
    rate_hz = RATE_HZ
    channels = 1

    def __init__(self, voice: Voice, start_ns: int) -> None:
        """`start_ns`: the monotonic instant of the script's start."""
        self._voice, self._start_ns = voice, start_ns
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, ring: SoundRing) -> None:
        """Begin with the sample that is due now."""
        self._thread = threading.Thread(target=self._run, args=(ring,), name="demo-sound")
        self._thread.start()

    def problem(self) -> str:
        """It never has one."""
        return ""

    def close(self) -> None:
        """Stop and wait for the thread."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, ring: SoundRing) -> None:
        first = max(0, (now_ns() - self._start_ns) * RATE_HZ // NS_PER_S)
        while True:
            block = self._voice.samples(first, BLOCK)
            first += BLOCK
            due_ns = self._start_ns + first * NS_PER_S // RATE_HZ
            if self._closed.wait(max(0, due_ns - now_ns()) / NS_PER_S):
                return
            ring.append(block, now_ns())
