"""Writes the moments of a session to disk, and keeps those that cannot be written yet.

A disk may be full, read-only for a while, or unplugged. A moment then waits in memory and is tried
again and again. It goes to another folder (`--spill`) when the session ends, or when more moments
wait than memory allows. It is lost only if the user gives up, or if neither folder can take it.

A moment that is not saved soon is also put into a spool (`livecam.live.spool`), so that a run that
is killed does not lose it.

One thread, *save*, writes the files; the one of `livecam.live.keeper` fills the spool.
"""

from __future__ import annotations

import errno
import queue
import tempfile
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from livecam import contract
from livecam.errors import LivecamError, ModelError, OutputError
from livecam.live.keeper import GRACE_S, Keeper
from livecam.live.shots import FIRST_RETRY_S, LONGEST_RETRY_S
from livecam.live.spool import Spool, read_moment
from livecam.media.movie import ENCODERS
from livecam.media.save import save_when_scored
from livecam.quality.choice import unscored
from livecam.timebase import now_ns, to_ns, to_s

if TYPE_CHECKING:
    from av.video.stream import VideoStream

    from livecam.live.encoder import LiveEncoder
    from livecam.live.finder_process import RemoteFinder
    from livecam.live.shots import Shot, Shots
    from livecam.live.stream_scorer import StreamScorer
    from livecam.media.movie import Encoded
    from livecam.media.save import SavedFiles
    from livecam.media.save_options import SaveOptions
    from livecam.moment import Moment
    from livecam.quality.choice import MomentScore

POLL_S = 0.2
"""How soon a waiting saver notices that it is to give up."""
MOST_WAITING_BYTES = 400_000_000
"""Memory for moments that wait: a dozen to forty of 1080p MJPEG."""

NEVER_HEALS = (errno.EFBIG, errno.ENAMETOOLONG, errno.EINVAL)
"""Errors that waiting cannot cure: the file system, or a limit, does not allow such a file."""


class Listener(Protocol):
    """What a saver reports, from any of its threads."""

    def send(self, event: contract.Event) -> None:
        """Hand on an event."""

    def fail(self, error: LivecamError, lost: int | None = None) -> None:
        """Something failed; `lost` is the number of a moment that is lost by it."""

    def notice(self, message: str, number: int | None = None) -> None:
        """Something is done differently than usual."""

    def saved(self, event: contract.Saved, moment: Moment, score: MomentScore) -> None:
        """A moment is on disk."""

    def put_aside(self, shot: Shot) -> None:
        """A moment is held on disk alone from now on, until its turn comes."""

    def settled(self) -> None:
        """A moment is on disk, or never will be; nothing of it is needed any more."""


