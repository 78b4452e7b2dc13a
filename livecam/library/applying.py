"""Does what a report of `livecam pick` says: the better key photos, and back again.

By default the new pair or Motion Photo lies beside the old one, which is not touched. In place, the
old files go into the trash. What was done is noted beside the report, so that all of it can be
undone, by another run too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
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
from livecam.photos.pick import Pick, open_movie
from livecam.quality.choice import MomentScore
from livecam.quality.finder import FaceFinder
from livecam.quality.score import FrameScore
from livecam.timebase import NS_PER_S, to_s

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import BinaryIO

    from livecam.disk.new_files import NewFiles
    from livecam.photos.inputs import Kind

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
    with _log_path(report).open("ab", buffering=0) as log:
        for wish in wanted:
            if given_up():
                return
            try:
                yield _replaced(wish, log) if in_place else _beside(wish, log)
            except LivecamError as err:
                yield Applied(wish.source, error=err)
            except OSError as err:
                problem = InputError(f"{wish.source.file.name} cannot be read: {err.strerror}")
                yield Applied(wish.source, error=problem)


def undo_all(report: Path) -> Iterator[Applied]:
    """Take back everything that was done of a report, the newest first. Raises InputError."""
    path = _log_path(report)
    try:
        lines = read_whole(path, MOST_BYTES).splitlines()
    except OSError as err:
        raise InputError(f"nothing of {report.name} was applied, or it was undone") from err
    left = list(lines)
    for line in reversed(lines):
        done = parse_json(line)
        source = Input(done["kind"], tuple(map(Path, done["files"])))
        try:
            # Before the new files of the same names follow them there.
            removed = {Path(name): find_in_trash(Path(name)) for name in done["removed"]}
            for output in map(Path, done["outputs"]):
                if output.exists():
                    put_into_trash(output)
            for old, info in removed.items():
                bring_back(old, info)
            left.pop()
            yield Applied(source)
        except LivecamError as err:
            yield Applied(source, error=err)
            break  # what was done before it stands below it
    if left:
        path.write_bytes(b"\n".join(left) + b"\n")
    else:
        path.unlink()


def _beside(wish: Wish, log: BinaryIO) -> Applied:
    """A new pair or Motion Photo in the same folder."""
    source = wish.source
    with open_movie(source) as movie:
        pick = _pick(wish, movie.reader.nearest(wish.time_s).index, movie.reader.duration_s)
        remake = rekeyed_pair if source.kind == "live-photo" else rekeyed_motion_photo
        files: NewFiles = remake(pick, movie, new_identifier())
    stem = source.file.stem.removesuffix(".MP")
    outputs = write_new(files, source.file.parent, stem + MARK)
    _note(log, source, outputs, ())
    return Applied(source, outputs, files.note)


def _replaced(wish: Wish, log: BinaryIO) -> Applied:
    """The new files under the old names, the old ones in the trash."""
    source = wish.source
    for problem in finish_abandoned(source.file.parent):
        raise OutputError(problem)
    with open_movie(source) as movie:
        pick = _pick(wish, movie.reader.nearest(wish.time_s).index, movie.reader.duration_s)
    position = 0
    if record_of(source) is not None:  # which is written anew too, with all its frames
        finder = FaceFinder()
        pick = judge(source, finder)
        finder.close()
        position = next(i for i, f in enumerate(pick.score.frames) if f.index == wish.index)
    change = make_key(pick, position)
    _note(log, source, change.added, change.removed)
    change.forget()
    return Applied(source, change.source.files, change.note)


def _pick(wish: Wish, index: int, duration_s: float) -> Pick:
    """The choice that the report names. Raises InputError where the movie is another one."""
    if index != wish.index:
        raise InputError(f"{wish.source.file.name} has changed since the report")
    t_ns = round(wish.time_s * NS_PER_S)
    frame = FrameScore(index, t_ns, 1.0, True, (), {})
    score = MomentScore("faces", (frame,), 0, f"chosen by the report, at {to_s(t_ns):.3f} s")
    return Pick(wish.source, duration_s, score, None, by_hand=True)


def _note(log: BinaryIO, source: Input, outputs: Sequence[Path], removed: Sequence[Path]) -> None:
    line = {
        "kind": source.kind,
        "files": list(map(str, source.files)),
        "outputs": list(map(str, outputs)),
        "removed": list(map(str, removed)),
    }
    log.write(json.dumps(line).encode() + b"\n")


def _log_path(report: Path) -> Path:
    return report.with_name(f"{report.name}.applied")
