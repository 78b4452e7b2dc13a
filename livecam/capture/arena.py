"""Memory for frames: taken once, touched before use, handed out in spans.

The first write to fresh memory costs page faults (18 ms for a 1080p frame, 75 ms at 4K), time in
which a camera with a short queue loses frames. So memory is taken in slabs that are filled before
the first frame arrives.

A span is freed automatically when the last array over it is gone: a frame, or a view of its pixels,
is never overwritten while anything still refers to it. Nothing has to be copied to cut a moment.
"""

from __future__ import annotations

import threading
import weakref
from bisect import insort
from collections import deque
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from livecam.frame import Bytes

ALIGN = 64
"""Bytes: spans start at cache-line boundaries, as libyuv-style routines prefer."""


class _Slab:
    """One block of touched memory and the gaps in it that are free."""

    def __init__(self, size: int) -> None:
        self.memory = np.empty(size, np.uint8)
        self.memory.fill(0)  # touch every page
        self.view = memoryview(self.memory)  # type: ignore[arg-type]
        self.gaps: list[tuple[int, int]] = [(0, size)]  # (start, end), sorted, never adjacent
        self.next_fit = 0

    @property
    def size(self) -> int:
        return self.memory.size

    def is_idle(self) -> bool:
        return self.gaps == [(0, self.size)]

    def take(self, size: int) -> int | None:
        """Start of a span of `size` bytes, searched from where the last one ended."""
        order = [i for i, gap in enumerate(self.gaps) if gap[0] >= self.next_fit]
        order += [i for i, gap in enumerate(self.gaps) if gap[0] < self.next_fit]
        for i in order:
            start, end = self.gaps[i]
            if end - start >= size:
                self.gaps[i : i + 1] = [(start + size, end)] if end - start > size else []
                self.next_fit = start + size
                return start
        return None

    def give_back(self, start: int, end: int) -> None:
        insort(self.gaps, (start, end))
        at = self.gaps.index((start, end))
        if at + 1 < len(self.gaps) and self.gaps[at + 1][0] == end:
            self.gaps[at : at + 2] = [(start, self.gaps[at + 1][1])]
        if at > 0 and self.gaps[at - 1][1] == start:
            self.gaps[at - 1 : at + 1] = [(self.gaps[at - 1][0], self.gaps[at][1])]


class Arena:
    """A pool of touched memory. Safe to use from several threads."""

    def __init__(self, size: int) -> None:
        """Take and touch `size` bytes now."""
        self._lock = threading.Lock()
        self._base_bytes = size
        self._slabs = [_Slab(size)]
        # Finalizers run wherever the last reference dies, even inside `take`: they only append
        # here (atomic), and `take` folds the spans back under the lock.
        self._returned: deque[tuple[_Slab, int, int]] = deque()
        self._refs: dict[int, weakref.ref[Bytes]] = {}

    @property
    def size(self) -> int:
        """Bytes held, used or not."""
        with self._lock:
            return sum(slab.size for slab in self._slabs)

    @property
    def free(self) -> int:
        """Bytes that no array uses."""
        with self._lock:
            self._fold()
            return sum(end - start for slab in self._slabs for start, end in slab.gaps)

    def store(self, data: Bytes) -> Bytes:
        """Copy `data` (1-D uint8) in and return a read-only array over the copy.

        Where no gap is large enough a new slab is taken: slower, but nothing is lost.
        """
        span = -(-data.size // ALIGN) * ALIGN
        with self._lock:
            self._fold()
            slab, start = self._find(span)
        # frombuffer over a memoryview, not a slice: NumPy then keeps *this* array as the base of
        # every view made from it, so it is finalized only when all of them are gone.
        stored = np.frombuffer(slab.view[start : start + data.size], np.uint8)
        np.copyto(stored, data)
        stored.flags.writeable = False
        key = id(stored)

        def forget(_: weakref.ref[Bytes]) -> None:
            self._refs.pop(key, None)
            self._returned.append((slab, start, start + span))

        self._refs[key] = weakref.ref(stored, forget)
        return stored

    def reserve(self, size: int) -> None:
        """Make sure that `size` bytes are free, touching new memory if need be.

        Do not call it on the capture thread: touching takes time.
        """
        missing = size - self.free
        if missing > 0:
            slab = _Slab(missing)
            with self._lock:
                self._slabs.append(slab)

    def trim(self) -> None:
        """Give extra slabs that nothing uses back to the system."""
        with self._lock:
            self._fold()
            self._slabs[1:] = [slab for slab in self._slabs[1:] if not slab.is_idle()]

    def _find(self, span: int) -> tuple[_Slab, int]:
        for slab in self._slabs:
            start = slab.take(span)
            if start is not None:
                return slab, start
        # A tenth at a time, so that a camera with larger frames than expected needs few of them.
        slab = _Slab(max(span, self._base_bytes // 10))
        self._slabs.append(slab)
        start = slab.take(span)
        assert start is not None
        return slab, start

    def _fold(self) -> None:
        while self._returned:
            slab, start, end = self._returned.popleft()
            slab.give_back(start, end)