class Saver:
    """Saves moments in the order of their presses."""

    def __init__(
        self,
        out: Path,
        spill: Path | None,
        save_options: SaveOptions,
        shots: Shots,
        scorer: StreamScorer,
        encoder: LiveEncoder | None,
        listener: Listener,
        finder: RemoteFinder | None = None,
    ) -> None:
        """`encoder` is None where movies are encoded once a moment is over.

        `spill` is the folder for what cannot be written to `out`; None makes one among the system's
        temporary files when it is needed. `finder` judges best takes, if they are asked for.
        """
        self._out, self._spill, self._save_options = out, spill, save_options
        self._shots = shots
        self._scorer, self._encoder, self._listener = scorer, encoder, listener
        self._finder = finder
        self._to_save: queue.SimpleQueue[Shot | None] = queue.SimpleQueue()
        self._spool = Spool(out)
        self._keeper = Keeper(self._spool, shots, scorer, listener.put_aside)
        self._choosing = ThreadPoolExecutor(1, thread_name_prefix="choose")
        self._waiting_bytes = 0
        self._is_finishing = False
        self._given_up = threading.Event()
        self._has_said_fallback = self._has_said_unkept = False
        self._thread = threading.Thread(target=self._run, name="save")

    @property
    def waiting(self) -> int:
        """Moments that wait until they can be written."""
        return len(self._shots.waiting)

    @property
    def problem(self) -> str:
        """Why moments wait, or ""."""
        first = next(iter(self._shots.waiting), None)
        return first.problem.message if first is not None and first.problem is not None else ""

    @property
    def is_full(self) -> bool:
        """Whether no further moment may be taken: more are waiting than memory allows."""
        return self._waiting_bytes > MOST_WAITING_BYTES

    def start(self) -> None:
        """Begin."""
        self._thread.start()
        self._keeper.start()

    def add(self, shot: Shot) -> None:
        """Save a moment once it is over."""
        self._to_save.put(shot)
        self._keeper.add(shot)

    def finish(self) -> None:
        """Nothing more will be added."""
        self._to_save.put(None)
        self._keeper.finish()

    def give_up(self) -> None:
        """Lose what is not saved yet."""
        self._given_up.set()
        self._keeper.give_up()

    @property
    def is_done(self) -> bool:
        """Whether all is saved, after `finish`."""
        return not self._thread.is_alive()

    def join(self, timeout_s: float | None = None) -> None:
        """Wait until all is saved."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def close(self) -> None:
        """Release everything, after `join`."""
        self._choosing.shutdown()
        self._keeper.close()
        if self._finder is not None:
            self._finder.close()
        self._spool.close()

    # Save thread

    def _run(self) -> None:
        while True:
            shot = self._next()
            if shot is None:
                break
            self._save(shot)
            del shot  # which would keep the moment's frames in memory
        for left in self._shots.open if self._given_up.is_set() else self._shots.waiting:
            self._settle(left, saved=False)

    def _next(self) -> Shot | None:
        """The next moment to write; None when no more will come, or all is given up."""
        while not (self._given_up.is_set() and self._is_finishing):
            due = min(self._shots.waiting, key=lambda shot: shot.next_try_ns, default=None)
            if self._given_up.is_set():
                due = None
            left_s = to_s(due.next_try_ns - now_ns()) if due is not None else POLL_S
            if due is not None and left_s <= 0:
                return due  # which still counts as waiting until it is written
            if self._is_finishing:
                if due is None:
                    return None
                self._given_up.wait(min(left_s, POLL_S))
                continue
            try:
                shot = self._to_save.get(timeout=min(left_s, POLL_S) if due is not None else None)
            except queue.Empty:
                continue
            if shot is None:
                self._is_finishing = True
                for waiting in self._shots.waiting:
                    waiting.next_try_ns = 0  # at once: there is nothing else to do
            elif self._begins(shot):
                return shot
            del shot
        return None

    def _begins(self, shot: Shot) -> bool:
        """Call `_begin`; if it breaks down, only this shot is lost, not the ones after it."""
        try:
            return self._begin(shot)
        except Exception as err:  # noqa: BLE001
            self._lose(shot, LivecamError(f"moment {shot.number} cannot be saved: {err!r}"))
            return False

    def _begin(self, shot: Shot) -> bool:
        """Start choosing the key photo of a shot; False if the shot cannot be saved."""
        coming = self._shots.begin(shot)
        try:
            moment = coming.result() if coming is not None else read_moment(cast("Path", shot.path))
        except Exception as err:  # noqa: BLE001 - one moment's fault must not lose the next
            self._settle(shot, saved=False, keep=coming is None)
            told = err if isinstance(err, LivecamError) else None
            text = f"moment {shot.number} cannot be saved: {err!r}"
            self._listener.fail(told or LivecamError(text), shot.number)
            return False
        if self._given_up.is_set():
            self._settle(shot, saved=False)
            return False
        shot.moment = moment
        self._listener.send(contract.Scoring(shot.number))
        try:
            shot.scoring = self._choosing.submit(self._score, shot, moment)
        except RuntimeError:  # no thread can be started: score here, before the movie is made
            shot.scoring = Future()
            shot.scoring.set_result(self._score(shot, moment))
        return True

    def _score(self, shot: Shot, moment: Moment) -> MomentScore:
        """Choose a moment's key photo; where that fails, the frame at the shutter.

        Raises LivecamError once given up.
        """

        def given_up() -> bool:
            return self._given_up.is_set() or shot.settled.is_set()

        try:
            found = self._scorer.score(moment.frames, moment.shutter_ns, given_up)
        except (LivecamError, ValueError) as err:
            if given_up():
                raise
            if isinstance(err, ModelError):
                self._listener.fail(err)
            why = err.message if isinstance(err, LivecamError) else str(err)
            found = unscored(moment.frames, moment.shutter_ns, why)
            self._listener.notice(f"moment {moment.id} is not scored: {why}", moment.id)
        shot.key_ready_ns = now_ns()
        return found

    def _save(self, shot: Shot) -> None:
        try:
            if self._is_finishing and shot.problem is not None:
                self._save_somewhere(shot)
            else:
                self._write(shot, self._out)
        except OutputError as err:
            if _heals(err):
                self._hold(shot, err)
            elif shot.problem is not None or not self._spilled(shot, err):
                self._lose(shot, err)
        except LivecamError as err:
            if self._given_up.is_set():
                self._settle(shot, saved=False)
            else:
                self._lose(shot, err)
        except Exception as err:  # noqa: BLE001 - one moment's fault must not lose the next
            self._lose(shot, LivecamError(f"moment {shot.number} cannot be saved: {err!r}"))

    def _save_somewhere(self, shot: Shot) -> None:
        """Write a moment that has waited, now that the session ends. Raises OutputError."""
        try:
            self._write(shot, self._out)
        except OutputError as err:
            if not self._spilled(shot, err):
                raise

    def _hold(self, shot: Shot, error: OutputError) -> None:
        """Keep a moment in memory until it can be written."""
        is_new = shot.problem is None
        problem = OutputError(error.message, error.hint)  # no traceback, which holds much
        shot.next_try_ns = now_ns() + to_ns(0 if self._just_ended(shot) else shot.delay_s)
        shot.delay_s = min(2 * shot.delay_s, LONGEST_RETRY_S)
        shot.size = sum(frame.data.size for frame in shot.moment.frames) if shot.moment else 0
        self._shots.wait(shot, problem)
        self._count_waiting()
        if is_new:
            hint = f" ({error.hint})" if error.hint else ""
            text = f"moment {shot.number} waits: {error.message}{hint}"
            self._listener.notice(text, shot.number)
        while self.is_full and self._spilled(self._shots.waiting[0], problem):
            pass  # the oldest one waits no more

    def _just_ended(self, shot: Shot) -> bool:
        """Whether the session is ending and this moment has failed for the first time."""
        return self._is_finishing and shot.delay_s == FIRST_RETRY_S

    def _count_waiting(self) -> None:
        self._waiting_bytes = sum(shot.size for shot in self._shots.waiting)

    def _spilled(self, shot: Shot, error: OutputError) -> bool:
        """Write a moment to the other folder; False if that cannot be done either."""
        made = None
        try:
            if self._spill is None:
                self._spill = made = Path(tempfile.mkdtemp(prefix="livecam-"))
            self._spill.mkdir(parents=True, exist_ok=True)
            self._write(shot, self._spill)
        except (OutputError, OSError):
            if made is not None:
                made.rmdir()
                self._spill = None
            return False
        text = f"moment {shot.number} is in {self._spill}: {error.message}"
        self._listener.fail(OutputError(text, error.hint))
        return True

    def _write(self, shot: Shot, folder: Path) -> None:
        """Write a moment into a folder, and report it. Raises LivecamError."""
        moment, save_options, scoring = shot.moment, self._save_options, shot.scoring
        assert moment is not None
        assert scoring is not None
        tier: contract.Tier = "after"
        encoder = ENCODERS[save_options.codec][0]

        def encoded() -> tuple[VideoStream, list[Encoded]]:
            nonlocal tier, encoder
            assert self._encoder is not None
            found = self._encoder.moment(moment, self._given_up.is_set)
            tier, encoder = self._encoder.tier, found[0].codec.name
            return found

        if shot.problem is not None and not folder.exists() and folder.parent.exists():
            folder.mkdir()  # deleted meanwhile; if the whole disk is gone, so is the parent
        is_first = self._encoder is not None and shot.problem is None and not shot.was_aside
        files = save_when_scored(
            moment,
            scoring.result,
            folder,
            save_options,
            encoded if is_first else None,
            self._finder,
        )
        ready_ns, score = now_ns(), scoring.result()
        if files.encoded_again:
            tier, encoder = "after", ENCODERS[save_options.codec][0]
            text = f"the movie was encoded again: {files.encoded_again}"
            self._listener.notice(text, moment.id)
        self._say_what_went_otherwise(shot)
        event = _event(moment, shot.key_ready_ns, files, score, ready_ns, tier, encoder)
        self._settle(shot, saved=True)
        self._listener.saved(event, moment, score)

    def _say_what_went_otherwise(self, shot: Shot) -> None:
        problem = self._scorer.take_problem()
        if problem:
            self._listener.notice(problem, shot.number)
        unkept = shot.unkept
        # If the whole disk is to blame, the moment has waited for it, and that was reported.
        if unkept is not None and shot.problem is None and not self._has_said_unkept:
            self._has_said_unkept = True
            text = f"if livecam is killed now, unsaved moments are lost: {unkept.message}"
            self._listener.notice(text)
        if self._encoder is not None and self._encoder.fell_back and not self._has_said_fallback:
            self._has_said_fallback = True
            self._listener.notice(
                "encoding all the time is too slow here: movies are now encoded from the press on"
            )

    def _lose(self, shot: Shot, error: LivecamError) -> None:
        """Report a shot that cannot be saved. If possible, the camera's frames stay on disk."""
        moment = shot.moment
        is_kept = moment is not None and self._keeper.keep_now(shot, moment)
        is_kept = is_kept or shot.path is not None  # some of its seconds at least
        hint = "what the camera sent is kept: livecam recover" if is_kept else ""
        self._settle(shot, saved=False, keep=is_kept)
        told = LivecamError(error.message, "; ".join(filter(None, (error.hint, hint))))
        told.exit_code = error.exit_code
        self._listener.fail(told, None if is_kept else shot.number)

    def _settle(self, shot: Shot, *, saved: bool, keep: bool = False) -> None:
        """Release all that a shot holds; with `keep` its file in the spool stays."""
        if shot.moment is not None:
            self._keeper.is_late = now_ns() - shot.moment.end_ns > to_ns(GRACE_S)
        path = self._shots.settle(shot, saved=saved)
        if path is not None and not keep:
            self._spool.drop(path)
        self._count_waiting()
        self._listener.settled()


def _heals(error: OutputError) -> bool:
    """Whether waiting may cure an error: the disk refused, and not because of the file itself."""
    cause = error.__cause__
    return isinstance(cause, OSError) and cause.errno is not None and cause.errno not in NEVER_HEALS


def _event(
    moment: Moment,
    key_ready_ns: int,
    files: SavedFiles,
    score: MomentScore,
    ready_ns: int,
    tier: contract.Tier,
    encoder: str,
) -> contract.Saved:
    frame = score.frames[score.key]
    time_s = round(to_s(frame.t_ns - moment.start_ns), 6)
    return contract.Saved(
        id=moment.id,
        movie=str(files.movie),
        photo=str(files.photo),
        scores=str(files.scores),
        motion_photo=str(files.motion_photo) if files.motion_photo else None,
        key=contract.Key(score.key, time_s, round(frame.score, 6)),
        basis=score.basis,
        reason=score.reason,
        key_ready_s=round(to_s(key_ready_ns - moment.end_ns), 6),
        file_ready_s=round(to_s(ready_ns - moment.end_ns), 6),
        tier=tier,
        encoder=encoder,
    )
