"""Scores the frames of one input and picks the best; reads only, writes nothing."""

from __future__ import annotations

from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from threading import RLock
from typing import TYPE_CHECKING

from livecam import memory
from livecam.errors import InputError, UsageError
from livecam.formats.files import read_file
from livecam.formats.motion_photo import MotionMovie, find_motion_movie
from livecam.formats.movie_facts import read_movie
from livecam.photos.archives import is_archive
from livecam.photos.bursts import bursts_of, taken
from livecam.photos.frames import MovieReader, evenly
from livecam.photos.pictures import picture_frame
from livecam.photos.present import MIN_GAIN, PresentPhoto, judge_photo
from livecam.quality.choice import MomentScore, choose_picture
from livecam.quality.finder import NO_SCENE, FaceFinder
from livecam.quality.measures import FrameReading
from livecam.quality.search import ANYBODY, SEVERAL, Pace, Plan, search_moment, search_movie
from livecam.timebase import NS_PER_S, to_s

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from livecam.frame import Frame
    from livecam.photos.inputs import Input
    from livecam.quality.score import FrameScore

SPACED_FRAMES = 12
"""As many as phone apps offer to choose from; a long movie gets at least this many first looks."""
BESIDE = 2
"""Frames looked at on each side of a chosen one: at 30 per second they show a blink coming."""
COARSE_SHARE, COARSE_BESIDE, MOST_COARSE = 0.05, 1, 240
"""Share of a long movie's frames looked at first, neighbours on each side, most such frames: with
neighbours a seventh of all."""
FINE_SHARE, PEAKS, MIN_REACH, MOST_REACH = 0.1, 3, 4, 100
"""Share of the frames looked at next, around how many of the best, and the fewest and most frames
on each side: a tenth of two hours would take ten minutes and 500 MB of readings."""
WAITING = memory.Allowance(140_000_000)
"""Bytes for decoded frames that wait to be looked at, of all movies together: two movies of three
seconds at 700x700, or one at 720p. Larger movies are decoded again: to keep some of their frames
would seldom help."""
JUMP = 6
"""If two looks are more than this many frames apart, faces may have moved."""
ALL_UP_TO_S = 5.0
ALL_UP_TO_FRAMES = 600
"""Movies up to this length are moments: every frame gets a score, at up to 120 per second."""

MANY_PICTURES = 12
"""In a set of at least this many pictures, each is first looked at roughly."""
NEAR_BEST = 0.2
"""Pictures of a large set within this distance of the best score are looked at again: rough scores
vary by 0.03 (standard deviation) if a picture is shifted by a pixel."""

LARGE_ONES = RLock()
"""Held by the thread that works on a large movie: at 4K a decoder and its frames take 400 MB, and
two of them would exceed livecam's memory limit."""


@dataclass(frozen=True)
class Wanted:
    """How to look at a movie."""

    frames: int | None = None
    """How many evenly spaced frames; None for all."""
    is_default: bool = True
    """Whether all frames are looked at in short movies only; long ones are searched."""
    at_s: float | None = None
    """The frame nearest to this time is the choice."""
    min_gain: float = MIN_GAIN
    """By how much a frame must be better than the present photo to take its place."""


@dataclass(frozen=True)
class PresentKey:
    """The frame that is the key photo now."""

    index: int
    time_s: float
    score: float


@dataclass(frozen=True)
class Pick:
    """What was chosen of one input."""

    input: Input
    duration_s: float
    score: MomentScore
    present: PresentKey | None
    by_hand: bool = False
    photo: PresentPhoto | None = None
    """The present key photo itself, if it was judged."""
    size_wh: tuple[int, int] = (0, 0)
    """Width and height of the movie's frames, upright, or of a set's chosen picture."""
    broken: tuple[tuple[Path, InputError], ...] = ()
    """Pictures of a set that cannot be read; the choice is among the others."""

    @property
    def key(self) -> FrameScore:
        """The chosen frame; its `index` counts the movie's frames or the set's pictures."""
        return self.score.frames[self.score.key]

    @property
    def key_s(self) -> float:
        """The chosen frame's time in the movie, in seconds."""
        return to_s(self.key.t_ns)

    @property
    def keeps_present(self) -> bool:
        """Whether the choice is the present key photo."""
        if self.photo is not None and self.photo.stays and not self.by_hand:
            return True  # though its frame in the movie may be lost
        return self.present is not None and self.present.index == self.key.index


@dataclass(frozen=True)
class OpenMovie:
    """An open movie, the photo's time in it in seconds, and where a Motion Photo holds it."""

    reader: MovieReader
    still_s: float | None
    motion: MotionMovie | None


