"""Hands out the frames that moments need, each frame once, while the moments still go on.

Scoring and encoding need not wait for the end of a moment: the frames before the press are there at
once, and those after it come one by one. Moments that overlap share their frames.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from livecam.capture.ring import FrameRing
    from livecam.frame import Frame

MOST_SPANS = 100
"""How many requests are remembered: presses of a minute and a half, one a second."""
MOST_KNOWN = 20_000
"""How many capture times of queued frames are remembered. When there are more, the newest half of
this number is kept: 40 s at 240 frames a second."""
POLL_S = 0.05
"""How often a thread that waits for results looks whether it is to give up."""


class Feed:
    """Hands the frames of requested time spans to one or more threads, in order.

    Requested frames are held by reference, so that the ring cannot drop them before they are taken.
    Only frames of moments are held, which limits the memory.
    """

    def __init__(self, ring: FrameRing) -> None:
        self._ring = ring
        self._lock = threading.Lock()
        self._spans: list[tuple[int, int]] = []
        self._kept: list[tuple[int, int]] = []
        """The newest requests, also those whose span is over but whose frames still wait here."""
        self._queue: deque[Frame] = deque()
        self._known: set[int] = set()
        """Capture times of the frames that were queued (`MOST_KNOWN`)."""
        self._is_closed = False
        self._seen_ns = -1
        """Capture time up to which frames were taken from the ring."""

    def request(self, start_ns: int, end_ns: int) -> None:
        """Ask for the frames taken at `start_ns <= t < end_ns`, including those still to come."""
        with self._lock:
            if self._is_closed:
                return
            self._spans.append((start_ns, end_ns))
            self._kept = [*self._kept[-MOST_SPANS:], (start_ns, end_ns)]
            self._collect()

    def withdraw(self, start_ns: int, end_ns: int) -> None:
        """Withdraw a request; frames that no other request needs are released until one does."""
        with self._lock:
            self._spans.remove((start_ns, end_ns))
            self._kept = [span for span in self._kept if span != (start_ns, end_ns)]
            kept: deque[Frame] = deque()
            for frame in self._queue:
                if any(start <= frame.t_ns < end for start, end in self._kept):
                    kept.append(frame)
                else:
                    self._known.discard(frame.t_ns)
                    self._seen_ns = min(self._seen_ns, frame.t_ns - 1)
            self._queue = kept

    def forget(self, start_ns: int, end_ns: int) -> None:
        """Withdraw a request, whether its span is over or not.

        Frames that no other request needs are released, and come again only if they are offered.
        """
        with self._lock:
            span = (start_ns, end_ns)
            self._spans = [other for other in self._spans if other != span]
            self._kept = [other for other in self._kept if other != span]
            kept: deque[Frame] = deque()
            for frame in self._queue:
                is_inside = start_ns <= frame.t_ns < end_ns
                if is_inside and not any(a <= frame.t_ns < b for a, b in self._kept):
                    self._known.discard(frame.t_ns)
                else:
                    kept.append(frame)
            self._queue = kept

    def offer(self, frames: Sequence[Frame]) -> None:
        """Queue those of a moment's frames that were never queued, for whatever reason.

        They come after the frames that are queued already, so possibly out of order.
        """
        with self._lock:
            self._collect()
            if frames:
                # A request like any other: withdrawing another one must not release these frames.
                span = (frames[0].t_ns, frames[-1].t_ns + 1)
                self._kept = [*self._kept[-MOST_SPANS:], span]
            for frame in frames:
                if not self._is_closed and frame.t_ns not in self._known:
                    self._add(frame)

    def queue_again(self, times_ns: Iterable[int]) -> None:
        """Let frames of these capture times be queued once more when they are offered."""
        with self._lock:
            self._known.difference_update(times_ns)

    def knows(self, t_ns: int) -> bool:
        """Whether a frame of this time was queued, and not released since."""
        with self._lock:
            self._collect()
            return t_ns in self._known

    def close(self) -> None:
        """Release all frames and requests, and accept no more: nobody will take any."""
        with self._lock:
            self._is_closed = True
            self._spans.clear()
            self._kept.clear()
            self._queue.clear()

    def take(self) -> Frame | None:
        """The next requested frame; None if there is none yet."""
        with self._lock:
            self._collect()
            return self._queue.popleft() if self._queue else None

    @property
    def backlog(self) -> int:
        """Number of queued frames that are not taken yet."""
        with self._lock:
            return len(self._queue)

    @property
    def is_idle(self) -> bool:
        """Whether every requested span is over and all of its frames are taken."""
        with self._lock:
            return not self._spans and not self._queue

    def _add(self, frame: Frame) -> None:
        self._queue.append(frame)
        self._known.add(frame.t_ns)
        if len(self._known) > MOST_KNOWN:
            self._known = set(sorted(self._known)[-MOST_KNOWN // 2 :])

    def _collect(self) -> None:
        newest = self._ring.newest()
        if not self._spans or newest is None:
            return
        low = max(self._seen_ns + 1, min(start for start, _ in self._spans))
        high = max(end for _, end in self._spans)
        for frame in self._ring.cut(low, high):
            wanted = any(start <= frame.t_ns < end for start, end in self._spans)
            if wanted and frame.t_ns not in self._known:
                self._add(frame)
        self._seen_ns = max(self._seen_ns, min(newest.t_ns, high - 1))
        self._spans = [(start, end) for start, end in self._spans if newest.t_ns < end]
