"""One run of livecam: from an open camera to the last saved moment.

Threads besides those of the recorder, and what each does:

- *arm* reports when the ring is full, when camera or microphone is lost or back, and the end;
- *live* judges the newest frame a few times a second, while no moment is being worked on;
- *score* (in `StreamScorer`) and *encode* (in `LiveEncoder`) work on the frames of moments while
  the moments still go on; faces are found in another process, which may crash without harm;
- *save* (in `Saver`) takes the moments in the order of the presses and writes each once it is
  scored; *spool* (in `Keeper`) puts those on disk that are not saved soon.

`press`, `finish` and `give_up` may be called from any thread and return at once.
"""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from livecam import contract
from livecam.errors import ExitCode, LivecamError, ModelError
from livecam.frame import UPRIGHT, Turn
from livecam.live.encoder import LiveEncoder
from livecam.live.finder_process import FinderProcess, UnreadableError
from livecam.live.live_score import LiveScore, LiveScorer
from livecam.live.recorder import AFTER_S, BEFORE_S, Armed, Back, Health, Lost, Recorder
from livecam.live.saver import Saver
from livecam.live.shots import Shots
from livecam.live.sound_watch import MicrophoneBack, MicrophoneLost, OnlyZeros
from livecam.live.stream_scorer import StreamScorer
from livecam.media.save import DEFAULT_OPTIONS
from livecam.moment import movie_end_ns
from livecam.quality.scoring import THREADS
from livecam.text import visible
from livecam.timebase import NS_PER_S, now_ns, to_ns, to_s

if TYPE_CHECKING:
    from collections.abc import Callable

    from livecam.capture.microphone import Microphone
    from livecam.capture.source import FrameSource
    from livecam.faces.model import AnyModel
    from livecam.frame import Frame
    from livecam.live.encoders import Plan, Tier
    from livecam.live.shots import Shot, Work
    from livecam.media.save_options import SaveOptions
    from livecam.moment import Moment
    from livecam.quality.choice import MomentScore
    from livecam.quality.finder import MakeFinder

LIVE_INTERVAL_S = 0.2
"""Five readouts a second: as fast as a person reads."""


SHORT_NS = to_ns(0.3)
"""A moment that ends this much earlier than asked for has lost something: the program was stopped,
or the camera gave no pictures."""
JOINED_SHARE = 0.1
"""A key that is held down presses again and again. A press within this share of a moment's length
after the last one is joined to it: nine tenths of their moments would be the same."""


@dataclass(frozen=True)
class Options:
    """What a run of livecam is asked for."""

    before_s: float = BEFORE_S
    after_s: float = AFTER_S
    out: Path = Path("recordings")
    model: AnyModel = None
    save_options: SaveOptions = DEFAULT_OPTIONS
    tier: Tier | Literal["auto"] = "auto"
    live_score: bool = True
    """Whether the newest frame is judged all the time, or only the moments that are pressed for."""
    spill: Path | None = None
    """Where moments go that cannot be written to `out`; None: a new temporary folder."""
    reconnects: bool = False
    """Whether a camera that is lost is tried again, rather than ending the run."""
    camera_name: str = ""
    """What photos and records call the camera; "": what it calls itself."""
    turn: Turn = UPRIGHT
    """What makes the camera's pictures upright."""


@dataclass(frozen=True)
class KeyFrame:
    """The key frame of the newest saved moment, for the screen."""

    saved: contract.Saved
    frame: Frame
    score: MomentScore


