"""A separate PulseAudio server, whose only microphone is a pipe that a test writes into."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.waiting import until


@dataclass(frozen=True)
class Pulse:
    """A running server."""

    fifo: Path
    """The microphone hears what is written here: 48 kHz mono s16le."""
    environment: dict[str, str]
    """With this, a program's default input is that microphone."""

    def unplug(self) -> None:
        """Take the microphone away while it is in use."""
        command = ["pactl", "unload-module", "module-pipe-source"]
        subprocess.run(command, env=self.environment, check=True)

    def plug_in(self) -> None:
        """Put it back."""
        for command in (["load-module", *_pipe(self.fifo)], ["set-default-source", "pmic"]):
            subprocess.run(
                ["pactl", *command], env=self.environment, check=True, capture_output=True
            )


def _pipe(fifo: Path) -> list[str]:
    return ["module-pipe-source", "source_name=pmic", f"file={fifo}", "format=s16le", "rate=48000",
            "channels=1"]  # fmt: skip


def problem() -> str:
    """Why there can be no microphone here, or ""."""
    missing = [name for name in ("pulseaudio", "pactl") if shutil.which(name) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    try:
        import sounddevice  # noqa: F401
    except OSError:
        return "not installed: PortAudio"
    return ""


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Pulse]:
    """Start a server below `folder`, and stop it at the end."""
    home, run, fifo = folder / "home", folder / "run", folder / "mic.fifo"
    for path in (home, run):
        path.mkdir(mode=0o700)
    (home / ".asoundrc").write_text("pcm.!default { type pulse }\nctl.!default { type pulse }\n")
    socket = run / "native"
    environment = {
        **os.environ,
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(run),
        "PULSE_SERVER": f"unix:{socket}",
    }
    pipe = " ".join(_pipe(fifo))
    server = subprocess.Popen(
        [
            "pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--disallow-exit=yes",
            f"--load=module-native-protocol-unix auth-anonymous=1 socket={socket}",
            f"--load={pipe}",
        ],
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        ask = ["pactl", "set-default-source", "pmic"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}

        def answers() -> bool:
            return not subprocess.run(ask, env=environment, check=False, **quiet).returncode

        until(answers, "PulseAudio's start", 10)
        yield Pulse(fifo, environment)
    finally:
        server.terminate()
        server.wait()
