"""Does what a report of `livecam pick` says: the better key photos, and back again.

By default the new pair or Motion Photo lies beside the old one, which is not touched. In place, the
old files go into the trash. What was done is noted beside the report, so that all of it can be
undone, by another run too.
"""

from __future__ import annotations

import json
import os
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from livecam.disk.changes import finish_abandoned
from livecam.disk.new_files import write_new
from livecam.disk.trash import bring_back, can_bring_back, find_in_trash, put_into_trash
from livecam.edit.in_place import make_key
from livecam.edit.rekey import rekeyed_motion_photo, rekeyed_pair
from livecam.errors import InputError, LivecamError, OutputError, UsageError
from livecam.formats.files import read_whole
from livecam.formats.json_text import MOST_BYTES, parse_json
from livecam.formats.tags import new_identifier
from livecam.library.picking import MARK
from livecam.photos.inputs import Input
from livecam.photos.judged import judge, record_of
from livecam.photos.pick import Pick, PresentKey, open_movie
from livecam.quality.choice import MomentScore
from livecam.quality.finder import FaceFinder
from livecam.quality.score import FrameScore
from livecam.timebase import NS_PER_S, to_s

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import BinaryIO

    from livecam.disk.new_files import NewFiles
    from livecam.photos.inputs import Kind
    from livecam.photos.pick import OpenMovie

MOST_REPORT = 1_000_000_000
"""Bytes of a report: a million inputs."""
SAME_S = 0.001
"""How far a frame's time may lie from the report's before the movie is another one."""


@dataclass(frozen=True)
class Wish:
    """One line of a report that says that another key photo is better."""

    source: Input
    index: int
    time_s: float
    gain: float


@dataclass(frozen=True)
class Applied:
    """What became of one of them."""

    source: Input
    outputs: tuple[Path, ...] = ()
    note: str = ""
    error: LivecamError | None = None


def wishes(report: Path, only: Sequence[str] = ()) -> list[Wish]:
    """What a report wants changed; of an input with several lines, the last one's.

    `only` are names or paths of photos. Raises InputError, UsageError.
    """
    found: dict[tuple[str, ...], Wish | None] = {}
    try:
        lines = read_whole(report, MOST_REPORT).splitlines()
    except OSError as err:
        raise InputError(f"{report} cannot be read: {err.strerror}") from err
    for number, line in enumerate(lines, 1):
        try:
            result = parse_json(line)
            files = tuple(map(str, result["files"]))
            found[files] = _wish(result, files)
        except (InputError, ValueError, LookupError, TypeError, AttributeError) as err:
            raise UsageError(f"line {number} of {report} is no result of livecam pick") from err
    wanted = [wish for wish in found.values() if wish is not None]
    if not only:
        return wanted
    named = {Path(name).name for name in only} | {str(Path(name).resolve()) for name in only}
    some = [w for w in wanted if {w.source.file.name, str(w.source.file)} & named]
    if not some:
        raise UsageError("the report wants nothing changed of what is named")
    return some


def _wish(result: dict[str, Any], files: tuple[str, ...]) -> Wish | None:
    if not result.get("gain") or result["kind"] not in ("live-photo", "motion-photo"):
        return None
    source = Input(cast("Kind", result["kind"]), tuple(map(Path, files)))
    if len(files) != (2 if source.kind == "live-photo" else 1):
        raise ValueError("it names other files than that kind has")
    key = result["key"]
    return Wish(source, int(key["index"]), float(key["time_s"]), float(result["gain"]))


def apply_all(
    wanted: Sequence[Wish], report: Path, *, in_place: bool, given_up: Callable[[], bool]
) -> Iterator[Applied]:
    """Do it, one after the other. Raises OutputError where it cannot be noted what was done."""
    if in_place and not can_bring_back():
        raise UsageError(
            "what lies in this system's trash cannot be brought back by livecam",
            "leave out --in-place: new files lie beside the old ones",
        )
    path = _log_path(report)
    _noted(path)  # or else what is added could never be undone
    for wish in wanted:
        if given_up():
            return
        name = wish.source.file.name
        try:
            yield _replaced(wish, path) if in_place else _beside(wish, path)
        except LivecamError as err:
            yield Applied(wish.source, error=err)
        except OSError as err:
            problem = InputError(f"{name} cannot be read: {err.strerror}")
            yield Applied(wish.source, error=problem)
        except Exception as err:  # noqa: BLE001 - one file's fault must not stop the others
            broken = LivecamError(f"{name}: livecam broke down: {err!r}")
            yield Applied(wish.source, error=broken)


def undo_all(report: Path) -> Iterator[Applied]:
    """Take back everything that was done of a report, the newest first.

    Raises InputError, UsageError for a log that is damaged, OutputError.
    """
    path = _log_path(report)
    left = _noted(path)
    if not left:
        raise InputError(f"nothing of {report.name} was applied, or it was undone")
    while left:
        done = left[-1]
        source = Input(done.kind, tuple(map(Path, done.files)))
        try:
            _undo(done)
        except LivecamError as err:
            yield Applied(source, error=err)
            return  # what was done before it lies below it
        left.pop()
        _rewrite(path, left)
        yield Applied(source)


