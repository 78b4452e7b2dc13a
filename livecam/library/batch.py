"""Many inputs as a stream, worked on by a pool of threads: memory does not grow with them."""

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
"""Inputs per thread that are started or wait for earlier results: a slow one blocks no other."""
MOST_GAINS = 50
"""How many of the inputs that would gain most are kept."""


def in_order(items: Iterable[Item], work: Callable[[Item], Result], jobs: int) -> Iterator[Result]:
    """Yield the result of `work` for each item, in order; `jobs` items at a time.

    Items are taken as they are needed. If the caller stops early, only started work is finished.
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
    """An input with a key photo, and how much better another frame is."""

    gain: float
    files: tuple[str, ...]
    kind: str
    present_s: float
    key_s: float


class ResultFile:
    """A file with one JSON line per input, which a run appends to and the next run reads.

    A line counts once it ends with a newline: an incomplete line of a killed run is cut off. While
    the file is open, no other run may write it.
    """

    def __init__(self, path: Path) -> None:
        """Open the file and read its lines.

        Raises OutputError, and UsageError for a file of another kind, a damaged file, and a file
        that another run is writing.
        """
        self._path = path
        self.done: set[bytes] = set()
        """The `id` of each line that was there before, as bytes."""
        if path.exists() and not path.is_file():
            raise UsageError(f"{path} is not a regular file", "name a new file")
        try:
            # Without a buffer: a full disk is reported at once, not at the end.
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
        """Summarise all lines; if an input has several, the last counts. Raises UsageError.

        The file is read twice, so that memory grows by only one number per input.
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
        """Its complete lines. Raises UsageError for a line that is not a result."""
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
    """Inputs with a better frame."""
    largest: tuple[Gain, ...]
    """The inputs that would gain most, the largest gain first."""


@dataclass(frozen=True)
class _Row:
    """One line."""

    id: bytes
    number: int
    end: int
    """Offset in the file at which the line ends."""
    input: bytes
    """Hash of the input's file names."""
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
