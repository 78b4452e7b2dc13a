"""The main job: camera, screen and keys together, from the first frame to the last saved file."""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
import traceback
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TextIO

from livecam.capture.address import without_secrets
from livecam.cli.hook import SavedHook
from livecam.cli.opening import Opening
from livecam.cli.self_timer import AutomaticShutter, Burst, SelfTimer
from livecam.cli.signals import Signals
from livecam.cli.triggers import Lines, Stamps, Timetable
from livecam.cli.undo import Undo
from livecam.contract import Error, Event, Notice, Preview, Saved, Shot
from livecam.disk.publish import check_folder
from livecam.errors import ExitCode, InputError, LivecamError, OutputError
from livecam.faces.model import FaceModel
from livecam.formats import heic
from livecam.frame import Turn
from livecam.live.recovery import recover
from livecam.live.session import Options, Session
from livecam.media.save_options import SaveOptions
from livecam.text import visible
from livecam.timebase import now_ns
from livecam.ui import native_output
from livecam.ui.click import Click
from livecam.ui.graphics import find_way
from livecam.ui.last_photo import LastPhoto
from livecam.ui.plain import JsonView, PlainView, describe
from livecam.ui.status import StatusReader, moments
from livecam.ui.terminal import Keyboard, suspend

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from livecam.capture.microphone import Microphone
    from livecam.capture.source import FrameSource
    from livecam.cli.running_booth import RunningBooth
    from livecam.cli.running_preview import RunningPreview
    from livecam.ui.screen import Screen

    View = Screen | PlainView | JsonView

Message = Literal[
    "draw", "quit", "interrupt", "terminate", "hangup", "suspend", "picture", "mirror", "help",
    "timer", "automatic", "undo", "mute", "burst", "look", "key", "numbers",
]  # fmt: skip
KEYS: dict[str, Message] = {
    "q": "quit", "p": "picture", "f": "mirror", "?": "help", "t": "timer", "a": "automatic",
    "u": "undo", "m": "mute", "b": "burst", "r": "look", "i": "numbers",
}  # fmt: skip

ENDINGS: dict[Message, ExitCode] = {
    "quit": ExitCode.OK, "interrupt": ExitCode.INTERRUPTED, "terminate": ExitCode.TERMINATED,
    "hangup": ExitCode.HANGUP,
}  # fmt: skip
SIGNALS: dict[str, Message] = {
    "SIGINT": "interrupt", "SIGTERM": "terminate", "SIGHUP": "hangup", "SIGTSTP": "suspend",
}  # fmt: skip

DRAW_INTERVAL_S = 0.1
PATIENCE_S = 2.0
"""After Ctrl-C, how long the reader of our output may read nothing before we stop waiting."""

SWITCH_INTERVAL_S = 0.001
"""Python's default of 5 ms lets one busy thread hold up the camera's by as much."""


def run_program(args: argparse.Namespace, make_booth: type[RunningBooth] | None = None) -> int:
    """Take Live Photos until the user, the timetable or the camera ends it; the exit code.

    `make_booth` adds the page of `livecam booth`.
    """
    if args.format == "heic":
        heic.require()
    if args.preview_port is not None:
        from livecam.page.serving import require_extra

        require_extra(", or leave --preview-port out")
    new = [path for path in (args.out, *args.out.parents) if not path.exists()]
    check_folder(args.out)
    _quiet_libraries()
    with ExitStack() as stack:
        stack.callback(_remove_empty, new)
        errors = stack.enter_context(native_output.redirected(args.log))
        program = Program(args, errors, make_booth)
        stack.callback(program.restore)
        try:
            code = program.run()
        except LivecamError as err:
            program.report(err)
            code = int(err.exit_code)
        except Exception as err:  # noqa: BLE001 - never a traceback on the user's screen
            traceback.print_exc()  # into the log
            program.report(LivecamError(f"livecam broke down: {err!r}", "--log FILE tells more"))
            code = int(ExitCode.FAILURE)
        program.wait_for_readers()
        program.restore()
        program.farewell()
    return code


