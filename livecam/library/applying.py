"""Applies a report of `livecam pick` (makes the better key photos), and undoes that.

What is made is what `pick --rekey` makes: the photo itself with the faces that are better in its
movie, else the frame that the report names. By default the new pair or Motion Photo lies beside the
old one, which is not touched. In place, the old files go into the trash. What was done is noted
beside the report, so that all of it can be undone, by another run too.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from livecam.disk.changes import finish_abandoned
from livecam.disk.new_files import write_new
from livecam.disk.trash import can_bring_back
from livecam.edit.faces_in_photo import with_better_faces
from livecam.edit.in_place import make_key, put_in_place
from livecam.edit.rekey import rekeyed_motion_photo, rekeyed_pair
from livecam.errors import InputError, LivecamError, OutputError, UsageError
from livecam.formats.files import read_whole
from livecam.formats.json_text import parse_json
from livecam.formats.tags import new_identifier
from livecam.library.apply_log import ApplyLog, done_with
from livecam.library.picking import MARK
from livecam.library.ratings import write_rating
from livecam.photos.archives import is_archive, unpacked
from livecam.photos.inputs import Input
from livecam.photos.judged import judge, record_of
from livecam.photos.pick import Pick, PresentKey, Wanted, open_movie, pick
from livecam.quality.choice import MomentScore
from livecam.quality.finder import FaceFinder
from livecam.quality.score import FrameScore
from livecam.timebase import NS_PER_S, to_s

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from livecam.disk.new_files import NewFiles
    from livecam.edit.in_place import KeyChange
    from livecam.photos.inputs import Kind
    from livecam.photos.pick import OpenMovie

MOST_REPORT = 1_000_000_000
"""Bytes of a report: a million inputs."""
T = TypeVar("T")
SAME_S = 0.001
"""Most seconds between a frame's time and the report's; beyond that the movie has changed."""


@dataclass(frozen=True)
class Wish:
    """One line of a report that says that another key photo is better."""

    source: Input
    index: int
    time_s: float
    gain: float


@dataclass(frozen=True)
class Applied:
    """The result of applying or undoing one wish."""

    source: Input
    outputs: tuple[Path, ...] = ()
    note: str = ""
    error: LivecamError | None = None


def wishes(report: Path, only: Sequence[str] = ()) -> list[Wish]:
    """The wishes in a report; if an input has several lines, the last one counts.

    `only` are names or paths of photos. Raises InputError, UsageError.
    """
    found = _read(report, _wish)
    some = [wish for wish in found if _is_named(wish.source.file, only)]
    if only and not some:
        raise UsageError("the report has no change for the named photos")
    return some


def rated(report: Path, only: Sequence[str] = ()) -> list[tuple[Input, Path, float]]:
    """The inputs of a report that have a photo, the photo, and its score as it is now.

    Of a set of pictures, the chosen one. Raises InputError, UsageError.
    """
    log = ApplyLog(report).read()
    made = {name for one in log if one.what == "key" and one.is_there for name in one.outputs}

    def rate(result: dict[str, Any], source: Input) -> tuple[Input, Path, float] | None:
        key = result.get("key")
        if not key or source.kind == "video":
            return None
        photo = source.files[int(key["index"])] if source.kind == "pictures" else source.file
        gains = 0.0 if str(photo) in made else float(result.get("gain") or 0.0)
        return source, photo, float(key["score"]) - gains

    some = [one for one in _read(report, rate) if _is_named(one[1], only)]
    if only and not some:
        raise UsageError("the report has no score for what is named")
    return some


def _is_named(path: Path, only: Sequence[str]) -> bool:
    named = {Path(name).name for name in only} | {str(Path(name).resolve()) for name in only}
    return not only or bool({path.name, str(path)} & named)


def _read(report: Path, make: Callable[[dict[str, Any], Input], T | None]) -> list[T]:
    """What is made of each input's last line. Raises InputError, UsageError."""
    found: dict[tuple[str, ...], T | None] = {}
    try:
        lines = read_whole(report, MOST_REPORT).splitlines()
    except OSError as err:
        raise InputError(f"{report} cannot be read: {err.strerror}") from err
    for number, line in enumerate(lines, 1):
        try:
            result = parse_json(line)
            files = tuple(map(str, result["files"]))
            source = Input(cast("Kind", result["kind"]), tuple(map(Path, files)))
            found[files] = make(result, source)
        except (InputError, ValueError, LookupError, TypeError, AttributeError) as err:
            raise UsageError(f"line {number} of {report} is no result of livecam pick") from err
    return [one for one in found.values() if one is not None]


def _wish(result: dict[str, Any], source: Input) -> Wish | None:
    if not result.get("gain") or source.kind not in ("live-photo", "motion-photo"):
        return None
    is_single = source.kind == "motion-photo" or is_archive(source)
    if len(source.files) != (1 if is_single else 2):
        raise ValueError("it names other files than that kind has")
    key = result["key"]
    return Wish(source, int(key["index"]), float(key["time_s"]), float(result["gain"]))


def applied_files(report: Path) -> frozenset[tuple[Path, ...]]:
    """The files of each input of a report that was changed and not taken back.

    Raises UsageError for a log that is damaged.
    """
    done = (one for one in ApplyLog(report).read() if one.what == "key")
    return frozenset(tuple(map(Path, one.files)) for one in done)


