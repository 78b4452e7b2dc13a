"""A disk of a few megabytes that a test may fill, where the system lets it mount one."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


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
        """Take the filler away."""
        self._filler.unlink()

    def remount(self, how: str) -> None:
        """Make it `ro` or `rw`."""
        subprocess.run(["mount", "-o", f"remount,{how}", str(self.path)], check=True)


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
