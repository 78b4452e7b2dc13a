"""A disk of a few megabytes that a test may fill, where the system lets it mount one."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest


def problem() -> str:
    """Why no disk can be mounted here, or ""."""
    if sys.platform != "linux" or os.geteuid() != 0 or shutil.which("mount") is None:
        return "only root may mount a disk"
    return ""


class SmallDisk:
    """A tmpfs."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "filler"

    def fill(self, left: int = 0) -> None:
        """Leave no more than `left` bytes free."""
        free = shutil.disk_usage(self.path).free - left
        with self._filler.open("ab") as file:
            file.write(bytes(max(0, free)))

    def make_room(self) -> None:
        """Remove the filler."""
        self._filler.unlink()

    def remount(self, how: str) -> None:
        """Make it `ro` or `rw`."""
        subprocess.run(["mount", "-o", f"remount,{how}", str(self.path)], check=True)


@contextlib.contextmanager
def freezable(image: Path, path: Path, megabytes: int = 64) -> Iterator[Path]:
    """A folder on a separate disk, which `frozen` can stop; skips the test where that fails."""
    with image.open("wb") as file:
        file.truncate(megabytes << 20)
    path.mkdir()
    try:
        subprocess.run(["mkfs.ext4", "-q", str(image)], check=True, capture_output=True)
        subprocess.run(["mount", "-o", "loop", str(image), str(path)], check=True)
    except (OSError, subprocess.CalledProcessError) as err:
        pytest.skip(f"no loop device can be mounted here: {err}")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


@contextlib.contextmanager
def frozen(path: Path) -> Iterator[None]:
    """Freeze this disk: whoever writes to it waits."""
    subprocess.run(["fsfreeze", "-f", str(path)], check=True)
    try:
        yield
    finally:
        subprocess.run(["fsfreeze", "-u", str(path)], check=True)


@contextlib.contextmanager
def mounted(path: Path, megabytes: int = 6) -> Iterator[SmallDisk]:
    """A new disk at a path, gone at the end."""
    path.mkdir()
    size = f"size={megabytes}m"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "livecam-test", str(path)], check=True)
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)
