"""Runs a camera and a microphone into their rings, and cuts a moment for every press.

Threads, and what each owns:

- *capture* reads the source and appends to the frame ring, and does nothing else; if the camera is
  lost, this thread tries to open it again;
- the *microphone's* own thread appends to the sound ring;
- *sound* notices that the microphone falls silent, and opens it again (`SoundWatch`);
- *shutter* waits for each press's moment to be over and cuts it.

`press`, from any thread, notes the time, places a hold on the ring and returns.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from livecam.capture.microphone import MicrophoneDevice
from livecam.capture.ring import FrameRing
from livecam.capture.sound_ring import SoundRing
from livecam.capture.source import CLOSE_TIMEOUT_S
from livecam.capture.warmup import WarmUp
from livecam.errors import CameraError, LivecamError, MicrophoneError
from livecam.frame import UPRIGHT, Turn
from livecam.live.losses import LossCounter
from livecam.live.sound_watch import SoundChange, SoundWatch
from livecam.moment import Moment, as_long_as, movie_end_ns
from livecam.timebase import NS_PER_S, WallClock, now_ns, to_ns, to_s

if TYPE_CHECKING:
    from livecam.capture.microphone import Microphone
    from livecam.capture.source import CameraMode, FrameSource
    from livecam.frame import Frame

BEFORE_S = 1.5
AFTER_S = 1.5
"""A phone keeps a second and a half on each side of the press."""

LATE_FRAMES_S = 1.0
"""How long after a moment's end the frames of its last instants may still come in."""
SILENT_CAMERA_S = 8
"""A camera that gives no frame for this long is lost, even if its driver never reports it. Longer
than a network camera's own limit (5 s)."""

FIRST_FRAME_S = 20
"""The same limit before the first frame: some drivers take that long."""

LATE_SOUND_S = 0.4
"""How long to wait for the last sound of a moment: sound comes in blocks."""

SOUND_SLACK_S = LATE_FRAMES_S + LATE_SOUND_S + 0.1
"""Sound kept beyond a moment's length: when the moment is cut, its end may be this long ago."""

SOUND_WAIT_NS = 2 * NS_PER_S
"""How long arming waits for sound of all seconds: sound servers take up to one to begin."""
LOOK_S = 0.2
"""From one look for cameras that were plugged in to the next, while the camera is lost."""
FIRST_RETRY_S, LONGEST_RETRY_S = 1.0, 30.0
"""Delay before a lost camera is tried again: from the first to the longest, doubled each time."""

NO_SOUND_ASKED = "sound is switched off"
MUTED = "muted"


@dataclass(frozen=True)
class Press:
    """One press of the shutter, and the moment that will come of it."""

    id: int
    shutter_ns: int
    end_ns: int
    moment: Future[Moment]
    clock: WallClock
    """As it was at the press."""
    is_muted: bool = False
    """Whether it is to have no sound."""


@dataclass(frozen=True)
class Outage:
    """The camera is lost, and tried again and again."""

    error: CameraError
    """Why it was lost, or does not come back."""
    since_ns: int
    next_try_ns: int


@dataclass(frozen=True)
class Armed:
    """From now on a press gets all the seconds that were asked for."""

    lacks_sound: bool = False
    """Whether the microphone has not given that much sound yet."""
    is_black: bool = False
    """Whether the camera has sent nothing but dark pictures."""


@dataclass(frozen=True)
class Lost:
    """The camera is gone; it is tried again."""

    error: CameraError


@dataclass(frozen=True)
class Back:
    """The lost camera sends pictures again."""

    source: FrameSource
    lost_ns: int
    """For how long it was gone."""
    note: str = ""
    """What is another size or format than before; "" if nothing is."""


Change = Armed | Lost | Back | SoundChange


@dataclass(frozen=True)
class Health:
    """How capture is going."""

    frames: int
    dropped: int
    """Frames that were lost: exact if the source numbers its frames, otherwise estimated from their
    times (`LossCounter`)."""
    rate_hz: float
    """Frames in the last second."""
    warming_up: bool
    held_s: float
    """Seconds in the ring."""
    sound_level: float
    """Peak since the last call, 0..1."""
    sound_note: str
    """Why there is no sound, or ""."""


