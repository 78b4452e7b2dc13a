"""Finding faces in a process of its own, which may crash without taking anything else with it.

The face networks are native code. Where that crashes or hangs, the camera goes on, the process is
begun anew, and the frame in hand is looked at once more.

What crosses over is plain data through a pipe: a frame, and its `FrameReading` back. A large
frame's bytes go through shared memory, where there is room for them. All finders of a run live in
the one process, each in a thread of its own there (`livecam.live.finder_server`) as here.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import threading
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from livecam import memory
from livecam.errors import LivecamError, ModelError
from livecam.live import finder_server
from livecam.live.finder_server import Question
from livecam.quality.finder import FaceFinder
from livecam.timebase import now_ns, to_ns

if TYPE_CHECKING:
    from collections.abc import Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess
    from multiprocessing.shared_memory import SharedMemory

    from livecam.faces.face import Box
    from livecam.faces.model import AnyModel
    from livecam.frame import Frame
    from livecam.live.finder_server import Answer
    from livecam.quality.finder import MakeFinder
    from livecam.quality.measures import FrameReading

ANSWER_S = 60.0
"""How long an answer may take: a Raspberry Pi loads the models in ten seconds."""
MOST_CRASHES, REST_S = 3, 10.0
"""After so many crashes with nothing measured in between, nothing is begun for so long: where every
frame crashes, beginning anew for each would cost a second of computing a frame."""
CRASH_S = 1.0
"""How long the system may take to end a process that crashed, a memory dump included."""
PIPED_BYTES = 1_000_000
"""Frames up to here, as JPEGs are, go through the pipe: it takes 0.04 ms more than shared memory.
A raw one of 1080p would take 1.9 ms more, a fifth of what measuring it takes."""


class UnreadableError(LivecamError):
    """One frame cannot be measured; the next may be."""


class _DiedError(Exception):
    """The process ended, or gives no answer; the text says how."""


class _Child:
    """One process, from its beginning to its end, and the connections to its finders."""

    def __init__(self, make: MakeFinder, finders: int) -> None:
        # A fresh interpreter, not a fork: forking a process that has threads and native libraries
        # is how one gets locks that nobody will ever release.
        context = multiprocessing.get_context("spawn")
        pipes = [context.Pipe() for _ in range(finders)]
        self.connections: list[Connection] = [ours for ours, _ in pipes]
        self._process: SpawnProcess = context.Process(
            target=finder_server.serve, args=([t for _, t in pipes], make), name="faces"
        )
        self._process.start()
        for _, theirs in pipes:
            theirs.close()
        self.how = ""
        """How it ended."""

    def end(self, *, crashed: bool = True) -> None:
        """End it, if it has not ended by itself; `how` says which.

        It is killed: it keeps nothing that could be lost. The connections stay open as long as
        their finders, in other threads, may wait at them; these see the end of it.
        """
        self._process.join(CRASH_S if crashed else 0)
        code = self._process.exitcode
        self._process.kill()
        self._process.join()
        if code is None:
            self.how = "gave no answer"
        else:
            self.how = f"crashed ({_signal_name(-code)})" if code < 0 else f"ended ({code})"


class FinderProcess:
    """The process, begun when it is first needed, and anew when it died. Safe from any thread."""

    def __init__(
        self, finders: int, model: AnyModel = None, make: MakeFinder | None = None
    ) -> None:
        """`finders` is how many `finder` will be asked for; `make` (picklable) makes each there."""
        self._finders, self._given = finders, 0
        self._make = make if make is not None else partial(FaceFinder, model)
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self.suspects = threading.Lock()
        """Held while a frame is looked at again that was in hand when the process died."""
        self._crashes, self._last_crash_ns, self._how = 0, 0, ""
        self._is_closed = False

    def finder(self) -> RemoteFinder:
        """Another finder, for one thread at a time."""
        self._given += 1
        assert self._given <= self._finders
        return RemoteFinder(self, self._given - 1)

    def child(self) -> _Child:
        """The process as it is now. Raises _DiedError where none may be begun."""
        with self._lock:
            if self._is_closed:
                raise _DiedError("is given up")
            if self._child is None:
                is_recent = now_ns() - self._last_crash_ns < to_ns(REST_S)
                if self._crashes >= MOST_CRASHES and is_recent:
                    raise _DiedError(self._how)
                self._child = _Child(self._make, self._finders)
            return self._child

    def died(self, child: _Child) -> str:
        """A connection to this process failed; how the process ended."""
        with self._lock:
            if self._child is child:  # or else another finder has said so before
                child.end()
                self._child = None
                self._how = child.how
                self._crashes += 1
                self._last_crash_ns = now_ns()
            return child.how

    def worked(self) -> None:
        """A frame was measured."""
        self._crashes = 0

    def close(self) -> None:
        """End the process; what is being measured is given up."""
        with self._lock:
            self._is_closed = True
            if self._child is not None:
                self._child.end(crashed=False)
                self._child = None


class RemoteFinder:
    """A `FaceFinder` over there. One thread at a time."""

    def __init__(self, process: FinderProcess, number: int) -> None:
        self._process, self._number = process, number
        self._child: _Child | None = None
        """The process that has our shared memory open."""
        self._memory: SharedMemory | None = None
        self._has_name = False
        self.problem = ""
        """Why no faces are looked for; "" while they are."""

    def load(self) -> None:
        """Load now. Raises ModelError for a missing or altered model."""
        # Where the process dies it is begun anew for the first frame, and that says what is wrong.
        with contextlib.suppress(_DiedError):
            self._ask(Question("load"))

    def start(self) -> None:
        """Forget whoever was seen: the next frame belongs to another moment."""
        with contextlib.suppress(_DiedError):  # and with it all that it remembered
            self._ask(Question("start"))

    def resume(self, t_ns: int, boxes: Sequence[Box]) -> None:
        """The next frame is near one of this time, in which faces were in these boxes."""
        with contextlib.suppress(_DiedError):
            self._ask(Question("resume", t_ns=t_ns, boxes=tuple(boxes)))

    def read(self, frame: Frame) -> FrameReading:
        """Measure one frame.

        Raises ModelError, and UnreadableError where this frame cannot be measured.
        """
        try:
            return self._read(frame)
        except _DiedError:
            pass
        # Once more, in case another finder's frame was to blame; one such frame at a time, so that
        # only the one to blame is found guilty.
        with self._process.suspects:
            try:
                return self._read(frame)
            except _DiedError as err:
                raise UnreadableError(f"the process that measures frames {err}") from None

    def close(self) -> None:
        """Let the shared memory go. The process is ended by its owner."""
        if self._memory is not None:
            self._drop_name()
            self._memory.close()
            self._memory = None

    def _read(self, frame: Frame) -> FrameReading:
        child = self._process.child()
        question = Question("read", frame)
        if frame.data.size > PIPED_BYTES and self._has_room(frame.data.size, child):
            assert self._memory is not None
            np.copyto(np.ndarray(frame.data.shape, np.uint8, self._memory.buf), frame.data)
            bare = frame.with_data(np.empty(0, np.uint8), warmup=frame.warmup)
            name = self._memory.name if self._has_name else ""
            question = Question("read", bare, frame.data.size, name)
        reading = self._ask(question)
        assert reading is not None
        self._drop_name()
        self._process.worked()
        return reading

    def _ask(self, question: Question) -> FrameReading | None:
        child = self._process.child()
        connection = child.connections[self._number]
        try:
            connection.send(question)
            if not connection.poll(ANSWER_S):
                raise EOFError
            answer: Answer = connection.recv()
        except (OSError, EOFError):
            raise _DiedError(self._process.died(child)) from None
        self.problem = answer.problem
        if answer.model_error is not None:
            raise ModelError(*answer.model_error)
        if answer.failure:
            raise UnreadableError(answer.failure)
        return answer.reading

    def _has_room(self, size: int, child: _Child) -> bool:
        """Whether there is shared memory for a frame of so many bytes, which this process sees."""
        if child is not self._child or self._memory is None or self._memory.size < size:
            self.close()
            try:
                self._memory = memory.shared(size)
            except OSError:
                return False
            self._child, self._has_name = child, True
        return True

    def _drop_name(self) -> None:
        """Both have it open, or never will: nothing is to be left behind, whoever dies when."""
        if self._has_name and self._memory is not None:
            self._memory.unlink()
        self._has_name = False


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
