"""The other side of `finder_process`: answers for one finder in each of several threads."""

from __future__ import annotations

import gc
import os
import signal
import threading
from dataclasses import dataclass, replace
from multiprocessing.shared_memory import SharedMemory
from typing import TYPE_CHECKING, Literal

import numpy as np

from livecam.errors import ModelError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from livecam.faces.face import Box
    from livecam.frame import Frame
    from livecam.quality.finder import MakeFinder
    from livecam.quality.measures import FrameReading


BEHIND_CAMERA = 2
"""Added to this process's niceness, so that the one that reads the camera comes first. With six
presses one second apart the drawn 720p camera then lost no frame on two cores, instead of one to
three; 5 doubles the time until a key photo is known."""


@dataclass(frozen=True)
class Question:
    """What a finder is asked."""

    kind: Literal["load", "start", "resume", "read"]
    frame: Frame | None = None
    """The frame to measure; without its bytes where they are in shared memory."""
    size: int = 0
    """Number of bytes in shared memory; 0 if the frame has its own."""
    memory: str = ""
    """Name of the shared memory in which the bytes are from now on; "" if it is the same as before.
    """
    t_ns: int = 0
    boxes: tuple[Box, ...] = ()
    """Where faces were at `t_ns`, to resume from."""


@dataclass(frozen=True)
class Answer:
    """What a finder answers."""

    reading: FrameReading | None = None
    problem: str = ""
    model_error: tuple[str, str] | None = None
    """Message and hint."""
    failure: str = ""
    """Why this frame cannot be measured."""


def serve(connections: list[Connection], make: MakeFinder) -> None:
    """Answer until nobody asks any more. This is all that the process does."""
    # Ctrl-C and a closed terminal reach all processes of the terminal. The process that asks
    # decides when to end, since it still has moments to save.
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    import cv2

    cv2.setNumThreads(1)  # two frames are measured at a time as it is
    if hasattr(os, "nice"):
        os.nice(BEHIND_CAMERA)
    # Nobody needs what native libraries print.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    threads = [
        threading.Thread(target=_Lane(connection, make).answer_all) for connection in connections
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gc.freeze()  # see livecam.cli: the process ends here


class _Lane:
    """One finder, and the connection over which it is asked."""

    def __init__(self, connection: Connection, make: MakeFinder) -> None:
        self._connection, self._make = connection, make
        self._finder = make()
        self._memory: SharedMemory | None = None

    def answer_all(self) -> None:
        """Answer until the other end of the connection is gone."""
        try:
            while True:
                question: Question = self._connection.recv()
                self._connection.send(self._answer(question))
        except (EOFError, OSError):
            pass
        finally:
            self._finder.close()
            if self._memory is not None:
                self._memory.close()

    def _answer(self, question: Question) -> Answer:
        try:
            reading = self._do(question)
            return Answer(reading, self._finder.problem)
        except ModelError as err:
            return Answer(model_error=(err.message, err.hint))
        except Exception as err:  # noqa: BLE001 - a frame's fault must not lose the next
            # A new finder, with new models, in place of the one that broke down.
            self._finder.close()
            self._finder = self._make()
            return Answer(failure=repr(err))

    def _do(self, question: Question) -> FrameReading | None:
        if question.kind == "load":
            self._finder.load()
        elif question.kind == "start":
            self._finder.start()
        elif question.kind == "resume":
            self._finder.resume(question.t_ns, question.boxes)
        else:
            assert question.frame is not None
            return self._finder.read(self._whole(question.frame, question))
        return None

    def _whole(self, frame: Frame, question: Question) -> Frame:
        """The frame with its bytes, which do not change until the answer is sent."""
        if not question.size:
            return frame
        if question.memory:
            if self._memory is not None:
                self._memory.close()
            self._memory = SharedMemory(question.memory)
        assert self._memory is not None
        data = np.ndarray((question.size,), np.uint8, self._memory.buf)
        data.flags.writeable = False
        return replace(frame, data=data)