def apply_all(
    wanted: Sequence[Wish], report: Path, *, in_place: bool, given_up: Callable[[], bool]
) -> Iterator[Applied]:
    """Apply wishes one after the other; errors of one are in its `Applied`.

    Raises UsageError for a damaged log, and for `in_place` if livecam cannot bring files back from
    this system's trash.
    """
    if in_place and not can_bring_back():
        raise UsageError(
            "what lies in this system's trash cannot be brought back by livecam",
            "leave out --in-place: new files lie beside the old ones",
        )
    log = ApplyLog(report)
    before = {one.files for one in log.read() if one.what == "key" and one.is_there}
    log.check()
    with closing(FaceFinder()) as finder:

        def apply(wish: Wish) -> Applied:
            if tuple(map(str, wish.source.files)) in before:
                return Applied(wish.source, note="it has its new key photo already")
            return (_replaced if in_place else _beside)(wish, log, finder)

        for wish in wanted:
            if given_up():
                return
            yield _safely(wish.source, lambda: apply(wish))  # noqa: B023 - called at once


def rate_all(report: Path, only: Sequence[str] = ()) -> Iterator[Applied]:
    """Write the score of each photo of a report as a rating into an XMP file beside it.

    A photo that has such a file already keeps it. Raises InputError, UsageError, OutputError.
    """
    log = ApplyLog(report)
    log.check()
    for source, photo, score in rated(report, only):

        def rate(source: Input = source, photo: Path = photo, score: float = score) -> Applied:
            path = write_rating(photo, score)
            if path is None:
                return Applied(source, note=f"{photo.name} has an XMP file already: it is kept")
            log.add(done_with(source.kind, source.files, [path], what="rating"))
            return Applied(source, (path,))

        yield _safely(source, rate)


def _safely(source: Input, work: Callable[[], Applied]) -> Applied:
    """One file's fault must not stop the others."""
    name = source.file.name
    try:
        return work()
    except LivecamError as err:
        return Applied(source, error=err)
    except OSError as err:
        return Applied(source, error=InputError(f"{name} cannot be read: {err.strerror}"))
    except Exception as err:  # noqa: BLE001 - said, whatever it was
        return Applied(source, error=LivecamError(f"{name}: livecam broke down: {err!r}"))


def undo_all(report: Path) -> Iterator[Applied]:
    """Undo everything that was applied of a report, the newest first.

    Raises InputError if there is nothing, UsageError for a damaged log, OutputError.
    """
    log = ApplyLog(report)
    left = log.read()
    if not left:
        raise InputError(f"nothing of {report.name} was applied, or it was undone")
    while left:
        done = left[-1]
        source = Input(done.kind, tuple(map(Path, done.files)))
        try:
            done.undo()
        except LivecamError as err:
            yield Applied(source, error=err)
            return  # older steps can only be undone after this one
        left.pop()
        log.keep(left)
        yield Applied(source)


def proposal(wish: Wish, finder: FaceFinder) -> NewFiles:
    """The files of a better pair or Motion Photo. Raises InputError."""
    with unpacked(wish.source) as source, open_movie(source) as movie:
        named = replace(_named(wish, movie), input=source)
        if named.keeps_present:
            raise _HasItError
        found = pick(source, finder, Wanted(), movie)
        identifier = new_identifier()
        files, _ = with_better_faces(found, movie, identifier, finder, rekeys=True)
        if files is not None:
            return files
        remake = rekeyed_pair if source.kind == "live-photo" else rekeyed_motion_photo
        return remake(named, movie, identifier)


class _HasItError(InputError):
    """The frame that a report names is the key photo."""

    def __init__(self) -> None:
        super().__init__("it has that key photo already")


def _beside(wish: Wish, log: ApplyLog, finder: FaceFinder) -> Applied:
    """A new pair or Motion Photo in the same folder."""
    source = wish.source
    try:
        files = proposal(wish, finder)
    except _HasItError as err:
        return Applied(source, note=err.message)
    stem = source.file.stem.removesuffix(".MP")
    outputs = write_new(files, source.file.parent, stem + MARK)
    log.add(done_with(source.kind, source.files, outputs))
    return Applied(source, outputs, files.note)


def _replaced(wish: Wish, log: ApplyLog, finder: FaceFinder) -> Applied:
    """The new files under the old names, the old ones in the trash."""
    source = wish.source
    for problem in finish_abandoned(source.file.parent):
        raise OutputError(problem)
    try:
        change = _in_place(wish, finder)
    except _HasItError as err:
        return Applied(source, note=err.message)
    try:
        log.add(done_with(source.kind, source.files, change.added, change.removed))
    except BaseException:
        change.undo()
        raise
    change.forget()
    return Applied(source, change.source.files, change.note)


def _in_place(wish: Wish, finder: FaceFinder) -> KeyChange:
    source = wish.source
    if is_archive(source):
        raise InputError(f"{source.file.name} is an archive", "leave out --in-place")
    if record_of(source) is not None:  # which is written anew too, with all its frames
        with open_movie(source) as movie:
            if _named(wish, movie).keeps_present:
                raise _HasItError
        judged = judge(source, finder)
        at = [i for i, frame in enumerate(judged.score.frames) if frame.index == wish.index]
        if at:
            return make_key(judged, at[0])
    return put_in_place(source, proposal(wish, finder))


def _named(wish: Wish, movie: OpenMovie) -> Pick:
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
