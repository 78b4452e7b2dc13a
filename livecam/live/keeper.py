"""Puts shots on disk as they came from the camera, if their files are not written soon enough.

A run that is killed then loses none of them. Moments for which there is not enough memory are held
on disk alone until their turn comes. A long shot is put on disk while it still goes on, and again
as more of its seconds are over.

One thread, *spool*, does all of this.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from typing import TYPE_CHECKING

from livecam.errors import OutputError
from livecam.live.shots import State
from livecam.timebase import now_ns, to_ns, to_s

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from livecam.live.shots import Shot, Shots
    from livecam.live.spool import Spool
    from livecam.live.stream_scorer import StreamScorer
    from livecam.moment import Moment

GRACE_S = 0.2
"""A moment whose files are not written this long after its end is put on disk as it came from the
camera. The moments after it are put there at once, until one is quick enough again. So a moment is
safe two seconds after the press, and a quick machine writes nothing twice."""
SLOW_BACKLOG = 30
"""If more frames than this are not measured when a moment ends, they take longer than `GRACE_S`
(6 ms each on two cores): waiting is of no use."""
SAFE_S = 1.7
"""A shot that still goes on is put on disk this long after the press, and again each time it has
become twice as long: in all, at most twice its final size is written."""
MOST_HELD_BYTES = 250_000_000
"""Memory for moments that are still to be scored and written: eight to twenty-five of 1080p MJPEG.
If a machine is too slow for its user, further moments are read back from disk in their turn."""
POLL_S = 0.05
"""How often the thread looks whether a moment is cut (its last frames may be late), or settled."""
AGAIN_S = 1.0
"""Delay before a shot that could not be put on disk is tried again."""


class Keeper:
    """Keeps shots safe until they are settled."""

    def __init__(
        self,
        spool: Spool,
        shots: Shots,
        scorer: StreamScorer,
        put_aside: Callable[[Shot], None],
    ) -> None:
        """`put_aside` is called with each shot that is held on disk alone from then on."""
        self._spool, self._shots, self._scorer = spool, shots, scorer
        self._put_aside = put_aside
        self._coming: queue.SimpleQueue[Shot | None] = queue.SimpleQueue()
        self._writing = threading.Lock()
        self._given_up = threading.Event()
        self.is_late = False
        """Whether the last moment's files were late; set by the save thread."""
        self._thread = threading.Thread(target=self._run, name="spool")

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def add(self, shot: Shot) -> None:
        """Keep a shot safe from now on."""
        shot.keep_at_ns = min(shot.shutter_ns + to_ns(SAFE_S), shot.end_ns)
        self._coming.put(shot)

    def finish(self) -> None:
        """Nothing more will be added."""
        self._coming.put(None)

    def give_up(self) -> None:
        """Put nothing more on disk."""
        self._given_up.set()
        self._coming.put(None)

    def close(self) -> None:
        """Wait until all is on disk, or settled, after `finish`."""
        if self._thread.ident is not None:
            self._thread.join()

    def keep_now(self, shot: Shot, moment: Moment) -> bool:
        """Put a moment that cannot be saved on disk, if it is not there yet; False on failure."""
        try:
            return shot.is_whole or self._keep(shot, moment, whole=True)
        except Exception:  # noqa: BLE001 - the same fault that made it impossible to save, perhaps
            return False

    def _run(self) -> None:
        shots: list[Shot] = []
        is_finishing = False
        while not self._given_up.is_set() and (shots or not is_finishing):
            due_ns = min((shot.keep_at_ns for shot in shots), default=None)
            timeout_s = None if due_ns is None else max(0.0, to_s(due_ns - now_ns()))
            if is_finishing:
                timeout_s = min(POLL_S, timeout_s or 0.0)  # what is settled meanwhile is done
            with contextlib.suppress(queue.Empty):
                while True:
                    new = self._coming.get(timeout=timeout_s)
                    is_finishing = is_finishing or new is None
                    shots += [] if new is None else [new]
                    timeout_s = 0.0
            new = None  # which would keep the moment's frames in memory
            shots = [shot for shot in shots if not shot.settled.is_set()]
            due = [shot for shot in shots if shot.keep_at_ns <= now_ns()]
            if due:
                # One at a time; shots of which nothing is on disk yet come first.
                first = min(due, key=lambda shot: (shot.versions > 0, shot.keep_at_ns))
                if not self._has_more(first):
                    shots.remove(first)
                del first
            del due

    def _has_more(self, shot: Shot) -> bool:
        """Do what is due for a shot; whether more will be due later."""
        coming = shot.coming
        if coming is None:
            return False
        try:
            if coming.done():
                return self._keep_cut(shot, coming)
            if now_ns() >= shot.end_ns:
                shot.keep_at_ns = now_ns() + to_ns(POLL_S)
                return True
            self._keep(shot, shot.so_far(), whole=False)
            kept_ns = now_ns() - shot.start_ns
            shot.keep_at_ns = min(now_ns() + kept_ns, shot.end_ns)
        except Exception as err:  # noqa: BLE001 - one moment's fault must not lose the next
            shot.unkept = OutputError(f"it cannot be put on disk: {err!r}")
            shot.keep_at_ns = now_ns() + to_ns(AGAIN_S)
        return True

    def _keep_cut(self, shot: Shot, coming: Future[Moment]) -> bool:
        """Put a moment that is over on disk after `GRACE_S`; whether more will be due later."""
        if coming.exception() is not None:
            return False  # the save thread reports it
        moment = coming.result()
        if not shot.cut_ns:
            shot.cut_ns = min(moment.end_ns, now_ns())  # a camera that ends cuts moments short
        shot.size = sum(frame.data.size for frame in moment.frames)
        too_much = self._shots.held_bytes > MOST_HELD_BYTES
        is_slow = self.is_late or self._scorer.backlog > SLOW_BACKLOG
        grace_ns = 0 if too_much or is_slow else to_ns(GRACE_S)
        if now_ns() < shot.cut_ns + grace_ns:
            shot.keep_at_ns = shot.cut_ns + grace_ns
            return True
        if self._keep(shot, moment, whole=True, alone=too_much) or shot.settled.is_set():
            return False
        shot.keep_at_ns = now_ns() + to_ns(AGAIN_S)
        return True

    def _keep(self, shot: Shot, moment: Moment, *, whole: bool, alone: bool = False) -> bool:
        with self._writing:
            if shot.is_whole:
                return True  # somebody was quicker
            before = shot.path
            try:
                path = self._spool.keep(moment, shot.versions)
            except OutputError as err:
                # A copy without the traceback, which would keep the moment's frames in memory.
                shot.unkept = OutputError(err.message, err.hint)
                return False
            shot.versions += 1
            shot.unkept = None
            with shot.handing:
                if not self._shots.keep(shot, path, alone=alone):
                    self._spool.drop(path)
                    return False
                shot.is_whole = whole
                if shot.state is State.ASIDE:
                    self._put_aside(shot)
            if before is not None:
                self._spool.drop(before)
            return True
