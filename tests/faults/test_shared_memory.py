"""Machines with little shared memory, as containers have it: frames go another way."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.program import LIVECAM, events

ROOM = {
    "64 kB": "mount -t tmpfs -o size=64k x /dev/shm",
    "full": "mount -t tmpfs -o size=16m x /dev/shm; head -c 16m /dev/zero > /dev/shm/other",
    "read-only": "mount -t tmpfs -o ro x /dev/shm",
}
MAY_MOUNT = sys.platform == "linux" and (
    subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode == 0
)


@pytest.mark.skipif(not MAY_MOUNT, reason="may not mount anything here")
@pytest.mark.parametrize("mount", ROOM.values(), ids=ROOM.keys())
def test_faces_are_found_without_shared_memory(tmp_path, mount):
    livecam = " ".join(LIVECAM)
    # Raw frames of 3 MB each, which would be shared.
    command = f"{livecam} --camera demo --size 1920x1080 --fps 10 --shots 1 --json --no-audio"
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", f"{mount}; exec {command} --before 0.5 --after 0.5"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (saved,) = (event for event in events(done.stdout) if event["event"] == "saved")
    assert saved["basis"] == "faces"
