"""Runs livecam as a user does: as a separate process, with or without a terminal."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LIVECAM = [sys.executable, "-m", "livecam"]
SMALL_DEMO = [
    "--camera", "demo", "--size", "320x180", "--fps", "15", "--before", "0.4", "--after", "0.4",
]  # fmt: skip
"""Options for a drawn camera, with as little to draw and to score as tests can use."""
CODES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def events(text: str) -> list[dict[str, Any]]:
    """Every line of `--json`."""
    return [json.loads(line) for line in text.splitlines()]


def run(*args: str, cwd: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run to the end."""
    options = {"capture_output": True, "text": True, "timeout": 90, **options}
    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.run([*LIVECAM, *args], cwd=cwd, check=False, **options)


@contextlib.contextmanager
def started(*args: str, cwd: Path, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Run while the test goes on; killed at the end if it still runs."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
    options.setdefault("stdin", subprocess.DEVNULL)
    with subprocess.Popen([*LIVECAM, *args], cwd=cwd, **options) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def wait_for(process: subprocess.Popen[str], name: str) -> dict[str, Any]:
    """Read events up to the one of this name."""
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == name:
            return event
    raise AssertionError(f"no event {name}: {process.stderr.read()}")


if os.name == "posix":
    import pty
    import select
    import termios


class Terminal:
    """A terminal with livecam in it, whose screen and settings can be looked at."""

    def __init__(self, *args: str, cwd: Path, background: bool = False) -> None:
        self.master, self.slave = pty.openpty()
        termios.tcsetwinsize(self.slave, (24, 80))
        self.before = termios.tcgetattr(self.slave)
        self.text = ""
        env = {**os.environ, "TERM": "xterm-256color", "BACKGROUND": "1" if background else ""}
        env.pop("NO_COLOR", None)
        self.process = subprocess.Popen(
            # The child of a shell, with this as its controlling terminal, as in real life.
            [sys.executable, "-m", "tests.support.with_terminal", os.ttyname(self.slave),
             str(cwd), *LIVECAM, *args],
            stdin=self.slave, stdout=self.slave, stderr=self.slave, env=env,
            start_new_session=True,
        )  # fmt: skip

    def send(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def read_until(self, word: str, timeout_s: float = 30.0) -> str:
        """Wait until the screen has shown a word since the last call; returns what it showed."""
        deadline, seen = time.monotonic() + timeout_s, ""
        while word not in CODES.sub("", seen):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.master], [], [], left)[0]:
                raise AssertionError(
                    f"the screen never showed {word!r}: {CODES.sub('', seen)[-600:]}"
                )
            seen += self._read()
        return seen

    def wait(self, timeout_s: float = 40.0) -> int:
        """Read on until the program ends; its exit code."""
        deadline = time.monotonic() + timeout_s
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                raise AssertionError(f"still running: {CODES.sub('', self.text)[-600:]}")
            if select.select([self.master], [], [], 0.05)[0]:
                self._read()
        while select.select([self.master], [], [], 0.2)[0]:
            self._read()
        return self.process.returncode

    def is_restored(self) -> bool:
        """Whether settings are as before, the cursor is shown, and the alternate screen is left."""
        shown = self.text.rfind("\x1b[?25h") > self.text.rfind("\x1b[?25l")
        left = self.text.rfind("\x1b[?1049l") > self.text.rfind("\x1b[?1049h")
        return shown and left and termios.tcgetattr(self.slave) == self.before

    def hang_up(self) -> None:
        """Close the window."""
        os.close(self.slave)
        os.close(self.master)
        self.master = self.slave = -1

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.master >= 0:
            self.hang_up()

    def _read(self) -> str:
        try:
            text = os.read(self.master, 65536).decode(errors="replace")
        except OSError:
            text = ""
        self.text += text
        return text
