"""Measures the frames of moments while the moments still go on, each frame once for all moments.

By the end of a moment most of its frames are measured, and the key photo is known soon after.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from livecam.errors import LivecamError
from livecam.live.feed import POLL_S, Feed
from livecam.live.finder_process import UnreadableError
from livecam.quality.finder import blank, unread
from livecam.quality.scoring import THREADS
from livecam.quality.search import Pace, first_looks, resume_near, search_moment
from livecam.text import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from livecam.capture.ring import FrameRing
    from livecam.frame import Frame
    from livecam.live.finder_process import FinderProcess, RemoteFinder
    from livecam.quality.choice import MomentScore
    from livecam.quality.measures import FrameReading

KEEP_NS = 1_000_000_000
"""Readings are kept from this long before the moment in hand. Moments are scored in the order of
their presses, so the next one begins later; if it does not, its frames are measured again."""
MOST_READINGS = 2400
"""Beyond this many readings, those of moments that are held on disk alone are dropped, and measured
again in their turn. A reading takes 30 kB; this is 80 s at 30 frames a second."""
ANOTHER_MOMENT_NS = 500_000_000
"""After a gap this long between frames, faces are not followed: a new sequence begins."""


class StreamScorer:
    """Threads that have requested frames measured as they come, each by its own finder."""

    def __init__(self, ring: FrameRing, process: FinderProcess) -> None:
        self._ring, self._feed = ring, Feed(ring)
        self._readings: dict[int, FrameReading] = {}
        self._pace, self._asked = Pace(), set[int]()
        """Times of frames that are looked at whatever the pace is."""
        self._needed = range(0)
        """The span of the moment that is being scored: none of its readings is forgotten."""
        self._problem = ""
        self._failures: dict[int, str] = {}
        """Why frames could not be measured, by their times."""
        self._untold = 0
        """How many of these failures are not reported yet."""
        self._error: LivecamError | None = None
        self._changed = threading.Condition()
        self._wanted = threading.Event()
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(target=self._read_on, args=(process.finder(),), name=f"score-{i}")
            for i in range(THREADS)
        ]

    def start(self) -> None:
        """Start the threads; they load the models first."""
        for thread in self._threads:
            thread.start()

    def request(self, start_ns: int, end_ns: int) -> None:
        """Measure the frames of this span, from now on."""
        self._feed.request(start_ns, end_ns)
        self._wanted.set()

    def forget(self, start_ns: int, end_ns: int) -> None:
        """Release the frames of this span: their moment is on disk, and will be read from there."""
        self._feed.forget(start_ns, end_ns)
        with self._changed:
            if len(self._readings) > MOST_READINGS:
                span = range(start_ns, end_ns)
                gone = [t for t in self._readings if t in span and t not in self._needed]
                for t_ns in gone:
                    del self._readings[t_ns]
                    self._failures.pop(t_ns, None)
                self._feed.queue_again(gone)

    @property
    def is_busy(self) -> bool:
        """Whether a moment is being measured."""
        return not self._feed.is_idle

    @property
    def backlog(self) -> int:
        """Number of frames of moments that have come and are not measured yet."""
        return self._feed.backlog

    def newest(self) -> FrameReading | None:
        """The reading of the newest measured frame; None if there is none."""
        with self._changed:
            return self._readings[max(self._readings)] if self._readings else None

    def score(
        self, frames: Sequence[Frame], shutter_ns: int, given_up: Callable[[], bool]
    ) -> MomentScore:
        """Wait for the readings of a moment that is over, and choose its key frame.

        Raises ModelError, ValueError if no frame can be decoded, and LivecamError if scoring broke
        down or once `given_up`.
        """
        start_ns, end_ns = frames[0].t_ns, frames[-1].t_ns + 1
        with self._changed:
            self._needed = range(start_ns, end_ns)

        def measure(positions: list[int]) -> dict[int, FrameReading]:
            return self._wait_for(frames, positions, given_up)

        looked = measure(first_looks([frame.t_ns for frame in frames], shutter_ns))
        with self._changed:
            self._forget(start_ns - KEEP_NS)
            problem, why = self._problem, self._failures.get(frames[-1].t_ns)
        try:
            score = search_moment([blank(f) for f in frames], looked, shutter_ns, measure)
            return replace(score, note=problem)
        except ValueError:
            if why:
                raise LivecamError(f"scoring broke down: {why}") from None
            raise

    def _wait_for(
        self, frames: Sequence[Frame], positions: Sequence[int], given_up: Callable[[], bool]
    ) -> dict[int, FrameReading]:
        """The readings of some frames of a moment, once they are there."""
        wanted = {i: frames[i].t_ns for i in positions}
        # Measure now what was not measured as it came: the last frame of a camera that fell silent,
        # frames of presses that overtook each other, frames that were put off.
        with self._changed:
            new = [i for i, t_ns in wanted.items() if t_ns not in self._readings]
            self._asked = {wanted[i] for i in new}
            self._feed.offer([frames[i] for i in new])
        self._wanted.set()
        with self._changed:
            while not all(t_ns in self._readings for t_ns in wanted.values()):
                if self._error is not None:
                    # A new one each time: the traceback of a raised error keeps much in memory.
                    raise type(self._error)(self._error.message, self._error.hint)
                if given_up() or self._closing.is_set():
                    raise LivecamError("the moment was given up")
                self._changed.wait(POLL_S)
            return {i: self._readings[t_ns] for i, t_ns in wanted.items()}

    def take_problem(self) -> str:
        """What went wrong since the last call, in a sentence; "" if nothing did."""
        with self._changed:
            count, self._untold = self._untold, 0
            why = self._failures[max(self._failures)] if self._failures else ""
        return f"{counted(count, 'frame')} could not be scored: {why}" if count else ""

    def let_go(self) -> None:
        """Forget all readings that no new moment can share. Call it when every moment is saved."""
        frames = self._ring.cut(0, 1 << 62)
        with self._changed:
            self._forget(frames[0].t_ns if frames else 0)

    def close(self) -> None:
        """Stop; what is not measured is given up."""
        self._closing.set()
        self._wanted.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    def _forget(self, before_ns: int) -> None:
        for t_ns in [t_ns for t_ns in self._readings if t_ns < before_ns]:
            del self._readings[t_ns]
            self._failures.pop(t_ns, None)
            self._feed.queue_again([t_ns])

    # Score threads

    def _read_on(self, finder: RemoteFinder) -> None:
        last_ns = 0
        try:
            finder.load()
            while not self._closing.is_set():
                frame = self._feed.take()
                if frame is None:
                    self._rest()
                    continue
                if self._is_put_off(frame.t_ns):
                    continue
                if not 0 < frame.t_ns - last_ns <= ANOTHER_MOMENT_NS:
                    self._begin(finder, last_ns, frame.t_ns)
                last_ns = frame.t_ns
                reading, why = self._read(finder, frame)
                with self._changed:
                    self._pace.saw(reading)
                    if why:
                        self._failures[frame.t_ns] = why
                        self._untold += 1
                    self._readings[frame.t_ns] = reading
                    self._problem = finder.problem
                    self._changed.notify_all()
                del frame  # which would keep its memory in use
        except LivecamError as err:
            self._fail(err)
        except Exception as err:  # noqa: BLE001 - the end of a thread: it must be told, not lost
            self._fail(LivecamError(f"scoring broke down: {err!r}"))
        finally:
            finder.close()

    def _is_put_off(self, t_ns: int) -> bool:
        """Whether a frame waits until somebody asks for it."""
        with self._changed:
            waits = self._pace.may_wait(t_ns) and t_ns not in self._asked
            if waits:
                self._feed.queue_again([t_ns])
            return waits

    def _begin(self, finder: RemoteFinder, last_ns: int, t_ns: int) -> None:
        """Go on at another time, in the moment in hand, whose people are known, or in another."""
        with self._changed:
            is_in_hand = t_ns in self._needed
            is_same = is_in_hand and last_ns in self._needed
            known = [reading for reading in self._readings.values() if reading.t_ns in self._needed]
        if not is_same:
            # Search again for people who were missed or have come since, and decide again how far
            # frames may be reduced.
            finder.start()
        if is_in_hand and not resume_near(finder, t_ns, known) and is_same:
            finder.start()

    def _read(self, finder: RemoteFinder, frame: Frame) -> tuple[FrameReading, str]:
        """What is measured on a frame, and "" or why nothing is. Raises ModelError."""
        try:
            return finder.read(frame), ""
        except UnreadableError as err:  # a frame's fault must not lose the next
            return unread(frame), err.message

    def _fail(self, error: LivecamError) -> None:
        self._feed.close()
        with self._changed:
            self._error = type(error)(error.message, error.hint)
            self._changed.notify_all()

    def _rest(self) -> None:
        """Wait for the next frame of a moment, or for the next moment."""
        if self._feed.is_idle:
            self._wanted.clear()
            if self._feed.is_idle:
                self._wanted.wait(1.0)
        else:
            self._closing.wait(0.004)