class Program:
    """One run. Its main loop owns the screen and runs on the main thread.

    Keys and other triggers press the shutter from their own threads, and put everything else into
    the inbox. Signal handlers only queue something or set a flag: a handler may interrupt any line
    of the main thread, and must not wait for a lock that this line holds.
    """

    def __init__(
        self,
        args: argparse.Namespace,
        errors: TextIO,
        make_booth: type[RunningBooth] | None = None,
    ) -> None:
        """`errors` is the real standard error."""
        self._make_booth = make_booth
        self._booth: RunningBooth | None = None
        self._preview: RunningPreview | None = None
        self._args, self._errors_out = args, errors
        self._inbox: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._view = view = _view(args, errors)
        self._screen = None if isinstance(view, PlainView | JsonView) else view
        self._outbox = view.outbox if isinstance(view, PlainView | JsonView) else None
        self._status = StatusReader()
        self._keyboard = Keyboard(self._on_key, lambda: self._inbox.put("hangup"))
        self._session: Session | None = None
        self._stamps: Stamps | None = None
        self._interrupts = 0
        self._timer, self._automatic, self._burst = SelfTimer(), AutomaticShutter(), Burst()
        self._click = Click() if args.click else None
        self._looking: LastPhoto | None = None
        """The moment that is looked through, in place of the camera's picture."""
        self._changes = Undo()
        self._early = threading.Event()
        """A press while the camera is still being opened."""
        self._code = ExitCode.OK
        self._saved: list[Saved] = []
        self._errors: list[Error] = []
        self._lost: tuple[int, ...] = ()
        self._signals = Signals()
        self._hook: SavedHook | None = None
        if args.on_saved is not None:
            self._hook = SavedHook(args.on_saved, self._on_hook_error)

    def run(self) -> int:
        """Do the whole run. Raises LivecamError if the camera cannot be opened."""
        self._catch_signals()
        self._view.open()
        self._status_line()
        self._find_way()
        self._keyboard.open()
        opened = self._open_devices()
        if opened is None:
            return int(self._code)
        source, microphone, note = opened
        options = _options(self._args)
        session = self._session = Session(source, microphone, options, self._on_event, note)
        timetable = recovery = None
        try:
            session.start()
            if self._make_booth is not None:
                self._booth = self._make_booth(
                    self._args, session, self._changes, self._set_automatic
                )
            if self._args.preview_port is not None:
                from livecam.cli.running_preview import RunningPreview

                self._preview = RunningPreview(session, self._args.preview_port)
            if self._early.is_set():
                session.press(by_key=True)
            timetable = self._start_triggers(session)
            recovery = self._start_recovery(session, options)
            self._handle_until(lambda: session.is_done)
            if timetable is not None:
                timetable.join()  # it may still have to say that the camera ended too soon
            self._lost = session.work().lost
            if self._hook is not None:
                self._hook.finish()
                self._handle_until(self._hook.is_done)
        finally:
            for server in (self._booth, self._preview):
                if server is not None:
                    server.close()
            self._stop_looking()
            self._changes.close()
            if not session.is_done:
                session.give_up()
            if recovery is not None:
                recovery.join()
            session.close()
        return int(self._code or session.code)

    def _find_way(self) -> None:
        """Ask the terminal how it shows pictures, unless the user chose half blocks."""
        if self._screen is None or self._args.picture == "blocks":
            return
        found = find_way(self._keyboard)
        if self._args.picture == "iterm":
            found = "iterm"
        elif self._args.picture == "kitty" and found != "kitty-memory":
            found = "kitty"
        self._screen.use(found)

    def _start_triggers(self, session: Session) -> Timetable | None:
        """Start everything but the keys that presses the shutter; return the timetable."""
        self._stamps = Stamps(session)
        self._stamps.start()
        if sys.stdin is not None and not sys.stdin.isatty():
            Lines(session).start()
        if self._args.shots is None:
            return None
        timetable = Timetable(session, self._args.shots, self._args.interval)
        timetable.start()
        return timetable

    def _start_recovery(self, session: Session, options: Options) -> threading.Thread:
        """Finish, in a thread, what a killed run left in the folder."""

        def work() -> None:
            session.wait_until_armed()  # the camera comes first
            recover(
                options.out, session.send, save_options=options.save_options, model=options.model,
                given_up=lambda: session.is_ending,
            )  # fmt: skip

        thread = threading.Thread(target=work, name="recover")
        thread.start()
        return thread

    def _handle_until(self, done: Callable[[], bool]) -> None:
        """Draw and obey until something is done."""
        while not done():
            self._handle(self._next_message())
            self._tick()
            self._draw()

    def report(self, error: LivecamError) -> None:
        """Show an error that ended the run before there was a session."""
        self._on_event(Error(error.message, error.hint, int(error.exit_code)))

    def wait_for_readers(self) -> None:
        """Wait until all output is read; after Ctrl-C, not for ever."""
        if self._outbox is None:
            return
        while not self._outbox.join(DRAW_INTERVAL_S):
            is_stalled = self._outbox.stalled_s > PATIENCE_S
            if self._interrupts > 1 or (self._interrupts and is_stalled):
                return
            self._handle(self._next_message())

    def restore(self) -> None:
        """Give the terminal back. May be called twice."""
        self._keyboard.close()
        self._view.close()
        self._signals.restore()

    def farewell(self) -> None:
        """Print what must still be read once the screen is gone."""
        with contextlib.suppress(OSError):  # the terminal may be gone too
            self._farewell()

    def _farewell(self) -> None:
        if self._screen is not None:
            for saved in self._saved:
                if Path(saved.photo).exists():  # it may be in the trash, or have been moved
                    print(f"saved {visible(saved.photo)}")
        if not isinstance(self._view, PlainView):  # it has printed them when they came
            for error in self._errors:
                print(visible(describe(error)), file=self._errors_out)
        if self._lost and self._interrupts > 1:
            numbers = ", ".join(map(str, self._lost))
            print(f"livecam: gave up; not saved: moment {numbers}", file=self._errors_out)

    # Main thread

    def _open_devices(self) -> tuple[FrameSource, Microphone | None, str] | None:
        """Open camera and microphone, drawing meanwhile; None if the user quits first."""
        self._status_line()
        opening = Opening(self._args, self._on_waiting, lambda: self._inbox.put("draw"))
        opening.start()
        while not opening.is_done:
            message = self._next_message()
            if message in ENDINGS:
                opening.leave()
                self._handle(message)
                return None
            self._handle(message)
            self._status_line()
        return opening.result()

    def _next_message(self) -> Message:
        try:
            return self._inbox.get(timeout=DRAW_INTERVAL_S)
        except queue.Empty:
            return "draw"

    def _handle(self, message: Message) -> None:
        if message == "suspend":
            self._suspend()
        elif message in ("picture", "mirror", "help", "numbers"):
            self._toggle(message)
        elif message == "timer":
            self._timer.set_longer(now_ns())
        elif message == "automatic":
            self._set_automatic(not self._automatic.is_on)
        elif message == "undo":
            self._undo()
        elif message == "mute" and self._session is not None:
            self._session.recorder.is_muted = not self._session.recorder.is_muted
        elif message == "burst":
            self._burst.toggle()
            self._status.is_burst = self._burst.is_on
        elif message == "look":
            self._look_again()
        elif message in ENDINGS:
            self._end(message)

    def _set_automatic(self, is_on: bool | None) -> bool:
        """Switch the automatic shutter; None only tells. Returns whether it is on. Any thread."""
        if is_on is not None:
            self._automatic.is_on = self._status.is_automatic = is_on
        return self._automatic.is_on

    def _end(self, message: Message) -> None:
        """Save what there is and end; the second time at once."""
        self._code = self._code or ENDINGS[message]
        self._interrupts += message in ("interrupt", "terminate")
        if self._session is None:
            return
        if self._interrupts == 1 and message != "hangup":
            self._say_what_is_left(self._session)
        self._session.finish()
        if self._interrupts > 1:
            self._session.give_up()
            if self._hook is not None:
                self._hook.give_up()

    def _toggle(self, message: Message) -> None:
        if self._screen is None:
            return
        if message == "picture":
            self._screen.show_picture = not self._screen.show_picture
        elif message == "mirror":
            self._screen.is_mirrored = not self._screen.is_mirrored
        elif message == "numbers":
            self._screen.show_numbers = not self._screen.show_numbers
        else:
            self._screen.show_help = not self._screen.show_help

    def _look_again(self) -> None:
        """Look through the newest photo, or at the camera again."""
        if self._looking is not None:
            self._stop_looking()
        elif self._saved and self._screen is not None:
            try:
                self._looking = LastPhoto(
                    Path(self._saved[-1].photo),
                    FaceModel(self._args.model, self._args.face_runtime),
                    self._changes.stack,
                    self._screen.painter,
                    lambda: self._inbox.put("draw"),
                )
            except LivecamError as err:  # it is in the trash, or somebody has moved it
                self._status.told = str(err)
        elif self._screen is not None:
            self._status.told = "there is no photo to look through yet"

    def _stop_looking(self) -> None:
        if self._looking is not None and self._screen is not None:
            self._looking.close()
            self._looking = None
            self._screen.wipe()

    def _undo(self) -> None:
        """Undo the newest change, or put the newest photo into the trash."""
        if self._session is None:
            return
        try:
            said = self._changes.press(self._saved[-1] if self._saved else None)
        except OutputError as err:
            self._session.fail(err)
            return
        except InputError as err:
            said = err.message
        self._session.notice(said)
        self._status.told = said

    def _tick(self) -> None:
        """Press if the timer, the burst or the automatic shutter is due."""
        session, t_ns = self._session, now_ns()
        if self._outbox is not None and not self._outbox.is_read:
            self._end("quit")  # the program that started us has ended, and so do we
        self._status.countdown_s = left_s = self._timer.left_s(t_ns)
        if session is None:
            return
        if left_s == 0 and self._timer.stop():
            session.press()
        if self._burst.is_due(t_ns):
            session.press()
        if self._automatic.is_due(session.live, t_ns, is_busy=bool(session.work().pending)):
            session.press()

    def _say_what_is_left(self, session: Session) -> None:
        """Answer the first Ctrl-C: what is waited for, and what a second one would lose."""
        work, (unwritten, why) = session.work(), session.unwritten
        left = work.pending + work.scoring
        if not left:
            return
        text = (
            f"saving {moments(left)}, then quitting; Ctrl-C again loses what is not saved by then"
        )
        if unwritten:
            text += f"; {moments(unwritten)} cannot be written yet: {why}"
        session.notice(text)

    def _draw(self) -> None:
        if self._looking is not None and self._screen is not None:
            self._looking.draw(self._screen)
        else:
            self._view.draw(self._status.read(self._session))

    def _status_line(self) -> None:
        self._view.draw(self._status.read(None, without_secrets(self._args.camera or "")))

    def _suspend(self) -> None:
        self._keyboard.release()
        self._view.close()
        suspend()
        self._keyboard.grab()
        self._view.open()

    # Any thread

    def _on_key(self, key: str, t_ns: int) -> None:
        if key == " ":
            self._burst.is_on = self._status.is_burst = False
            # A press while the timer runs takes the photo at once, and never counts as a held key.
            was_timed = self._timer.stop()
            if self._session is None:
                self._press_early()
            else:
                self._session.press(t_ns, by_key=not was_timed)
            self._inbox.put("draw")
        elif self._looking is not None and key not in ("q", "r"):
            self._looking.keys.put(key)
            self._inbox.put("draw")
        elif self._looking is not None:
            self._inbox.put("look")  # back to the camera
        elif (message := KEYS.get(key.lower())) is not None:
            self._inbox.put(message)

    def _press_early(self) -> None:
        """Keep a press until the camera is open."""
        self._early.set()
        self._status.is_press_kept = True

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Saved):
            self._saved.append(event)
            self._changes.saved()
            if self._booth is not None:
                self._booth.saved(event)
            if self._hook is not None:
                self._hook.run(event)
        elif isinstance(event, Shot):
            if self._click is not None:
                self._click.play()
            if self._looking is not None:
                self._looking.say(f"captured {event.id}; q goes back to the camera")
        elif isinstance(event, Notice):
            self._status.notice = event.message
        elif isinstance(event, Preview):
            self._status.place = f"live picture: {event.picture}"
        elif isinstance(event, Error):
            self._errors.append(event)
            self._status.error = event.message
        self._view.on_event(event)
        self._inbox.put("draw")

    def _on_waiting(self, why: str) -> None:
        self._status.waiting_for = why
        self._on_event(Notice(f"{why}: waiting for it"))

    def _on_hook_error(self, error: LivecamError) -> None:
        if self._session is not None:
            self._session.fail(error)

    # Signal handlers

    def _catch_signals(self) -> None:
        for name, message in SIGNALS.items():
            self._signals.catch(name, lambda *_, message=message: self._inbox.put(message))
        self._signals.catch("SIGUSR1", self._on_usr1)

    def _on_usr1(self, *_: object) -> None:
        if self._stamps is not None:
            self._stamps.queue.put(now_ns())
        else:
            self._early.set()