@contextmanager
def _alone() -> Iterator[None]:
    """Work on one large movie at a time, after giving back the memory of the one before."""
    with LARGE_ONES:
        memory.release()
        yield


@contextmanager
def open_movie(source: Input) -> Iterator[OpenMovie]:
    """The movie of a Live Photo, Motion Photo or video. Raises InputError."""
    motion, still_s = None, None
    if is_archive(source):
        unpack = "'livecam export --to live-photo' unpacks it"
        raise InputError(f"{source.file.name} is an archive", unpack)
    try:
        if source.kind == "motion-photo":
            motion = read_file(source.file, find_motion_movie)
            if motion is None:
                raise InputError("it is no Motion Photo any more")
            still_s = motion.still_s
            reader = MovieReader(source.file.read_bytes()[motion.start : motion.end])
        else:
            path = source.files[-1]
            reader = MovieReader(path)
            if source.kind == "live-photo":
                facts = read_file(path, read_movie)
                still_s = facts.still.time_s if facts.still else None
    except OSError as err:
        raise InputError(f"cannot be read: {err.strerror}") from err
    with reader, _alone() if reader.is_large else nullcontext():
        if still_s is None and source.kind == "motion-photo":
            # The specification: the frame just before the middle.
            still_s = max(0.0, reader.duration_s / 2 - 1e-3)
        yield OpenMovie(reader, still_s, motion)


def pick(
    source: Input,
    finder: FaceFinder,
    wanted: Wanted,
    movie: OpenMovie | None,
    helpers: Sequence[FaceFinder] = (),
) -> Pick:
    """Choose the best frame. Raises InputError, ModelError, UsageError for `at_s` past the end.

    `movie` is what `open_movie` gives; None for pictures. `helpers` are more finders, which look at
    pictures of a set in their own threads.
    """
    if movie is None:
        return _pick_picture(source, [finder, *helpers])
    reader = movie.reader
    present = None if movie.still_s is None else reader.nearest(movie.still_s)
    if wanted.at_s is not None and wanted.at_s > reader.duration_s:
        name, lasts_s = source.file.name, reader.duration_s
        raise UsageError(f"{wanted.at_s:g} s lies behind the end of {name}, after {lasts_s:.3f} s")
    by_hand = None if wanted.at_s is None else reader.nearest(wanted.at_s)
    needed = [frame.index for frame in (present, by_hand) if frame is not None]
    middle_s = reader.duration_s / 2 if movie.still_s is None else movie.still_s
    look = _MovieReadings(reader, finder)
    try:
        score = _search(look, round(middle_s * NS_PER_S), wanted, needed)
    finally:
        look.forget_waiting()
    position = {frame.index: at for at, frame in enumerate(score.frames)}
    if by_hand is not None:
        score = MomentScore(
            score.basis, score.frames, position[by_hand.index], "chosen by hand", score.note
        )
    now = None
    if present is not None and present.index in position:
        judged = score.frames[position[present.index]]
        now = PresentKey(present.index, present.time_s, judged.score)
    photo = None
    if present is not None and by_hand is None:
        photo = _photo(source, look, score, finder, wanted)
        stays = photo.stays if photo is not None else "it cannot be read here"
        if stays and present.index in position:
            why = f"the present photo stays: {stays}"
            score = replace(score, key=position[present.index], reason=why)
    return Pick(source, reader.duration_s, score, now, by_hand is not None, photo, reader.size_wh)


def _photo(
    source: Input, readings: _MovieReadings, score: MomentScore, finder: FaceFinder, wanted: Wanted
) -> PresentPhoto | None:
    """The photo of a Live or Motion Photo; None where it cannot be read."""
    try:
        return judge_photo(
            source.file, readings.all, readings.reader.size_wh, score.frames[score.key], finder,
            wanted.min_gain,
        )  # fmt: skip
    except InputError:
        return None


def _pick_picture(source: Input, finders: Sequence[FaceFinder]) -> Pick:
    look = _LookAtPictures(source.files, finders)
    is_large = len(source.files) >= MANY_PICTURES
    with ThreadPoolExecutor(len(finders), thread_name_prefix="pictures") as pool:
        found = dict(enumerate(pool.map(look.roughly if is_large else look.well, source.files)))
        broken = [(source.files[i], one) for i, one in found.items() if isinstance(one, InputError)]
        readings = {i: one for i, one in found.items() if not isinstance(one, InputError)}
        if not readings:
            raise broken[0][1]
        score = look.choose(readings.values())
        if is_large:
            least = score.frames[score.key].score - NEAR_BEST
            near = [frame.index for frame in score.frames if frame.score >= least]
            again = pool.map(look.again, [readings[i] for i in near])
            readings.update(zip(near, again, strict=True))
            score = look.choose(readings.values())
    size_wh = look.sizes_wh[score.frames[score.key].index]
    return Pick(source, 0.0, score, None, size_wh=size_wh, broken=tuple(broken))


