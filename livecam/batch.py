"""Many inputs as a stream, worked on by a pool of threads: nothing grows with their number."""

from __future__ import annotations

import heapq
import json
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from livecam.errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future
    from pathlib import Path

    from livecam.contract import Event

    Item = TypeVar("Item")
    Result = TypeVar("Result")

AHEAD = 4
"""Inputs a thread that are begun or wait to be told: one slow one holds up no other."""
MOST_GAINS = 50
"""Of the inputs that would gain most, so many are remembered."""


def in_order(items: Iterable[Item], work: Callable[[Item], Result], jobs: int) -> Iterator[Result]:
    """What `work` makes of each item, in their order; as many at a time as `jobs`.

    Items are taken as they are needed. Whoever stops early waits for what is begun, and no more.
    """
    pool = ThreadPoolExecutor(jobs, thread_name_prefix="batch")
    begun: deque[Future[Result]] = deque()
    try:
        for item in items:
            begun.append(pool.submit(work, item))
            while begun and (begun[0].done() or len(begun) >= AHEAD * jobs):
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@dataclass(frozen=True, order=True)
class Gain:
    """An input that would get a better key photo."""

    gain: float
    files: tuple[str, ...]
    kind: str
    present_s: float
    key_s: float


class ResultFile:
    """A file of one JSON line an input that grows as a run goes on, and that the next one reads.

    A line is whole once it ends: what a run that was killed has left of one is taken away.
    """

    def __init__(self, path: Path) -> None:
        """Read what there is. Raises OutputError, and UsageError for a file of another kind."""
        self._path = path
        self.done: set[bytes] = set()
        """Of earlier runs: what `id` of their lines says, as bytes."""
        self.gains: list[Gain] = []
        """A heap of the largest."""
        self.judged = self.better = 0
        """Inputs with a key photo, and those of which another frame is better."""
        try:
            whole = self._read()
            # Without a buffer: what does not reach the disk is said at once, not at the end.
            self._file = path.open("ab", buffering=0)
            self._file.truncate(whole)
        except OSError as err:
            raise OutputError(f"cannot write {path}: {err.strerror}") from err

    def add(self, result: Event) -> None:
        """Write a line. Raises OutputError."""
        line = result.to_json()
        self._note(json.loads(line))
        data = line.encode() + b"\n"
        try:
            is_whole = self._file.write(data) == len(data)
        except OSError as err:
            raise OutputError(f"cannot write {self._path}: {err.strerror}") from err
        if not is_whole:
            raise OutputError(f"cannot write {self._path}: there is no room left")

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _read(self) -> int:
        """Bytes of its whole lines."""
        if not self._path.exists():
            return 0
        whole = 0
        with self._path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break
                try:
                    result = json.loads(line)
                    self.done.add(bytes.fromhex(result["id"].replace("-", "")))
                    self._note(result)
                except (ValueError, KeyError, TypeError, AttributeError) as err:
                    raise UsageError(
                        f"{self._path} is no file of results", "name a new file"
                    ) from err
                whole += len(line)
        return whole

    def _note(self, result: dict[str, Any]) -> None:
        gain = result.get("gain")
        if gain is None:
            return
        self.judged += 1
        if gain <= 0:
            return
        self.better += 1
        at_s = (result["present_key"]["time_s"], result["key"]["time_s"])
        item = Gain(gain, tuple(result["files"]), result["kind"], *at_s)
        push = heapq.heappushpop if len(self.gains) >= MOST_GAINS else heapq.heappush
        push(self.gains, item)