@dataclass(frozen=True)
class _Done:
    """What was done with one input."""

    kind: Kind
    files: tuple[str, ...]
    outputs: dict[str, tuple[int, int]]
    """Size and time of change of each new file."""
    removed: dict[str, str]
    """What the trash says of each old one."""


def _undo(done: _Done) -> None:
    for name, mark in done.outputs.items():
        path = Path(name)
        # What was changed since is the user's, and what has its name now is another file.
        if os.path.lexists(path) and _mark(path) == mark:
            put_into_trash(path)
    for name, info in done.removed.items():
        path = Path(name)
        if os.path.lexists(info):
            bring_back(path, Path(info))
        elif not os.path.lexists(path):
            raise OutputError(f"{path.name} is not in the trash any more")


def _noted(path: Path) -> list[_Done]:
    """What the log says; a line that was not written to its end is nothing."""
    try:
        lines = read_whole(path, MOST_BYTES).split(b"\n")[:-1]
    except OSError:
        return []
    found = []
    for number, line in enumerate(lines, 1):
        try:
            done = parse_json(line)
            marks = {str(n): (int(m[0]), int(m[1])) for n, m in done["outputs"].items()}
            removed = {str(n): str(i) for n, i in done["removed"].items()}
            found.append(_Done(done["kind"], tuple(map(str, done["files"])), marks, removed))
        except (InputError, ValueError, LookupError, TypeError, AttributeError) as err:
            raise UsageError(f"line {number} of {path} is damaged", "undo by hand") from err
    return found


def _rewrite(path: Path, left: list[_Done]) -> None:
    """The log without what was undone. Raises OutputError."""
    try:
        if not left:
            path.unlink()
            return
        part = path.with_name(f".{path.name}.part")
        part.write_bytes(b"".join(json.dumps(asdict(done)).encode() + b"\n" for done in left))
        part.replace(path)
    except OSError as err:
        raise OutputError(f"cannot write {path}: {err.strerror}") from err


def _mark(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_size, found.st_mtime_ns


def _beside(wish: Wish, log: Path) -> Applied:
    """A new pair or Motion Photo in the same folder."""
    source = wish.source
    with open_movie(source) as movie:
        pick = _pick(wish, movie)
        if pick.keeps_present:
            return Applied(source, note="it has that key photo already")
        remake = rekeyed_pair if source.kind == "live-photo" else rekeyed_motion_photo
        files: NewFiles = remake(pick, movie, new_identifier())
    stem = source.file.stem.removesuffix(".MP")
    with _opened(log) as file:
        outputs = write_new(files, source.file.parent, stem + MARK)
        _note(file, _Done(source.kind, tuple(map(str, source.files)), _marks(outputs), {}))
    return Applied(source, outputs, files.note)


def _replaced(wish: Wish, log: Path) -> Applied:
    """The new files under the old names, the old ones in the trash."""
    source = wish.source
    for problem in finish_abandoned(source.file.parent):
        raise OutputError(problem)
    with open_movie(source) as movie:
        pick = _pick(wish, movie)
    if pick.keeps_present:
        return Applied(source, note="it has that key photo already")
    position = 0
    if record_of(source) is not None:  # which is written anew too, with all its frames
        with closing(FaceFinder()) as finder:
            judged = judge(source, finder)
        at = [i for i, frame in enumerate(judged.score.frames) if frame.index == wish.index]
        if at:
            pick, position = judged, at[0]
    with _opened(log) as file:
        change = make_key(pick, position)
        try:
            removed = {str(old): str(find_in_trash(old)) for old in change.removed}
            files = tuple(map(str, source.files))
            _note(file, _Done(source.kind, files, _marks(change.added), removed))
        except BaseException:
            change.undo()
            raise
    change.forget()
    return Applied(source, change.source.files, change.note)


def _pick(wish: Wish, movie: OpenMovie) -> Pick:
    """The choice that the report names. Raises InputError where the movie is another one."""
    reader = movie.reader
    at = reader.nearest(wish.time_s)
    if at.index != wish.index or abs(at.time_s - wish.time_s) > SAME_S:
        raise InputError(f"{wish.source.file.name} has changed since the report")
    t_ns = round(wish.time_s * NS_PER_S)
    frame = FrameScore(at.index, t_ns, 1.0, True, (), {})
    score = MomentScore("faces", (frame,), 0, f"chosen by the report, at {to_s(t_ns):.3f} s")
    now = None
    if movie.still_s is not None:
        still = reader.nearest(movie.still_s)
        now = PresentKey(still.index, still.time_s, 0.0)
    return Pick(wish.source, reader.duration_s, score, now, by_hand=True)


@contextmanager
def _opened(log: Path) -> Iterator[BinaryIO]:
    """The log, to be added to. Raises OutputError."""
    try:
        file = log.open("ab", buffering=0)
    except OSError as err:
        raise OutputError(f"cannot write {log}: {err.strerror}") from err
    with file:
        yield file


def _marks(paths: Sequence[Path]) -> dict[str, tuple[int, int]]:
    return {str(path): _mark(path) for path in paths}


def _note(log: BinaryIO, done: _Done) -> None:
    log.write(json.dumps(asdict(done)).encode() + b"\n")


def _log_path(report: Path) -> Path:
    return report.with_name(f"{report.name}.applied")