class _LookAtPictures:
    """Looks at the pictures of a set, in at most as many threads as there are finders."""

    def __init__(self, files: Sequence[Path], finders: Sequence[FaceFinder]) -> None:
        self._index = {path: i for i, path in enumerate(files)}
        self._files, self._free = files, deque(finders)
        self._problem = ""
        self.sizes_wh: dict[int, tuple[int, int]] = {}
        """Of each picture that was read."""
        self._scales: dict[int, float] = {}
        """Width of the picture that is looked at, as a share of the full width."""
        self._where = bursts_of([taken(path) for path in files])
        self._members = Counter(one.burst for one in self._where)

    def well(self, path: Path) -> FrameReading | InputError:
        """Measure with nine looks at each face; returns the error if the picture cannot be read."""
        return self._read(self._index[path], lambda finder: finder.start(alone=True))

    def roughly(self, path: Path) -> FrameReading | InputError:
        """Do the same with three looks at each face."""
        start = partial(FaceFinder.start, alone=True, roughly=True)
        return self._read(self._index[path], start)

    def again(self, reading: FrameReading) -> FrameReading:
        """Measure again with nine looks where the faces are; the old reading if that fails."""
        scale = self._scales[reading.index]

        def start(finder: FaceFinder) -> None:
            finder.start(alone=True)
            finder.resume(0, [_times(face.box_xyxy, scale) for face in reading.faces])

        found = self._read(reading.index, start) if reading.faces else reading
        # If nine looks see no face where three did, the old reading is all there is.
        return reading if isinstance(found, InputError) or not found.faces else found

    def choose(self, readings: Iterable[FrameReading]) -> MomentScore:
        """The best of the pictures with these readings."""
        some = list(readings)
        bursts = [self._where[reading.index].burst for reading in some]
        return choose_picture(some, self._problem, bursts)

    def _read(self, i: int, start: Callable[[FaceFinder], None]) -> FrameReading | InputError:
        try:
            frame, size_wh = picture_frame(self._files[i], i)
        except InputError as err:
            return err
        self.sizes_wh[i], self._scales[i] = size_wh, frame.size_wh[0] / size_wh[0]
        finder = self._free.pop()  # there are as many as threads
        try:
            start(finder)
            reading = finder.read(frame, size_wh)
            self._problem = finder.problem
        finally:
            self._free.append(finder)
        scene = reading.scene
        if self._members[self._where[i].burst] == 1:
            # It is compared with no other: small copies of ten thousand would take 200 MB.
            scene = replace(scene, overview=NO_SCENE.overview)
        return replace(reading, t_ns=round(self._where[i].time_s * NS_PER_S), scene=scene)


