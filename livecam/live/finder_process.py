"""Finds faces in a separate process, which may crash without taking anything else with it.

The face networks are native code. If that crashes or hangs, the camera goes on, the process is
started again, and the frame in hand is measured once more.

Plain data goes through a pipe: a frame to the process, its `FrameReading` back. A large frame's
bytes go through shared memory, if there is room. All finders of a run live in the one process, each
in its own thread, there (`livecam.live.finder_server`) and here.
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
"""After this many crashes with no frame measured in between, no process is started for this many
seconds: if every frame causes a crash, each new start would cost a second of computing."""
CRASH_S = 1.0
"""How long the system may take to end a process that crashed, including a core dump."""
PIPED_BYTES = 1_000_000
"""Frames up to this size, such as JPEGs, go through the pipe, 0.04 ms slower than shared memory. A
raw frame of 1080p would be 1.9 ms slower, a fifth of the time that measuring it takes."""


class UnreadableError(LivecamError):
    """One frame cannot be measured; the next may be."""


class _DiedError(Exception):
    """The process ended, or gives no answer; the text says how."""


class _Child:
    """One process, from its beginning to its end, and the connections to its finders."""

    def __init__(self, make: MakeFinder, finders: int) -> None:
        # A new interpreter, not a fork: the fork of a process with threads and native libraries
        # may have locks that nobody will ever release.
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
        """How the process ended; "" while it runs."""

    def end(self, *, crashed: bool = True) -> None:
        """Kill the process, unless it has ended by itself; `how` says which.

        It keeps nothing that could be lost. The connections stay open, since finders in other
        threads may be waiting on them; those then see that the process has ended.
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
    """The process, started when it is first needed, and again when it died. Thread-safe."""

    def __init__(
        self, finders: int, model: AnyModel = None, make: MakeFinder | None = None
    ) -> None:
        """`finders` is how often `finder` is called; `make` (picklable) makes each one there."""
        self._finders, self._given = finders, 0
        self._make = make if make is not None else partial(FaceFinder, model)
        self._lock = threading.Lock()
        self._child: _Child | None = None
        self.suspects = threading.Lock()
        """Held while a frame that was in hand when the process died is measured again."""
        self._crashes, self._last_crash_ns, self._how = 0, 0, ""
        self._is_closed = False

    def finder(self) -> RemoteFinder:
        """Another finder, for one thread at a time."""
        self._given += 1
        assert self._given <= self._finders
        return RemoteFinder(self, self._given - 1)

    def child(self) -> _Child:
        """The process, started if there is none. Raises _DiedError if none may be started."""
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
        """Note that a connection to this process failed; returns how the process ended."""
        with self._lock:
            if self._child is child:  # else another finder has noted it already
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
    """Asks a `FaceFinder` in the other process. One thread at a time."""

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
        # If the process dies, the first frame starts it again and reports what is wrong.
        with contextlib.suppress(_DiedError):
            self._ask(Question("load"))

    def start(self) -> None:
        """Forget whoever was seen: the next frame belongs to another moment."""
        with contextlib.suppress(_DiedError):  # a new process remembers nothing
            self._ask(Question("start"))

    def resume(self, t_ns: int, boxes: Sequence[Box]) -> None:
        """The next frame is near the one at `t_ns`, in which faces were in these boxes."""
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
        # Once more, in case another finder's frame caused the crash; one such frame at a time, so
        # that only a frame that itself causes a crash is given up.
        with self._process.suspects:
            try:
                return self._read(frame)
            except _DiedError as err:
                raise UnreadableError(f"the process that measures frames {err}") from None

    def close(self) -> None:
        """Free the shared memory. The owner of the process ends the process."""
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
        """Provide shared memory of `size` bytes that `child` sees; False if there is no room."""
        if child is not self._child or self._memory is None or self._memory.size < size:
            self.close()
            try:
                self._memory = memory.shared(size)
            except OSError:
                return False
            self._child, self._has_name = child, True
        return True

    def _drop_name(self) -> None:
        """Remove the memory's name, once both have it open: nothing stays behind after a crash."""
        if self._has_name and self._memory is not None:
            self._memory.unlink()
        self._has_name = False


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
