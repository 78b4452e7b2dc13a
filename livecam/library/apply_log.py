"""What `livecam apply` has done of a report, noted beside it, so that any run can take it back."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from livecam.disk.trash import bring_back, find_in_trash, put_into_trash
from livecam.errors import InputError, OutputError, UsageError
from livecam.formats.files import read_whole
from livecam.formats.json_text import MOST_BYTES, parse_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livecam.photos.inputs import Kind


@dataclass(frozen=True)
class Done:
    """What was done with one input."""

    kind: Kind
    files: tuple[str, ...]
    outputs: dict[str, tuple[int, int]]
    """Size and time of change (nanoseconds) of each new file."""
    removed: dict[str, str]
    """What the trash says of each old one."""
    what: str = "key"
    """A new key photo, or a "rating"."""

    @property
    def is_there(self) -> bool:
        """Whether everything that was made is still there, unchanged."""
        return all(_is_same(Path(name), mark) for name, mark in self.outputs.items())

    def undo(self) -> None:
        """Remove what was made and bring back what was removed. Raises OutputError."""
        for name, mark in self.outputs.items():
            path = Path(name)
            # What was changed since is the user's, and what has its name now is another file.
            if _is_same(path, mark):
                put_into_trash(path)
        for name, info in self.removed.items():
            path = Path(name)
            if os.path.lexists(info):
                bring_back(path, Path(info))
            elif not os.path.lexists(path):
                raise OutputError(f"{path.name} is not in the trash any more")


def done_with(
    kind: Kind,
    files: Sequence[Path],
    made: Sequence[Path],
    removed: Sequence[Path] = (),
    what: str = "key",
) -> Done:
    """The note of files that were just made, and of those that went into the trash."""
    infos = {str(path): str(find_in_trash(path)) for path in removed}
    return Done(kind, tuple(map(str, files)), {str(p): _mark(p) for p in made}, infos, what)


class ApplyLog:
    """The file beside a report: a line of JSON for each thing that was done."""

    def __init__(self, report: Path) -> None:
        self._path = report.with_name(f"{report.name}.applied")

    def read(self) -> list[Done]:
        """Everything that was done and not taken back; a line that was cut off counts for nothing.

        Raises UsageError for a log that is damaged.
        """
        try:
            lines = read_whole(self._path, MOST_BYTES).split(b"\n")[:-1]
        except OSError:
            return []
        found = []
        for number, line in enumerate(lines, 1):
            try:
                done = parse_json(line)
                marks = {str(n): (int(m[0]), int(m[1])) for n, m in done["outputs"].items()}
                removed = {str(n): str(i) for n, i in done["removed"].items()}
                files, what = tuple(map(str, done["files"])), str(done.get("what", "key"))
                found.append(Done(done["kind"], files, marks, removed, what))
            except (InputError, ValueError, LookupError, TypeError, AttributeError) as err:
                problem = f"line {number} of {self._path} is damaged"
                raise UsageError(problem, "undo by hand") from err
        return found

    def check(self) -> None:
        """Raise OutputError where nothing can be noted: before anything is changed."""
        try:
            self._path.open("ab").close()
            if self._path.stat().st_size == 0:
                self._path.unlink()
        except OSError as err:
            raise OutputError(f"cannot write {self._path}: {err.strerror}") from err

    def add(self, done: Done) -> None:
        """Note what was done. Raises OutputError."""
        try:
            with self._path.open("ab", buffering=0) as file:
                file.write(json.dumps(asdict(done)).encode() + b"\n")
        except OSError as err:
            raise OutputError(f"cannot write {self._path}: {err.strerror}") from err

    def keep(self, left: Sequence[Done]) -> None:
        """Forget everything but this. Raises OutputError."""
        try:
            if not left:
                self._path.unlink()
                return
            part = self._path.with_name(f".{self._path.name}.part")
            part.write_bytes(b"".join(json.dumps(asdict(one)).encode() + b"\n" for one in left))
            part.replace(self._path)
        except OSError as err:
            raise OutputError(f"cannot write {self._path}: {err.strerror}") from err


def _mark(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_size, found.st_mtime_ns


def _is_same(path: Path, mark: tuple[int, int]) -> bool:
    return os.path.lexists(path) and _mark(path) == mark
