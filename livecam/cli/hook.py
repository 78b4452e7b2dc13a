"""`--on-saved`: runs the user's own command for every saved moment."""

from __future__ import annotations

import os
import queue
import re
import shlex
import subprocess
import threading
from typing import TYPE_CHECKING

from livecam.errors import LivecamError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from livecam.contract import Saved


TERMINATION_S = 2.0
"""How long a command may take to end after it was asked to."""


class SavedHook:
    """Runs commands one after the other, in a worker thread."""

    def __init__(
        self,
        command: str,
        on_error: Callable[[LivecamError], None],
        option: str = "--on-saved",
    ) -> None:
        """`command` is split as a shell would, but no shell runs it. Raises UsageError."""
        self._option = option
        try:
            self._words = split_command(command)
        except ValueError as err:
            raise UsageError(f"{option}: {err}") from err
        if not self._words:
            raise UsageError(f"{option} names no command")
        self._on_error = on_error
        self._queue: queue.SimpleQueue[list[str] | None] = queue.SimpleQueue()
        self._child: subprocess.Popen[bytes] | None = None
        self._given_up = False
        # A daemon: a command that never ends is the user's to end.
        self._thread = threading.Thread(target=self._run_all, name="on-saved", daemon=True)
        self._thread.start()

    def run(self, saved: Saved, more: Mapping[str, str] | None = None) -> None:
        """Queue a run: with files in their named places, else CMD MOVIE PHOTO SCORES.

        `more` are further files by name.
        """
        files = {"movie": saved.movie, "photo": saved.photo, "scores": saved.scores}
        if saved.motion_photo is not None:
            files["motion_photo"] = saved.motion_photo
        self._queue.put(placed(self._words, files | dict(more or {})))

    def finish(self) -> None:
        """Take no more; what is queued is still run."""
        self._queue.put(None)

    def join(self, timeout_s: float) -> None:
        """Wait for what is queued, after `finish`."""
        self._thread.join(timeout_s)

    def is_done(self) -> bool:
        """Whether all has been run, after `finish`."""
        return not self._thread.is_alive()

    def give_up(self) -> None:
        """End the command that runs, and drop those that wait."""
        if self._given_up:
            return
        self._given_up = True
        child = self._child
        if child is not None and child.poll() is None:
            name = self._words[0]
            self._on_error(LivecamError(f"{self._option}: {name} does not end and was given up"))
            child.terminate()
            threading.Thread(target=_kill_later, args=(child,), daemon=True).start()

    def _run_all(self) -> None:
        while (words := self._queue.get()) is not None and not self._given_up:
            self._run(words)

    def _run(self, words: list[str]) -> None:
        # Its output goes where that of the libraries goes: standard output belongs to the events.
        try:
            self._child = subprocess.Popen(  # noqa: S603 - the user's own command, and no shell
                words, stdin=subprocess.DEVNULL, stdout=2
            )
            code = self._child.wait()
        except OSError as err:
            self._on_error(LivecamError(f"{self._option}: cannot run {words[0]}: {err.strerror}"))
            return
        if code and not self._given_up:
            self._on_error(LivecamError(f"{self._option}: {words[0]} ended with code {code}"))


def placed(words: Sequence[str], files: Mapping[str, str]) -> list[str]:
    """The words, with files where `{movie}`, `{photo}` and so on stand.

    Where no file has a named place, movie, photo and scores come last.
    """
    pattern = re.compile("{(" + "|".join(files) + ")}")
    found = [pattern.sub(lambda name: files[name[1]], word) for word in words]
    if found != list(words):
        return found
    return [*words, files["movie"], files["photo"], files["scores"]]


def _kill_later(child: subprocess.Popen[bytes]) -> None:
    """Kill a command that does not end although it was asked to."""
    try:
        child.wait(TERMINATION_S)
    except subprocess.TimeoutExpired:
        child.kill()


def split_command(command: str, *, windows: bool = os.name == "nt") -> list[str]:
    """Words of a command line. Raises ValueError for a quote that is not closed.

    Windows' paths are full of backslashes, which are no escapes there; quotes still hold words
    together, and are not part of them.
    """
    if not windows:
        return shlex.split(command)
    lexer = shlex.shlex(command, posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.escape, lexer.commenters = True, "", ""
    return list(lexer)
