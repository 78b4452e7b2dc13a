"""`--on-saved`: runs the user's own command for every saved moment."""

from __future__ import annotations

import os
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from livecam.errors import LivecamError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from livecam.contract import Saved


class SavedHook:
    """Commands run one after the other, beside everything else."""

    def __init__(self, command: str, on_error: Callable[[LivecamError], None]) -> None:
        """`command` is split like a shell's line, but no shell runs it. Raises UsageError."""
        try:
            self._words = shlex.split(command, posix=os.name != "nt")
        except ValueError as err:
            raise UsageError(f"--on-saved: {err}") from err
        if not self._words:
            raise UsageError("--on-saved names no command")
        self._on_error = on_error
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="on-saved")

    def run(self, saved: Saved) -> None:
        """Queue a run: CMD MOVIE PHOTO SCORES."""
        self._pool.submit(self._run, [*self._words, saved.movie, saved.photo, saved.scores])

    def close(self) -> None:
        """Wait for the commands that are queued."""
        self._pool.shutdown()

    def _run(self, words: list[str]) -> None:
        # Its output goes where the libraries' goes: standard output belongs to the events.
        try:
            code = subprocess.run(  # noqa: S603 - the user's own command, not split by a shell
                words, stdin=subprocess.DEVNULL, stdout=2, check=False
            ).returncode
        except OSError as err:
            self._on_error(LivecamError(f"--on-saved: cannot run {words[0]}: {err.strerror}"))
            return
        if code:
            self._on_error(LivecamError(f"--on-saved: {words[0]} ended with code {code}"))
