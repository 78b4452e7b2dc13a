"""Maps the timestamps of a camera's frames to livecam's clock, or ignores bad ones."""

from __future__ import annotations

from collections import deque

import numpy as np

from livecam.timebase import NS_PER_S

SETTLE_FRAMES = 10
"""Frames before a camera's own timestamps are trusted: a third of a second."""
LATEST_NS = NS_PER_S
"""A frame that seems older than this when it arrives was not stamped by our clock."""
DRIFT_WINDOW = 300
"""Frames over which the offset follows a camera whose clock runs fast or slow."""


class SourceClock:
    """Maps a source's timestamps to the monotonic clock.

    A frame cannot arrive before it was taken, so the smallest `arrival - timestamp` seen is the
    offset between the clocks, plus the shortest delay. A frame's time is its arrival until the
    timestamps have been plausible for ten frames or more (evenly spaced, and at the rate at which
    frames arrive), and for ever once a timestamp was not later than the one before it.
    """

    def __init__(self) -> None:
        self._stamps: deque[int] = deque(maxlen=DRIFT_WINDOW)
        self._arrivals: deque[int] = deque(maxlen=DRIFT_WINDOW)
        self._last_ns: int | None = None
        self.trusted = False
        self._broken = False

    def time_of(self, stamp_ns: int | None, arrived_ns: int, *, is_monotonic: bool = False) -> int:
        """Capture time on the monotonic clock of a frame stamped `stamp_ns` by its source.

        `is_monotonic` says that the source claims to use the monotonic clock, as Linux's drivers
        do: then no offset has to be found, as long as the timestamp is plausible.
        """
        t_ns = arrived_ns
        if is_monotonic and stamp_ns is not None and 0 <= arrived_ns - stamp_ns <= LATEST_NS:
            t_ns = stamp_ns
        elif stamp_ns is not None and not self._broken:
            if self._stamps and stamp_ns <= self._stamps[-1]:
                self._broken = True
                self.trusted = False
            else:
                self._stamps.append(stamp_ns)
                self._arrivals.append(arrived_ns)
                if not self.trusted and len(self._stamps) >= SETTLE_FRAMES:
                    self.trusted = self._behaves()
                if self.trusted:
                    offsets = np.array(self._arrivals) - np.array(self._stamps)
                    t_ns = stamp_ns + int(offsets.min())
        # Two frames never share a time, whatever the clocks do.
        if self._last_ns is not None and t_ns <= self._last_ns:
            t_ns = self._last_ns + 1
        self._last_ns = t_ns
        return t_ns

    def _behaves(self) -> bool:
        stamps, arrivals = np.diff(self._stamps), np.diff(self._arrivals)
        span, arrived = stamps.sum(), arrivals.sum()
        # A demuxer that invents times (25 a second for any MJPEG stream) runs at another speed.
        return bool(stamps.std() <= arrivals.std() and abs(span - arrived) < 0.05 * arrived)