class Session:
    """Camera, microphone, scorer, encoder and saver of one run."""

    def __init__(
        self,
        source: FrameSource,
        microphone: Microphone | None,
        options: Options,
        emit: Callable[[contract.Event], None],
        sound_note: str = "",
        make_finder: MakeFinder | None = None,
    ) -> None:
        """`emit` gets every event, in order, one at a time, from any thread.

        While it handles one, further events wait in a queue; nothing else waits for it.

        `make_finder` (picklable) makes what finds faces; it is called in another process.
        """
        self.options = options
        self.recorder = Recorder(
            source,
            microphone,
            before_s=options.before_s,
            after_s=options.after_s,
            sound_note=sound_note,
            reconnects=options.reconnects,
            camera_name=options.camera_name,
            turn=options.turn,
        )
        self.live: LiveScore | None = None
        self.last: KeyFrame | None = None
        self.code = ExitCode.OK
        self.model_note = ""
        """Why faces are not looked for, or ""."""
        self._has_said_model, self._model_lock = False, threading.Lock()
        self._emit, self._emit_lock = emit, threading.Lock()
        self._outgoing: queue.SimpleQueue[contract.Event] = queue.SimpleQueue()
        # One more finder is for the live score, another for best takes.
        count = THREADS + 1 + options.save_options.best_take
        self._finders = FinderProcess(count, options.model, make_finder)
        self._scorer = StreamScorer(self.recorder.ring, self._finders)
        self._encoder = LiveEncoder(
            self.recorder.ring,
            source.mode,
            options.tier,
            (options.before_s, options.after_s),
        )
        self._encodes_live = options.save_options.codec == "h264"
        self._live_finder = self._finders.finder()
        self._shots = Shots()
        self._saver = Saver(
            options.out,
            options.spill,
            options.save_options,
            self._shots,
            self._scorer,
            self._encoder if self._encodes_live else None,
            self,
            self._finders.finder() if options.save_options.best_take else None,
        )
        self._accepting = True
        self._last_shutter_ns: int | None = None
        self.held = 0
        """Presses that were joined to the one before, because the key is held down."""
        self._kept = 0
        """Presses that wait until the camera gives pictures."""
        self._press_lock = threading.Lock()
        self._ending = threading.Event()
        self._armed = threading.Event()
        self._threads = [
            threading.Thread(target=self._watch, name="arm"),
            threading.Thread(target=self._judge_live, name="live"),
        ]

    @property
    def source(self) -> FrameSource:
        """The camera, as it is open now."""
        return self.recorder.source

    def start(self) -> None:
        """Begin to capture."""
        self.recorder.start()
        microphone = self.recorder.microphone
        note = self.recorder.health().sound_note
        self.send(
            contract.Ready(
                camera=_camera(self.source),
                microphone=microphone.name if microphone is not None and not note else None,
                sound_note=note,
                before_s=self.options.before_s,
                after_s=self.options.after_s,
                out=str(self.options.out.resolve()),
            )
        )
        self._scorer.start()
        if self._encodes_live:
            self._encoder.start()
        for thread in self._threads:
            thread.start()
        self._saver.start()

    def press(self, shutter_ns: int | None = None, *, by_key: bool = False) -> int | None:
        """Keep the moment around `shutter_ns`, by default now; returns its number.

        None if the press takes no moment now:

        - the session is ending, or too many moments wait to be written;
        - the camera gives no pictures (it is being opened, or is lost): the press is kept, and
          taken as soon as possible;
        - the press is `by_key`, perhaps from a key that is held down, and its moment would be
          almost the same as the last one: the press is joined to the last one.
        """
        with self._press_lock:
            number = self._press(now_ns() if shutter_ns is None else shutter_ns, by_key=by_key)
        self._deliver()
        return number

    def _press(self, t_ns: int, *, by_key: bool) -> int | None:
        if not self._accepting:
            return None
        if self._saver.is_full:
            self._note(f"the press was refused, too many moments wait: {self._saver.problem}")
            return None
        if self._is_blind(t_ns):
            self._keep_press(by_key=by_key)
            return None
        if by_key and self._last_shutter_ns is not None:
            span_ns = to_ns(self.options.before_s + self.options.after_s)
            if t_ns - self._last_shutter_ns < JOINED_SHARE * span_ns:
                self.held += 1
                return None
        return self._take(t_ns)

    @property
    def pressed_ns(self) -> int:
        """When the shutter was last pressed; long ago if it never was."""
        return -(1 << 62) if self._last_shutter_ns is None else self._last_shutter_ns

    def _is_blind(self, t_ns: int) -> bool:
        """Whether there is no picture around this instant, and none is to be expected soon."""
        newest = self.recorder.ring.newest()
        if newest is None:
            return True
        # A moment may still use the pictures from just before the camera was lost.
        is_lost = self.recorder.outage is not None
        return is_lost and t_ns - newest.t_ns > to_ns(self.options.before_s)

    def _keep_press(self, *, by_key: bool) -> None:
        if by_key and self._kept:
            self.held += 1
            return
        self._kept += 1
        self._outgoing.put(contract.Notice("the camera gives no picture yet: the press is kept"))

    def _say_untaken(self) -> None:
        """Say of presses that waited for the camera that it did not come back for them."""
        with self._press_lock:
            count, self._kept = self._kept, 0
        if count:
            what = "the press" if count == 1 else f"{count} presses"
            self.notice(f"{what} that waited for the camera took no photo")

    def _take_kept(self) -> None:
        with self._press_lock:
            while self._accepting and self._kept:
                self._take(now_ns())
                self._kept -= 1
        self._deliver()

    def _take(self, t_ns: int) -> int:
        press = self.recorder.press(t_ns)
        self._last_shutter_ns = t_ns
        start_ns = press.shutter_ns - to_ns(self.options.before_s)
        # One frame more: the moment may end with it (`as_long_as`).
        end_ns = press.end_ns + int(NS_PER_S / self.source.mode.rate_hz)
        taken = self._shots.add(press, start_ns, end_ns, lambda: self.recorder.so_far(press))
        self._keep_what_is_needed()
        self._scorer.request(start_ns, end_ns)
        if self._encodes_live:
            self._encoder.request(start_ns, end_ns)
        shutter_time = press.clock.at(press.shutter_ns)
        shot = contract.Shot(press.id, shutter_time.isoformat(timespec="milliseconds"))
        self._outgoing.put(shot)  # before the saver can tell of it
        self._saver.add(taken)
        return press.id

    @property
    def unwritten(self) -> tuple[int, str]:
        """How many moments wait until they can be written, and why."""
        return self._saver.waiting, self._saver.problem

    @property
    def kept(self) -> int:
        """Presses that wait until the camera gives pictures."""
        return self._kept

    def wait_until_armed(self) -> bool:
        """Wait until the ring is full and `Armed` was sent; False if the session ends before."""
        self._armed.wait()
        return self.recorder.is_armed and not self.is_ending

    def wait_for_plan(self, timeout_s: float) -> Plan | None:
        """Wait for the decision how movies are encoded; None if it takes longer."""
        return self._encoder.wait_for_plan(timeout_s)

    def finish(self) -> None:
        """Take no more presses; what was shot is still saved."""
        with self._press_lock:
            if self._accepting:
                self._accepting = False
                self._saver.finish()
        self._armed.set()  # whoever waits to press need not wait any longer

    def give_up(self) -> None:
        """Stop at once: what is not saved yet is lost."""
        self.finish()
        self._ending.set()
        self._saver.give_up()
        self.recorder.give_up()

    @property
    def is_done(self) -> bool:
        """Whether all that was shot is saved, after `finish` or the end of the camera."""
        return self._saver.is_done

    @property
    def is_ending(self) -> bool:
        """Whether no more presses are taken."""
        return not self._accepting

    def join(self, timeout_s: float | None = None) -> bool:
        """Wait until all is saved."""
        self._saver.join(timeout_s)
        return self.is_done

    def close(self) -> contract.Summary:
        """Release everything; returns the summary. Call after `finish` and `join`, or `give_up`."""
        self.finish()
        self._ending.set()
        self.recorder.close()
        self._saver.join()
        self._finders.close()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        self._scorer.close()
        self._encoder.close()
        self._saver.close()
        self._live_finder.close()
        health, work = self.recorder.health(), self.work()
        summary = contract.Summary(health.frames, health.dropped, work.shots, work.saved)
        self.send(summary)
        with self._emit_lock:  # somebody else may be delivering it
            return summary

    def health(self) -> Health:
        """How capture is going."""
        return self.recorder.health()

    def work(self) -> Work:
        """How far the presses have come."""
        return self._shots.work()

    def fail(self, error: LivecamError, lost: int | None = None) -> None:
        """Report an error (a missing model only once). The first error decides the exit code."""
        if self.code is ExitCode.OK:
            self.code = error.exit_code
        if isinstance(error, ModelError):
            # The live score and each moment notice this separately.
            with self._model_lock:
                if self._has_said_model:
                    return
                self._has_said_model = True
        self.send(contract.Error(error.message, error.hint, int(error.exit_code), lost))

    # Arm thread: reports when the ring is full, and what happens to camera and microphone

    def _watch(self) -> None:
        while (change := self.recorder.changes.get()) is not None:
            match change:
                case Armed(lacks_sound, is_black):
                    if is_black:
                        self.notice("the picture is black: is the lens covered, or the room dark?")
                    if lacks_sound:
                        self.notice("the microphone gives no sound yet: what it misses is silent")
                    self.send(contract.Armed())
                    self._armed.set()
                    self._take_kept()
                case Lost(error):
                    self.live = None
                    self.send(contract.CameraLost(error.message, error.hint))
                case Back(source, lost_ns, note):
                    if note:
                        self.notice(f"{source.name}: {note}")
                    lost_s = round(to_s(lost_ns), 3)
                    self.send(contract.CameraBack(_camera(source), lost_s))
                case MicrophoneLost(why):
                    self.send(contract.MicrophoneLost(why))
                case MicrophoneBack(name, lost_ns):
                    self.send(contract.MicrophoneBack(name, round(to_s(lost_ns), 3)))
                case OnlyZeros(name):
                    self.notice(
                        f"the microphone {name} gives nothing but zeros: is it muted, or is livecam"
                        " not allowed to listen?"
                    )
        self._armed.set()
        if self.recorder.error is not None:
            self.fail(self.recorder.error)
        self._say_untaken()
        self.finish()

    # Live thread

    def _judge_live(self) -> None:
        scorer, last_ns, said = LiveScorer(self._live_finder), 0, False
        while not self._ending.wait(LIVE_INTERVAL_S):
            frame = self.recorder.ring.newest()
            if frame is None or frame.t_ns == last_ns:
                continue
            if not self.options.live_score or self._scorer.is_busy:
                continue  # the moment's own frames come first
            last_ns = frame.t_ns
            try:
                self.live = scorer.score(frame)
            except UnreadableError as err:
                self.live = None
                if not said and not self._ending.is_set():
                    said = True
                    self.notice(f"the live score failed on one frame: {err.message}")
                continue
            except ModelError as err:
                # Without the model no moment can be scored either: better said now.
                self.fail(err)
                self.finish()
                return
            self.model_note = self._live_finder.problem

    # Any thread: what the saver reports

    def send(self, event: contract.Event) -> None:
        """Queue an event for `emit`, and deliver what is queued."""
        self._outgoing.put(event)
        self._deliver()

    def _deliver(self) -> None:
        """Hand queued events to `emit`. Never call this with a lock held: `emit` may be slow."""
        # The thread that delivers also delivers all that comes meanwhile.
        while not self._outgoing.empty() and self._emit_lock.acquire(blocking=False):
            try:
                with contextlib.suppress(queue.Empty):
                    while True:
                        self._emit(self._outgoing.get_nowait())
            finally:
                self._emit_lock.release()

    def notice(self, message: str, number: int | None = None) -> None:
        """Report, in an event and on stderr, that something is done differently than usual."""
        self._note(message, number)
        self._deliver()

    def _note(self, message: str, number: int | None = None) -> None:
        print(f"livecam: {visible(message)}", file=sys.stderr, flush=True)
        self._outgoing.put(contract.Notice(message, number))

    def saved(self, event: contract.Saved, moment: Moment, score: MomentScore) -> None:
        """A moment is on disk."""
        frame = moment.frames[score.key]
        # A copy: the frame itself would hold on to the ring's memory.
        copied = frame.with_data(frame.data.copy(), warmup=frame.warmup)
        self.last = KeyFrame(event, copied, score)
        missing_ns = moment.end_ns - movie_end_ns(moment.frames, moment.interval_ns)
        # A lost camera, and a movie that has ended, are reported elsewhere.
        if missing_ns > SHORT_NS and self.recorder.is_armed:
            text = f"moment {moment.id} ends {to_s(missing_ns):.1f} s early: no picture came then"
            self.notice(text, moment.id)
        self.send(event)

    def put_aside(self, shot: Shot) -> None:
        """A moment is held on disk alone until its turn comes: release its frames."""
        with self._press_lock:
            self._scorer.forget(shot.start_ns, shot.end_ns)
            self._encoder.forget(shot.start_ns, shot.end_ns)
            self._keep_what_is_needed()
        self.recorder.ring.trim()

    def _keep_what_is_needed(self) -> None:
        self._encoder.keep_from(self._shots.needed_from_ns)

    def settled(self) -> None:
        """A moment is on disk, or never will be: release what only it needed."""
        self.recorder.ring.trim()
        # Hold the lock of presses: a press that is just being made must not be forgotten.
        with self._press_lock:
            self._keep_what_is_needed()
            work = self._shots.work()
            # Not while a moment that was put aside is still to be read from disk and scored.
            if not work.pending and not work.scoring:
                self._encoder.let_go()
                self._scorer.let_go()


def _camera(source: FrameSource) -> contract.Camera:
    mode = source.mode
    return contract.Camera(
        source.name,
        mode.size_wh,
        round(float(mode.rate_hz), 3),
        mode.delivered,
        mode.pixel_format.value,
        mode.backend,
        mode.note,
    )
