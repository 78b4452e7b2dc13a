"""Face finders that fail in several ways, in the process in which faces are found."""

from __future__ import annotations

import ctypes
import functools
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from livecam.frame import Frame
from livecam.quality.finder import FaceFinder
from livecam.quality.measures import FrameReading
from tests.support.readings import FACE, SCENE

Fault = Callable[[Frame], None]
"""Called before a frame is measured."""


def with_fault(fault: Fault) -> Callable[[], FaceFinder]:
    """Makes finders with a (picklable) fault."""
    return functools.partial(_Faulty, fault)


class _Faulty(FaceFinder):
    def __init__(self, fault: Fault) -> None:
        super().__init__()
        self._fault = fault

    def read(self, frame: Frame) -> FrameReading:
        self._fault(frame)
        return super().read(frame)


class ThreeFaces:
    """Finds the same three people in every frame."""

    problem = ""

    def load(self) -> None:
        """Nothing to load."""

    def start(self) -> None:
        """Nothing to forget."""

    def resume(self, t_ns: int, boxes: Sequence[tuple[float, ...]]) -> None:
        """They are where they always are."""

    def read(self, frame: Frame) -> FrameReading:
        faces = tuple(
            replace(FACE, box_xyxy=(100 + x, 100, 260 + x, 280), yaw_deg=frame.index % 3)
            for x in (0, 300, 600)
        )
        return FrameReading(frame.index, frame.t_ns, False, True, True, faces, SCENE)

    def close(self) -> None:
        """Nothing to free."""


class Breaks:
    """Raises an error that no library should, on every frame; with `first`, only on one frame.

    That is whichever frame from `first` on comes first. A file remembers which one it was, since
    finders in other threads and processes share nothing.
    """

    def __init__(self, memory: Path, first: int | None = None, times: int = 1000) -> None:
        self._memory, self._first, self._times = memory, first, times

    def __call__(self, frame: Frame) -> None:
        if self._first is None:
            self._fail()
        elif frame.index >= self._first and self._is_the_one(frame):
            with self._memory.open("a") as file:
                file.write("+")
            if self._memory.read_text().count("+") <= self._times:
                self._fail()

    def _is_the_one(self, frame: Frame) -> bool:
        if not self._memory.exists():
            mine = self._memory.with_suffix(f".{frame.index}")
            mine.write_text(f"{frame.index} ")
            try:
                os.link(mine, self._memory)
            except FileExistsError:
                return self._is_the_one(frame)
        return self._memory.read_text().split()[0].rstrip("+") == str(frame.index)

    def _fail(self) -> None:
        raise RuntimeError("the graph is in an invalid state")


class Crashes(Breaks):
    """Ends the process as a fault in native code does."""

    def _fail(self) -> None:
        ctypes.string_at(0)


class Waits:
    """Measures nothing until a file is there."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __call__(self, frame: Frame) -> None:
        while not self._file.exists():
            time.sleep(0.01)