class Recorder:
    """Keeps the last seconds of a camera and cuts moments out of them."""

    def __init__(
        self,
        source: FrameSource,
        microphone: Microphone | None = None,
        *,
        before_s: float = BEFORE_S,
        after_s: float = AFTER_S,
        sound_note: str = NO_SOUND_ASKED,
        reconnects: bool = False,
        camera_name: str = "",
        turn: Turn = UPRIGHT,
    ) -> None:
        """Allocate the rings. `sound_note` says why there is no microphone, if there is none.

        `camera_name` is the camera's name in moments; with "" it is the source's model.
        `turn` makes its pictures upright: a camera may be mounted on its side, or see a mirror.
        With `reconnects` a lost camera does not end capture: it is tried again until it is back.
        """
        self.source, self.microphone = source, microphone
        self._reconnects = reconnects
        self._camera_name, self._upright = camera_name, turn
        self.changes: queue.SimpleQueue[Change | None] = queue.SimpleQueue()
        """What happens to camera and microphone, for one reader; None at the end of capture."""
        self.before_s, self.after_s = before_s, after_s
        span_s = before_s + after_s
        self.ring = FrameRing.for_mode(source.mode, span_s)
        self.clock = WallClock.now()
        self._sound: SoundRing | None = None
        if microphone is not None:
            self._sound = SoundRing(span_s + SOUND_SLACK_S, microphone.rate_hz, microphone.channels)
        self._sound_note = "" if microphone is not None else sound_note
        self._sound_watch: SoundWatch | None = None
        self._presses: queue.SimpleQueue[tuple[Press, int] | None] = queue.SimpleQueue()
        self._next_id = 1
        self.is_muted = False
        """Whether moments that are pressed for from now on have no sound."""
        self._press_lock = threading.Lock()
        self._frames = 0
        self._losses = LossCounter(source.mode.rate_hz)
        self._modes = [source.mode]
        """One of each size and format that the camera has given: it may come back with another."""
        self._index = -1
        self._index_shift = 0
        """Added to the indices of a camera that came back and counts from 0 again."""
        self._arrivals: deque[int] = deque(maxlen=512)
        self._heard_ns = 0
        """When the camera last gave a frame, plus the time in which the program was stopped."""
        self._watched_ns = 0
        self._outage: Outage | None = None
        self._since_ns: int | None = None
        """Capture time of the first frame of the camera as it is open now."""
        self._warmup = WarmUp(source.warms_up)
        self._armed = threading.Event()
        self._full_ns = 0
        """Capture time of the first frame with which all seconds of pictures were there."""
        self._over = threading.Event()
        self.source_ended = False
        """Whether the source came to its end, as a file does."""
        self.error: LivecamError | None = None
        """Why capture ended, if it did not end by `close` or the end of a file."""
        self._turn = 0
        """Counts the capture threads: one that hangs in a dead camera is left behind."""
        self._turn_lock = threading.Lock()
        self._capture_thread = self._capture_thread_of(source, None)
        self._shutter_thread = threading.Thread(target=self._cut_moments, name="shutter")

    def start(self) -> None:
        """Begin to fill the rings."""
        if self.microphone is not None and self._sound is not None:
            try:
                self.microphone.start(self._sound)
                if isinstance(self.microphone, MicrophoneDevice):
                    watch = SoundWatch(self.microphone, self._sound, self.changes.put)
                    self._sound_watch = watch
                    watch.start()
            except MicrophoneError as err:
                self._sound, self._sound_note = None, str(err)
        self._capture_thread.start()
        self._shutter_thread.start()

    def press(self, shutter_ns: int | None = None) -> Press:
        """Keep the moment around `shutter_ns`, by default now. Returns at once."""
        t_ns = now_ns() if shutter_ns is None else shutter_ns
        with self._press_lock:
            self._follow_wall_clock()
            end_ns = t_ns + to_ns(self.after_s)
            press = Press(self._next_id, t_ns, end_ns, Future(), self.clock, self.is_muted)
            self._next_id += 1
            self._presses.put((press, self.ring.hold(t_ns - to_ns(self.before_s))))
        return press

    def so_far(self, press: Press) -> Moment:
        """The part so far of a moment that still goes on. Raises LivecamError if there is none."""
        return self._cut(replace(press, end_ns=min(press.end_ns, now_ns())), waits=False)

    def _follow_wall_clock(self) -> None:
        """Read the wall clock anew if it moved: the monotonic one stops while the system sleeps."""
        fresh = WallClock.now()
        if abs(fresh.epoch_ns - self.clock.epoch_ns) > NS_PER_S:
            self.clock = fresh

    def wait_until_armed(self, timeout_s: float | None = None) -> bool:
        """Wait until the warm-up is over and `before_s` seconds are in the ring.

        False if that did not happen in time, or if the camera ended first.
        """
        self._armed.wait(timeout_s)
        return self.is_armed

    @property
    def is_armed(self) -> bool:
        """Whether a press now would get all of its seconds."""
        return self._armed.is_set() and self._outage is None and not self.is_over

    @property
    def outage(self) -> Outage | None:
        """Why there is no camera just now; None while there is one."""
        return self._outage

    @property
    def is_over(self) -> bool:
        """Whether the source has ended or failed."""
        return self._over.is_set()

    def health(self) -> Health:
        """How capture is going, for a screen."""
        since_ns = now_ns() - NS_PER_S
        sound_note = self._sound_note
        if self._sound is not None and self.microphone is not None:
            sound_note = self.microphone.problem()
        return Health(
            frames=self._frames,
            dropped=self._losses.lost,
            rate_hz=float(sum(arrived_ns >= since_ns for arrived_ns in tuple(self._arrivals))),
            warming_up=not self._warmup.over,
            held_s=self.ring.held_s,
            sound_level=self._sound.level() if self._sound is not None else 0.0,
            sound_note=sound_note,
        )

    def close(self) -> None:
        """Finish the moments that were pressed for, then close camera and microphone."""
        self._presses.put(None)
        if self._shutter_thread.is_alive():
            self._shutter_thread.join()
        self._end()
        self.source.close()
        # A thread that is trying to open a lost camera ends by itself: do not wait for it.
        if self._capture_thread.is_alive() and self._outage is None:
            self._capture_thread.join(CLOSE_TIMEOUT_S)
        if self._sound_watch is not None:
            self._sound_watch.close()
        if self.microphone is not None:
            self.microphone.close()

    def give_up(self) -> None:
        """End without waiting for moments that are not over; they get the frames that have come."""
        self._end()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _end(self) -> None:
        with self._turn_lock:
            if not self._over.is_set():
                self._over.set()
                self.changes.put(None)
            self._armed.set()  # whoever waits for it must see the end

    # Capture thread

    def _capture_thread_of(
        self, source: FrameSource, error: CameraError | None
    ) -> threading.Thread:
        # A daemon thread: nothing can stop a thread that hangs in a camera.
        arguments = (source, error, self._turn)
        return threading.Thread(target=self._capture, args=arguments, name="capture", daemon=True)

    def _capture(self, source: FrameSource, error: CameraError | None, turn: int) -> None:
        """Read a source to its end; if it is lost, reopen it. `error`: why it is lost already."""
        current: FrameSource | None = source
        while current is not None:
            problem = error or self._read_on(current, turn)
            error = None
            if turn != self._turn or self._over.is_set():
                return
            if not self._reconnects or not isinstance(problem, CameraError):
                self.error = problem
                self._end()
                return
            current = self._wait_for_return(current, problem, turn)

    def _read_on(self, source: FrameSource, turn: int) -> LivecamError | None:
        """Put every frame into the ring until capture or the source ends; returns any error."""
        needed_ns = to_ns(self.before_s)
        self._heard_ns = now_ns()
        try:
            while not self._over.is_set():
                frame = source.read()
                if turn != self._turn:
                    return None
                if frame is None:
                    self.source_ended = not self._over.is_set()
                    return None
                self._keep(frame, source)
                if self._warmup.over and not self._armed.is_set():
                    self._arm_if_full(needed_ns)
        except LivecamError as err:
            return err.with_traceback(None)
        except Exception as err:  # noqa: BLE001 - the end of a thread: it must be told, not lost
            return CameraError(f"capture broke down: {err!r}")
        return None

    def _keep(self, frame: Frame, source: FrameSource) -> None:
        if self._since_ns is None:
            self._since_ns = frame.t_ns
            self._index_shift = self._index + 1 - frame.index if self._index >= 0 else 0
        if self._index_shift:
            frame = replace(frame, index=frame.index + self._index_shift)
        if self._upright != UPRIGHT:
            frame = replace(frame, turn=frame.turn.then(self._upright))
        self.ring.append(frame, warmup=self._warmup.is_cold(frame))
        self._frames += 1
        self._index = frame.index
        self._losses.note(frame, is_numbered=source.numbers_frames)
        self._arrivals.append(frame.arrived_ns)
        self._heard_ns = frame.arrived_ns

    def _wait_for_return(
        self, source: FrameSource, error: CameraError, turn: int
    ) -> FrameSource | None:
        """Close a lost camera and try to open it again; None if capture ends first."""
        since_ns, delay_s = now_ns(), FIRST_RETRY_S
        with self._turn_lock:
            if self._over.is_set():
                return None
            self._armed.clear()
            self._outage = Outage(error, since_ns, since_ns + to_ns(delay_s))
            self.changes.put(Lost(error))
        source.close()
        while not self._over.is_set():
            if self._pause(source, delay_s):
                delay_s = FIRST_RETRY_S / 2  # doubled if this try fails
            if self._over.is_set():
                return None
            try:
                found = source.reopen()
            except LivecamError as err:
                delay_s = min(2 * delay_s, LONGEST_RETRY_S)
                problem = CameraError(err.message, err.hint)
                self._outage = Outage(problem, since_ns, now_ns() + to_ns(delay_s))
                continue
            before = self.source.mode
            if self._takes_back(found, turn):
                self._outage = None
                note = ""
                if not _is_alike(before, found.mode):
                    note = f"it sends {found.mode.describe()} now; it was {before.describe()}"
                self.changes.put(Back(found, now_ns() - since_ns, note))
                return found
            found.close()
            return None
        return None

    def _pause(self, source: FrameSource, delay_s: float) -> bool:
        """Wait for the next try; True at once when a camera is plugged in."""
        before, end_ns = source.plugged_in(), now_ns() + to_ns(delay_s)
        while (left_ns := end_ns - now_ns()) > 0:
            if self._over.wait(min(LOOK_S, to_s(left_ns))):
                return False
            if source.plugged_in() != before:
                return True
        return False

    def _takes_back(self, found: FrameSource, turn: int) -> bool:
        """Go on with a camera that is back, unless capture has ended meanwhile."""
        with self._turn_lock:
            if turn != self._turn or self._over.is_set():
                return False
            if not _is_alike(self.source.mode, found.mode):
                self.ring.fit(found.mode)
            others = [mode for mode in self._modes if not _is_alike(mode, found.mode)]
            self._modes = [*others, found.mode]
            self.source = found
            self._since_ns = None
            self._losses.start_anew(found.mode.rate_hz)
            self._warmup = WarmUp(found.warms_up)
            return True

    def _arm_if_full(self, needed_ns: int) -> None:
        """Arm when pictures and sound of all seconds are there, or the sound is too late."""
        # One interval is allowed to be missing: 45 frames at 30 a second span 1.467 s.
        interval_ns = int(NS_PER_S / self.source.mode.rate_hz)
        newest = self.ring.newest()
        if newest is None or self._since_ns is None:
            return
        held_ns = min(to_ns(self.ring.held_s), newest.t_ns - self._since_ns)
        if held_ns + interval_ns < needed_ns and not self.ring.is_at_limit:
            return
        self._full_ns = self._full_ns or newest.t_ns
        lacks_sound = not self._has_sound_since(newest.t_ns - held_ns)
        if lacks_sound and newest.t_ns - self._full_ns < SOUND_WAIT_NS:
            return
        self._armed.set()
        self.changes.put(Armed(lacks_sound, self._warmup.is_black))

    def _has_sound_since(self, t_ns: int) -> bool:
        """Whether the microphone, if there is one, has given sound since then."""
        if self._sound is None:
            return True
        begins_ns = self._sound.begins_ns()
        return begins_ns is not None and begins_ns <= t_ns

    # Shutter thread

    def _cut_moments(self) -> None:
        while True:
            try:
                item = self._presses.get(timeout=1.0)
            except queue.Empty:
                self._watch_for_silence()
                self.ring.trim()  # what finished moments used is free once the ring has turned over
                continue
            if item is None:
                return
            press, hold = item
            del item
            try:
                # The moment's memory stays in use while it is worked on: take more now, here,
                # where touching it keeps nobody waiting.
                self.ring.prepare_for_shot()
                self._wait_for_end(press.end_ns)
                press.moment.set_result(self._cut(press))
            except Exception as err:  # noqa: BLE001 - raised where the moment is waited for
                press.moment.set_exception(err)
            finally:
                self.ring.release(hold)
                del press  # which would keep the moment's frames in memory

    def _watch_for_silence(self) -> None:
        """Give up a camera that has given no frame for many seconds.

        Most sources notice this themselves; this is for those that hang inside a library. Time in
        which the program itself was stopped (by Ctrl-Z, for example) does not count.
        """
        t_ns = now_ns()
        if self._watched_ns and t_ns - self._watched_ns > 3 * NS_PER_S:
            self._heard_ns += t_ns - self._watched_ns
        self._watched_ns = t_ns
        if not self._heard_ns or self._outage is not None or self._over.is_set():
            return
        limit_s = SILENT_CAMERA_S if self._frames else FIRST_FRAME_S
        if t_ns - self._heard_ns < to_ns(limit_s):
            return
        text = f"{self.source.name} has given no picture for {limit_s} s"
        error = CameraError(text, "is it unplugged, or used by another program?")
        with self._turn_lock:
            self._turn += 1  # the thread that hangs in it is left behind
        if self._reconnects:
            self._capture_thread = self._capture_thread_of(self.source, error)
            self._capture_thread.start()
        else:
            self.error = error
            self._end()

    def _wait_for_end(self, end_ns: int) -> None:
        deadline_ns = end_ns + to_ns(LATE_FRAMES_S)
        while not self._over.is_set() and now_ns() < deadline_ns:
            if self.ring.wait_until(end_ns, timeout_s=0.1):
                return
            self._watch_for_silence()

    def _cut(self, press: Press, *, waits: bool = True) -> Moment:
        """Cut the moment of a press; with `waits`, wait for its last sound."""
        start_ns = press.shutter_ns - to_ns(self.before_s)
        frames = self.ring.cut(start_ns, press.end_ns)
        if not frames:
            newest = self.ring.newest()
            if newest is None:
                raise self.error or CameraError("the camera has given no picture yet")
            frames = (newest,)  # pressed after the camera fell silent: the last it gave
        # A camera that came back may send another size or format: what belongs to the press stays.
        at_press = min(frames, key=lambda frame: abs(frame.t_ns - press.shutter_ns))
        frames = tuple(frame for frame in frames if _is_alike(frame, at_press))
        following = self.ring.cut(press.end_ns, press.end_ns + to_ns(LATE_FRAMES_S))
        following = tuple(frame for frame in following if _is_alike(frame, at_press))
        asked_ns = press.end_ns - start_ns
        frames = as_long_as(frames, following, asked_ns, press.shutter_ns)
        moment = Moment(
            id=press.id,
            shutter_ns=press.shutter_ns,
            frames=frames,
            sound=None,
            sound_note=self._sound_note,
            camera=self._camera_name or self.source.model,
            make=self.source.make,
            mode=next(mode for mode in reversed(self._modes) if _is_alike(mode, at_press)),
            numbered=self.source.numbers_frames,
            clock=press.clock,
            end_ns=press.end_ns,
        )
        if press.is_muted:
            return replace(moment, sound_note=MUTED)
        return self._with_sound(moment, LATE_SOUND_S if waits else 0.0)

    def _with_sound(self, moment: Moment, late_s: float) -> Moment:
        """Add the sound that belongs to the shown frames, from the first to the end of the last."""
        if self._sound is None or self.microphone is None:
            return moment
        end_ns = movie_end_ns(moment.frames, moment.interval_ns)
        deadline_ns = max(now_ns(), end_ns) + to_ns(late_s) if late_s else 0
        tick = threading.Event()
        while not self._sound.reaches(end_ns) and now_ns() < deadline_ns:
            tick.wait(0.01)
        sound = self._sound.cut(moment.start_ns, end_ns)
        note = "" if sound else self.microphone.problem() or "the microphone gave no sound"
        return replace(moment, sound=sound, sound_note=note)


def _is_alike(one: Frame | CameraMode, other: Frame | CameraMode) -> bool:
    """Whether one movie can hold both."""
    return (one.size_wh, one.pixel_format) == (other.size_wh, other.pixel_format)