def _remove_empty(folders: list[Path]) -> None:
    """Delete folders that were made but stayed empty, the inner ones first."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:  # something is in it, or it is in use
            return


def _options(args: argparse.Namespace) -> Options:
    save_options = SaveOptions(
        args.format, args.codec, args.motion_photo, args.enhance, args.best_take
    )
    live_score = not args.no_live_score
    # --shots is mostly used by a program, which wants to know that the camera is gone.
    reconnects = not args.no_reconnect and args.shots is None
    return Options(
        before_s=args.before,
        after_s=args.after,
        out=args.out,
        model=FaceModel(args.model, args.face_runtime),
        save_options=save_options,
        tier=args.tier,
        live_score=live_score,
        spill=args.spill,
        reconnects=reconnects,
        camera_name=args.camera_name,
        turn=Turn.by(args.rotate, is_mirrored=args.flip),
    )


def _view(args: argparse.Namespace, errors: TextIO) -> View:
    if args.json:
        return JsonView(sys.stdout)
    dumb = os.environ.get("TERM", "") in ("", "dumb") and os.name != "nt"
    if args.speak:
        from livecam.ui.speech import Speech

        return PlainView(sys.stdout, errors, speech=Speech())
    plain = args.plain or os.environ.get("ACCESSIBLE") == "1"
    if plain or dumb or not sys.stdout.isatty():
        return PlainView(sys.stdout, errors)
    from livecam.ui.screen import Screen

    return Screen(sys.stdout, is_picture=args.picture != "off")


def _quiet_libraries() -> None:
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")
    import cv2

    # livecam spreads its work over threads itself; OpenCV's own would take the camera's core.
    cv2.setNumThreads(1)
