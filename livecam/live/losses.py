"""Counts lost frames, and never more than were lost."""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from livecam.timebase import NS_PER_S

if TYPE_CHECKING:
    from fractions import Fraction

    from livecam.frame import Frame

STEADY_FRAMES = 9
"""Intervals on each side of a gap that must be alike before the gap counts as a loss."""
STEADY_SHARE = 0.3
"""How far an interval may be from the usual one to be like it."""
MOST_UNLIKE = 1
"""Intervals on each side that need not be alike."""


class LossCounter:
    """Watches frames in their order.

    If the source numbers its frames, a missing number is a lost frame. If not, only times can tell,
    and often they cannot: frames that a busy machine takes late come in a burst after the gap, and
    a camera that slows down in the dark leaves one gap after the other. So a gap then counts only
    between two stretches of frames that come evenly, equally fast, and no faster than the camera.
    """

    def __init__(self, rate_hz: Fraction) -> None:
        """`rate_hz` is the camera's nominal rate."""
        self.lost = 0
        self._last_index: int | None = None
        self._times_ns: deque[int] = deque(maxlen=2 * STEADY_FRAMES + 2)
        self.start_anew(rate_hz)

    def start_anew(self, rate_hz: Fraction) -> None:
        """Start again with a source that was reopened: the time until then is no loss of frames."""
        self._shortest_ns = (1 - STEADY_SHARE) * NS_PER_S / rate_hz
        self._last_index = None
        self._times_ns.clear()

    def note(self, frame: Frame, *, is_numbered: bool) -> None:
        """Watch one frame; a gap in time is counted nine frames after its end."""
        if is_numbered:
            if self._last_index is not None:
                self.lost += max(0, frame.index - self._last_index - 1)
            self._last_index = frame.index
            return
        self._last_index = None
        self._times_ns.append(frame.t_ns)
        self.lost += self._missing_in_the_middle()

    def _missing_in_the_middle(self) -> int:
        times = list(self._times_ns)
        if len(times) < 2 * STEADY_FRAMES + 2:
            return 0
        intervals = [b - a for a, b in pairwise(times)]
        before, gap, after = (
            intervals[:STEADY_FRAMES],
            intervals[STEADY_FRAMES],
            intervals[STEADY_FRAMES + 1 :],
        )
        usual = median(before)
        if usual < self._shortest_ns or any(
            _unlike(side, usual) > MOST_UNLIKE for side in (before, after)
        ):
            return 0
        return max(0, round(gap / usual) - 1)


def _unlike(intervals: list[int], usual: float) -> int:
    return sum(abs(interval - usual) > STEADY_SHARE * usual for interval in intervals)
