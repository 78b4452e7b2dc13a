"""How far the presses of a run have come, counted by the threads that work on them."""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    """How far the presses have come."""

    shots: int = 0
    pending: int = 0
    """Pressed, and their seconds not over yet."""
    scoring: int = 0
    """Cut, and not on disk yet."""
    saved: int = 0
    lost: tuple[int, ...] = ()
    """Numbers of the presses that failed, and of those that would be lost if livecam ended now."""


class PressCounter:
    """Counts presses from any thread: pressed, then cut, then settled.

    It keeps numbers only: whoever keeps a press keeps all frames of its moment.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shots = 0
        self._pending: set[int] = set()
        self._scoring: set[int] = set()
        self._saved = 0
        self._failed: list[int] = []

    def pressed(self, number: int) -> None:
        """The shutter was pressed."""
        with self._lock:
            self._shots += 1
            self._pending.add(number)

    def cut(self, number: int) -> None:
        """The seconds of a press are over. May come late, once it is settled already."""
        with self._lock:
            if number in self._pending:
                self._pending.discard(number)
                self._scoring.add(number)

    def settle(self, number: int, *, saved: bool) -> None:
        """A press is on disk, or never will be."""
        with self._lock:
            self._pending.discard(number)
            self._scoring.discard(number)
            if saved:
                self._saved += 1
            else:
                self._failed.append(number)

    def read(self) -> Work:
        """All counts at one instant."""
        with self._lock:
            return Work(
                shots=self._shots,
                pending=len(self._pending),
                scoring=len(self._scoring),
                saved=self._saved,
                lost=(*self._failed, *sorted(self._pending | self._scoring)),
            )
