"""A microphone that falls silent is opened again; what it never says is told."""

from __future__ import annotations

import queue

import numpy as np
import pytest

from livecam.capture.sound_ring import SoundRing
from livecam.errors import MicrophoneError
from livecam.live import sound_watch
from livecam.live.sound_watch import MicrophoneBack, MicrophoneLost, OnlyZeros, SoundWatch
from livecam.timebase import now_ns

SOUND = np.full((480, 1), 5, np.int16)


class Plugged:
    """A microphone whose cable the test holds."""

    name, rate_hz, channels = "a microphone", 48_000, 1

    def __init__(self, ring: SoundRing) -> None:
        self.ring, self.is_in, self.opened = ring, True, 0

    def start(self, ring: SoundRing) -> None: ...

    def problem(self) -> str:
        return "" if self.is_in else "it stopped"

    def reopen(self) -> None:
        self.opened += 1
        if self.opened < 2:
            raise MicrophoneError("not there yet")
        self.is_in = True
        self.ring.append(SOUND, now_ns())

    def close(self) -> None: ...


@pytest.fixture
def watched(monkeypatch):
    monkeypatch.setattr(sound_watch, "FIRST_RETRY_S", 0.01)
    ring, told = SoundRing(1.0, 48_000, 1), queue.Queue()
    microphone = Plugged(ring)
    watch = SoundWatch(microphone, ring, told.put)
    yield microphone, ring, told, watch
    watch.close()


def test_it_is_said_and_opened_until_it_is_back(watched):
    microphone, ring, told, watch = watched
    ring.append(SOUND, now_ns())
    watch.start()
    microphone.is_in = False
    assert told.get(timeout=10) == MicrophoneLost("it stopped")
    back = told.get(timeout=10)
    assert isinstance(back, MicrophoneBack)
    assert microphone.opened == 2, "the first time it was not there yet"


def test_nothing_but_zeros_is_no_quiet_room(watched, monkeypatch):
    _, ring, told, watch = watched
    monkeypatch.setattr(sound_watch, "ZEROS_NS", 1)
    ring.append(np.zeros((480, 1), np.int16), now_ns())
    watch.start()
    assert told.get(timeout=10) == OnlyZeros("a microphone")
