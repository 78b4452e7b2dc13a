"""Time as livecam keeps it: integer nanoseconds on the monotonic clock.

Every frame, sound sample and press is placed on this one clock. Wall time appears only where a
person or a file format reads it, through a `WallClock`. Each moment keeps the `WallClock` of its
press, so a system clock that is corrected during a session cannot pull a moment apart.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

NS_PER_S = 1_000_000_000

now_ns = time.monotonic_ns
"""The one clock. Linux kernels stamp V4L2 buffers with the same one (CLOCK_MONOTONIC)."""


def to_ns(seconds: float) -> int:
    """Seconds to integer nanoseconds."""
    return round(seconds * NS_PER_S)


def to_s(t_ns: int) -> float:
    """Integer nanoseconds to seconds, for people and files."""
    return t_ns / NS_PER_S


@dataclass(frozen=True)
class WallClock:
    """Maps monotonic nanoseconds to local date and time."""

    epoch_ns: int
    """Unix time at monotonic zero, in nanoseconds."""

    @classmethod
    def now(cls) -> WallClock:
        """Fix the mapping at this instant."""
        return cls(time.time_ns() - now_ns())

    def at(self, t_ns: int) -> datetime:
        """Local time, with its offset from UTC, of a monotonic instant."""
        seconds, rest_ns = divmod(self.epoch_ns + t_ns, NS_PER_S)
        return datetime.fromtimestamp(seconds).astimezone() + timedelta(
            microseconds=rest_ns // 1000
        )
