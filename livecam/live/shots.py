"""Presses of the shutter on their way to disk: each is one object with a state and one owner.

A shot is first *taken*: its seconds go on, and then it waits for its turn; meanwhile the spool may
hold it on disk alone (*aside*). The save thread *begins* it and owns it from then on: it is
*saved*, it is *lost*, or it *waits* until it can be written.
"""

from __future__ import annotations

import enum
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path

    from livecam.errors import OutputError
    from livecam.live.recorder import Press
    from livecam.moment import Moment
    from livecam.quality.choice import MomentScore

FIRST_RETRY_S, LONGEST_RETRY_S = 1.0, 30.0
"""Delay before a moment is tried again: from the first to the longest, doubled each time."""


class State(enum.Enum):
    """How far a shot has come."""

    TAKEN = enum.auto()
    ASIDE = enum.auto()
    BEGUN = enum.auto()
    WAITING = enum.auto()
    SAVED = enum.auto()
    LOST = enum.auto()


@dataclass(eq=False)
class Shot:
    """One press and what becomes of it. Its state changes in `Shots` only."""

    number: int
    shutter_ns: int
    start_ns: int
    end_ns: int
    coming: Future[Moment] | None
    """The moment that the recorder cuts; None once it is held on disk alone."""
    so_far: Callable[[], Moment]
    """Gives the part so far of the moment while it still goes on."""
    state: State = State.TAKEN
    settled: threading.Event = field(default_factory=threading.Event)
    """Set once it is saved or lost."""
    handing: threading.Lock = field(default_factory=threading.Lock)
    """Held while it goes from one owner to the next."""

    # For the spool thread

    size: int = 0
    """Bytes that it holds in memory, once it is cut."""
    cut_ns: int = 0
    """When the moment ended; 0 until the spool thread has seen that."""
    keep_at_ns: int = 0
    """When it is due to be put into the spool, or to be looked at again."""
    path: Path | None = None
    """Where it lies in the spool."""
    is_whole: bool = False
    """Whether all of it lies in the spool."""
    versions: int = 0
    """How often it was put into the spool."""
    unkept: OutputError | None = None
    """Why it could not be put into the spool."""
    was_aside: bool = False
    """Whether it was held on disk alone: then nothing of it was encoded while it went on."""

    # For the save thread

    moment: Moment | None = None
    """Set from when the save thread begins it until it is settled."""
    scoring: Future[MomentScore] | None = None
    key_ready_ns: int = 0
    problem: OutputError | None = None
    """Why it waits."""
    delay_s: float = FIRST_RETRY_S
    next_try_ns: int = 0


@dataclass(frozen=True)
class Work:
    """How far the presses of a run have come."""

    shots: int = 0
    pending: int = 0
    """Pressed, and their seconds not over yet."""
    scoring: int = 0
    """Cut, and not on disk yet."""
    saved: int = 0
    lost: tuple[int, ...] = ()
    """Numbers of the presses that failed, and of those that would be lost if livecam ended now."""


class Shots:
    """All shots of a run that are not settled, and the counts of those that are. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[int, Shot] = {}
        self._taken = self._saved = 0
        self._failed: list[int] = []

    def add(self, press: Press, start_ns: int, end_ns: int, so_far: Callable[[], Moment]) -> Shot:
        """Add a press, whose moment's frames lie in this span."""
        shot = Shot(press.id, press.shutter_ns, start_ns, end_ns, press.moment, so_far)
        with self._lock:
            self._taken += 1
            self._open[shot.number] = shot
        return shot

    def keep(self, shot: Shot, path: Path, *, alone: bool) -> bool:
        """Note that a shot lies in the spool at `path`; False if it is settled already.

        With `alone` it is held there alone from now on, unless the save thread has begun it. Hold
        `handing` while you call this and report it.
        """
        with self._lock:
            if shot.settled.is_set():
                return False
            shot.path = path
            if alone and shot.state is State.TAKEN:
                shot.state, shot.was_aside = State.ASIDE, True
                shot.coming, shot.size = None, 0
                shot.so_far = _nothing
            return True

    def begin(self, shot: Shot) -> Future[Moment] | None:
        """Hand a shot to the save thread; returns its coming moment, None if it is in the spool."""
        with shot.handing, self._lock:
            shot.state = State.BEGUN
            return shot.coming

    def wait(self, shot: Shot, problem: OutputError) -> None:
        """Note that a shot cannot be written yet, and why."""
        with self._lock:
            shot.state, shot.problem = State.WAITING, problem

    def settle(self, shot: Shot, *, saved: bool) -> Path | None:
        """Note that a shot is saved or lost; returns where it lies in the spool, if anywhere."""
        with self._lock:
            del self._open[shot.number]
            shot.state = State.SAVED if saved else State.LOST
            shot.coming = shot.moment = None
            shot.so_far = _nothing
            shot.settled.set()
            if saved:
                self._saved += 1
            else:
                self._failed.append(shot.number)
            return shot.path

    @property
    def open(self) -> list[Shot]:
        """All that are not settled, the oldest first."""
        with self._lock:
            return list(self._open.values())

    @property
    def waiting(self) -> list[Shot]:
        """Those that cannot be written yet, the oldest first."""
        with self._lock:
            return [shot for shot in self._open.values() if shot.state is State.WAITING]

    @property
    def held_bytes(self) -> int:
        """Bytes that all of them hold in memory."""
        with self._lock:
            return sum(shot.size for shot in self._open.values())

    @property
    def needed_from_ns(self) -> int | None:
        """Start of the oldest shot whose frames are in memory; None if there is none."""
        with self._lock:
            begins = (shot.start_ns for shot in self._open.values() if not shot.was_aside)
            return min(begins, default=None)

    def work(self) -> Work:
        """All counts at one instant."""
        with self._lock:
            coming = [shot.coming for shot in self._open.values() if shot.coming is not None]
            pending = sum(not moment.done() for moment in coming)
            return Work(
                shots=self._taken,
                pending=pending,
                scoring=len(self._open) - pending,
                saved=self._saved,
                lost=(*self._failed, *sorted(self._open)),
            )


def _nothing() -> Moment:
    """Takes the place of a `so_far` that would keep frames in memory."""
    raise ValueError("the moment is no longer in memory")