def _search(
    readings: _MovieReadings, middle_ns: int, wanted: Wanted, needed: list[int]
) -> MomentScore:
    """The best frame of a movie. Raises InputError."""
    reader = readings.reader
    times_ns = [round(frame.time_s * NS_PER_S) for frame in reader.times]
    count = len(times_ns)
    is_long = reader.duration_s > ALL_UP_TO_S or count > ALL_UP_TO_FRAMES
    try:
        if wanted.frames is not None and wanted.frames < count:
            offered = _with(evenly(count, wanted.frames), needed)
            # With the frames half-way between, twice as many show what is usual for a person.
            halfway = {(a + b) // 2 for a, b in pairwise(sorted(offered))}
            plan = Plan(offered, _beside(offered, BESIDE, count) | halfway, peaks=0)
            score = search_movie(times_ns, middle_ns, readings.at, plan)
        elif wanted.frames is None and wanted.is_default and is_long:
            some = min(MOST_COARSE, max(SPACED_FRAMES, round(COARSE_SHARE * count)))
            offered = _with(evenly(count, some), needed)
            usual_ns = (times_ns[-1] - times_ns[0]) / (count - 1)
            reach = min(MOST_REACH, max(MIN_REACH, round(FINE_SHARE * count / (2 * PEAKS))))
            reach_ns, step_ns = (round((frames + 0.5) * usual_ns) for frames in (reach, MIN_REACH))
            beside = _beside(offered, COARSE_BESIDE, count)
            plan = Plan(offered, beside, PEAKS, reach_ns, reach_ns, step_ns)
            score = search_movie(times_ns, middle_ns, readings.at, plan)
        else:
            may_wait = wanted.frames is None and wanted.is_default
            looked = readings.through(Pace(ANYBODY) if may_wait else None)
            blanks = [
                FrameReading(i, t_ns, False, False, True, (), NO_SCENE)
                for i, t_ns in enumerate(times_ns)
            ]
            score = search_moment(
                blanks, looked, middle_ns, readings.at, needed, ANYBODY if may_wait else SEVERAL
            )
    except ValueError as err:
        raise InputError("no frame of it can be decoded") from err
    return replace(_without(score, readings.lost), note=readings.problem)


def _without(score: MomentScore, lost: set[int]) -> MomentScore:
    """The score without the frames in `lost`."""
    kept = [i for i, frame in enumerate(score.frames) if frame.index not in lost]
    if len(kept) == len(score.frames):
        return score
    at = {old: new for new, old in enumerate(kept)}
    return replace(
        score,
        frames=tuple(score.frames[i] for i in kept),
        key=at[score.key],
        alternatives=tuple(at[i] for i in score.alternatives if i in at),
    )


def _beside(offered: Iterable[int], reach: int, count: int) -> set[int]:
    """The frames beside these, which show whether eyes are closing."""
    near = {i + d for i in offered for d in range(-reach, reach + 1)}
    return near & set(range(count))


def _with(chosen: list[int], needed: list[int]) -> set[int]:
    """These frames, with each needed one in place of the nearest, so that the number stays."""
    offered = set(chosen)
    for index in needed:
        if index not in offered:
            near = min(offered, key=lambda i: abs(i - index))
            offered = {*offered, index} - ({near} if len(offered) > 1 else set())
    return offered


class _MovieReadings:
    """Measures the frames of a movie."""

    def __init__(self, reader: MovieReader, finder: FaceFinder) -> None:
        self.reader, self._finder = reader, finder
        self._found: dict[int, FrameReading] = {}
        self.lost: set[int] = set()
        """Numbers of frames that the movie lists but that cannot be decoded."""
        self._waiting: dict[int, Frame] = {}
        """Frames that were decoded and not looked at."""
        self._held = 0
        """Bytes taken for them."""
        finder.start()

    @property
    def all(self) -> list[FrameReading]:
        """Everything that was measured, in the order of the movie."""
        return [self._found[i] for i in sorted(self._found) if i not in self.lost]

    @property
    def problem(self) -> str:
        """Why no faces are looked for; "" while they are."""
        return self._finder.problem

    def at(self, positions: Collection[int]) -> dict[int, FrameReading]:
        """Measure these frames."""
        # The first frame of a new pass is not beside the last one of the pass before.
        before = -JUMP - 1 if self._found else -1
        found = {}
        for frame in self._frames(positions):
            if frame.index - before > JUMP:
                self._finder.jump()
            before = frame.index
            found[frame.index] = self._finder.read(frame, self.reader.size_wh)
        return self._with_lost(positions, found)

    def through(self, pace: Pace | None) -> dict[int, FrameReading]:
        """Measure from the first frame to the last, without those that may wait by `pace`."""
        found: dict[int, FrameReading] = {}
        there = set()
        width, height = self.reader.size_wh
        size = len(self.reader.times) * width * height * 3 // 2
        if pace is not None and WAITING.take(size):
            self._held = size
        for frame in self.reader.frames(range(len(self.reader.times)), hdr_reduced=True):
            there.add(frame.index)
            if pace is None or not pace.may_wait(frame.t_ns):
                found[frame.index] = self._finder.read(frame, self.reader.size_wh)
                if pace is not None:
                    pace.saw(found[frame.index])
            elif self._held:
                self._waiting[frame.index] = frame
        lost = set(range(len(self.reader.times))) - there
        return self._with_lost([*found, *lost], found)

    def forget_waiting(self) -> None:
        """Free the frames that were decoded but not looked at."""
        self._waiting.clear()
        WAITING.give(self._held)
        self._held = 0

    def _frames(self, positions: Collection[int]) -> Iterator[Frame]:
        """Frames in their order, from memory where all of them are there."""
        if all(i in self._waiting for i in positions):
            return (self._waiting.pop(i) for i in sorted(positions))
        return self.reader.frames(positions, hdr_reduced=True)

    def _with_lost(
        self, wanted: Collection[int], found: dict[int, FrameReading]
    ) -> dict[int, FrameReading]:
        """Add empty readings to `found` for wanted frames that cannot be decoded."""
        for i in wanted:
            if i not in found:
                t_ns = round(self.reader.times[i].time_s * NS_PER_S)
                found[i] = FrameReading(i, t_ns, False, False, False, (), NO_SCENE)
                self.lost.add(i)
        self._found |= found
        return found


def _times(box: tuple[int, int, int, int], scale: float) -> tuple[float, float, float, float]:
    left, top, right, bottom = (edge * scale for edge in box)
    return left, top, right, bottom
