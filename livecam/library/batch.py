"""Many inputs as a stream, worked on by a pool of threads: nothing grows with their number."""

from __future__ import annotations

import hashlib
import heapq
import json
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from livecam.disk.claim import lock
from livecam.errors import InputError, OutputError, UsageError
from livecam.formats.json_text import parse_json

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

    A line is whole once it ends: what a run that was killed has left of one is taken away. As long
    as it is open no other run may write it.
    """

    def __init__(self, path: Path) -> None:
        """Read what there is.

        Raises OutputError, and UsageError for a file of another kind, one that is damaged, and one
        that another run writes.
        """
        self._path = path
        self.done: set[bytes] = set()
        """Of earlier runs: what `id` of their lines says, as bytes."""
        if path.exists() and not path.is_file():
            raise UsageError(f"{path} is no regular file", "name a new file")
        try:
            # Without a buffer: what does not reach the disk is said at once, not at the end.
            self._file = path.open("a+b", buffering=0)
        except OSError as err:
            raise OutputError(f"cannot write {path}: {err.strerror}") from err
        try:
            lock(self._file)
        except OSError as err:
            self._file.close()
            hint = "wait for it, or name a new file"
            raise UsageError(f"another run writes {path}", hint) from err
        try:
            whole = 0
            for row in self._rows():
                self.done.add(row.id)
                whole = row.end
            self._file.truncate(whole)
        except BaseException:
            self._file.close()
            raise

    def add(self, result: Event) -> None:
        """Write a line. Raises OutputError."""
        data = result.to_json().encode() + b"\n"
        try:
            is_whole = self._file.write(data) == len(data)
        except OSError as err:
            raise OutputError(f"cannot write {self._path}: {err.strerror}") from err
        if not is_whole:
            raise OutputError(f"cannot write {self._path}: there is no room left")

    def summary(self) -> Summary:
        """What all its lines together say; of an input with several, the last. Raises UsageError.

        It is read twice, so that nothing grows with it but a number an input.
        """
        last = {row.input: row.number for row in self._rows()}
        judged = better = 0
        largest: list[Gain] = []
        for row in self._rows():
            if row.gain is None or last[row.input] != row.number:
                continue
            judged += 1
            if row.gain.gain > 0:
                better += 1
                push = heapq.heappushpop if len(largest) >= MOST_GAINS else heapq.heappush
                push(largest, row.gain)
        return Summary(judged, better, tuple(sorted(largest, reverse=True)))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _rows(self) -> Iterator[_Row]:
        """Its whole lines. Raises UsageError for what no run has written."""
        end = 0
        with self._path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    return
                end += len(line)
                try:
                    yield _row(parse_json(line), number, end)
                except (InputError, ValueError, LookupError, TypeError, AttributeError) as err:
                    what = f"line {number} of {self._path} is no result"
                    raise UsageError(what, "take it out, or name a new file") from err


@dataclass(frozen=True)
class Summary:
    """What the lines of a file of results say together."""

    judged: int
    """Inputs with a key photo."""
    better: int
    """Those of which another frame is better."""
    largest: tuple[Gain, ...]
    """Those that would gain most, the largest first."""


@dataclass(frozen=True)
class _Row:
    """One line."""

    id: bytes
    number: int
    end: int
    """Where it ends in the file."""
    input: bytes
    """The same for the same files."""
    gain: Gain | None
    """None for an input without a key photo."""


def _row(result: dict[str, Any], number: int, end: int) -> _Row:
    files = tuple(map(str, result["files"]))
    gain = None
    if result.get("gain") is not None:
        at_s = (float(result["present_key"]["time_s"]), float(result["key"]["time_s"]))
        gain = Gain(float(result["gain"]), files, str(result["kind"]), *at_s)
    key = hashlib.blake2b(json.dumps(files).encode(), digest_size=8).digest()
    return _Row(bytes.fromhex(result["id"].replace("-", "")), number, end, key, gain)
