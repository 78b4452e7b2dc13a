"""What presses the shutter besides a key: the timer, the burst and the automatic shutter."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from livecam.quality.explain import GREAT
from livecam.timebase import to_ns, to_s

if TYPE_CHECKING:
    from livecam.live.live_score import LiveScore

TIMERS_S = (3.0, 10.0)
"""What webcam programs and phones offer."""
GOOD_FOR_S = 0.5
"""How long the automatic shutter needs a live score that is called great: three readings."""
AUTOMATIC_EVERY_S = 5.0
BURST_EVERY_S = 1.0
"""Moments of three seconds share two thirds of their frames then."""


class SelfTimer:
    """Counts down to a press. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._length_s: float | None = None
        self._due_ns = 0

    def set_longer(self, t_ns: int) -> None:
        """Switch from no timer to 3 s, to 10 s, and to none again, counted from `t_ns`."""
        with self._lock:
            longer = [s for s in TIMERS_S if self._length_s is None or s > self._length_s]
            self._length_s = longer[0] if longer else None
            self._due_ns = t_ns + to_ns(self._length_s or 0.0)

    def stop(self) -> bool:
        """Stop counting; return whether it was counting."""
        with self._lock:
            was_counting = self._length_s is not None
            self._length_s = None
            return was_counting

    def left_s(self, t_ns: int) -> float | None:
        """Seconds until the press, 0 once it is due; None while the timer is off."""
        with self._lock:
            return None if self._length_s is None else max(0.0, to_s(self._due_ns - t_ns))


class Burst:
    """Presses again and again until it is stopped."""

    def __init__(self) -> None:
        self.is_on = False
        self._due_ns = 0

    def toggle(self) -> None:
        """Begin with the next `is_due`, or end."""
        self.is_on = not self.is_on
        self._due_ns = 0

    def is_due(self, t_ns: int) -> bool:
        """Whether to press now."""
        if not self.is_on or t_ns < self._due_ns:
            return False
        # At even intervals: a call that comes late does not shift the presses after it.
        late = t_ns - self._due_ns > to_ns(BURST_EVERY_S)
        self._due_ns = (t_ns if late else self._due_ns) + to_ns(BURST_EVERY_S)
        return True


class AutomaticShutter:
    """Presses when everyone has looked good for GOOD_FOR_S."""

    def __init__(self) -> None:
        self.is_on = False
        self._good_since_ns: int | None = None
        self._pressed_ns: int | None = None

    def is_due(self, live: LiveScore | None, t_ns: int, *, is_busy: bool) -> bool:
        """Whether to press now; `is_busy` while the moment before is still going on."""
        is_good = live is not None and live.faces > 0 and live.score >= GREAT
        if not self.is_on or is_busy or not is_good:
            self._good_since_ns = None
            return False
        if self._good_since_ns is None:
            self._good_since_ns = t_ns
        rested = self._pressed_ns is None or t_ns - self._pressed_ns >= to_ns(AUTOMATIC_EVERY_S)
        if not rested or t_ns - self._good_since_ns < to_ns(GOOD_FOR_S):
            return False
        self._pressed_ns, self._good_since_ns = t_ns, None
        return True
