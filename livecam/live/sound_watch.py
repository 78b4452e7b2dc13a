"""Notices that a microphone falls silent, and opens it again.

A thread of its own, *sound*: opening a microphone can take a second, and neither the camera nor a
moment may wait for it.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livecam.errors import MicrophoneError
from livecam.timebase import now_ns, to_ns, to_s

if TYPE_CHECKING:
    from collections.abc import Callable

    from livecam.capture.microphone import MicrophoneDevice
    from livecam.capture.sound_ring import SoundRing

LOOK_S = 0.25
FIRST_RETRY_S, LONGEST_RETRY_S = 1.0, 10.0
"""Delay before a lost microphone is opened again: from the first to the longest, doubled each time.
Unlike a camera, most systems do not announce it."""
LOOKS = 3
"""So many looks in a row must find no sound: a program that was stopped finds none in the first."""
CLOSE_S = 2.0
"""How long closing waits for a microphone that is just being opened."""
START_NS = to_ns(3)
"""How long a microphone may take to give its first sound: sound servers take up to two seconds."""
ZEROS_NS = to_ns(5)
"""So long nothing but zeros is no quiet room, whose noise is never exactly zero: the microphone is
muted, or the system hands out silence because it does not allow livecam to listen (macOS)."""


@dataclass(frozen=True)
class MicrophoneLost:
    """No sound comes any more; the microphone is opened again and again."""

    why: str


@dataclass(frozen=True)
class MicrophoneBack:
    """Sound comes again."""

    name: str
    lost_ns: int
    """For how long it did not."""


@dataclass(frozen=True)
class OnlyZeros:
    """The microphone has given nothing but zeros so far."""

    name: str


SoundChange = MicrophoneLost | MicrophoneBack | OnlyZeros


class SoundWatch:
    """Watches one microphone from `start` to `close`."""

    def __init__(
        self, microphone: MicrophoneDevice, ring: SoundRing, tell: Callable[[SoundChange], None]
    ) -> None:
        """`tell` gets what happens, in this watch's own thread."""
        self._microphone, self._ring, self._tell = microphone, ring, tell
        self._ended = threading.Event()
        # A daemon: nothing can stop a thread that hangs in a sound system.
        self._thread = threading.Thread(target=self._watch, name="sound", daemon=True)

    def start(self) -> None:
        """Begin to watch a microphone that was started."""
        self._thread.start()

    def close(self) -> None:
        """Stop watching. The microphone is closed by whoever opened it."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_S)

    def _watch(self) -> None:
        begun_ns, has_told, silent = now_ns(), False, 0
        while not self._ended.wait(LOOK_S):
            heard_ns = self._ring.last_arrival_ns()
            if not has_told and heard_ns and not self._ring.is_ever_loud:
                has_told = now_ns() - begun_ns > ZEROS_NS
                if has_told:
                    self._tell(OnlyZeros(self._microphone.name))
            why = self._microphone.problem()
            is_due = heard_ns or now_ns() - begun_ns > START_NS
            silent = silent + 1 if why and is_due else 0
            if silent == LOOKS:
                self._wait_for_return(why, heard_ns or begun_ns)
                silent = 0

    def _wait_for_return(self, why: str, since_ns: int) -> None:
        """Open the microphone again until sound comes; it may come by itself, too."""
        self._tell(MicrophoneLost(why))
        delay_s, next_ns = FIRST_RETRY_S, now_ns() + to_ns(FIRST_RETRY_S)
        while not self._ended.wait(LOOK_S):
            if self._ring.last_arrival_ns() > since_ns and not self._microphone.problem():
                self._tell(MicrophoneBack(self._microphone.name, now_ns() - since_ns))
                return
            if now_ns() < next_ns:
                continue
            try:
                self._microphone.reopen()
                # It now has its time to give its first sound.
                delay_s = max(delay_s, to_s(START_NS))
            except MicrophoneError:
                delay_s = min(2 * delay_s, LONGEST_RETRY_S)
            next_ns = now_ns() + to_ns(delay_s)
