"""Speaks what `--plain` prints, by the system's own voice.

Linux: speech-dispatcher's `spd-say`, which uses the voice and speed that the user's screen reader
uses; macOS: `say`; Windows: the speech of .NET, through PowerShell. None of them is a library to
depend on, and all speak without a network.
"""

from __future__ import annotations

import queue
import shutil
import subprocess
import sys
import threading
from contextlib import suppress

from livecam.errors import UsageError

MOST_WAITING = 3
"""Lines that wait to be spoken; of more, the oldest are left out: what was is not what is."""
LONGEST_S = 20.0
_DOTNET = (
    "Add-Type -AssemblyName System.Speech;"
    "(New-Object System.Speech.Synthesis.SpeechSynthesizer).Speak([Console]::In.ReadToEnd())"
)


class Speech:
    """A voice, and what it still has to say. Speaks in a thread of its own."""

    def __init__(self) -> None:
        """Find the system's voice. Raises UsageError without one."""
        self._command = command()
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._child: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None

    def say(self, line: str) -> None:
        """Say a line once those before it were said. Returns at once."""
        if self._thread is None:
            # A daemon: nobody waits for a voice that hangs.
            self._thread = threading.Thread(target=self._speak_all, name="speech", daemon=True)
            self._thread.start()
        self._lines.put(line)
        while self._lines.qsize() > MOST_WAITING:
            with suppress(queue.Empty):
                self._lines.get_nowait()

    def close(self) -> None:
        """Finish what is being said and what waits, within a time limit; may go on after it."""
        if self._thread is None:
            return
        self._lines.put(None)
        self._thread.join(LONGEST_S)
        self._thread = None
        if self._child is not None and self._child.poll() is None:
            self._child.kill()

    def _speak_all(self) -> None:
        while (line := self._lines.get()) is not None:
            with suppress(OSError, subprocess.TimeoutExpired):
                self._child = subprocess.Popen(  # noqa: S603 - a fixed program, and no shell
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
                self._child.communicate(line.encode(errors="replace"), LONGEST_S)


def command() -> list[str]:
    """The program that speaks what it reads on standard input. Raises UsageError."""
    names = {"darwin": ["say", "-f", "-"], "win32": ["powershell", "-NoProfile", "-c", _DOTNET]}
    # Speaks as one text what it reads, and waits for its end.
    found = names.get(sys.platform, ["spd-say", "--wait", "--pipe-mode"])
    program = shutil.which(found[0])
    if program is None:
        hint = "on Debian and Ubuntu: apt install speech-dispatcher"
        raise UsageError(f"--speak needs {found[0]}, which is not here", hint)
    return [program, *found[1:]]
