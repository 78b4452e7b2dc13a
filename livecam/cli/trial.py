"""`livecam doctor --benchmark`: a short trial of the main job on the user's own camera."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from livecam import contract
from livecam.cameras import open_source
from livecam.capture.source import CameraRequest
from livecam.live.session import Options, Session
from livecam.timebase import to_s

if TYPE_CHECKING:
    from collections.abc import Sequence

    from livecam.capture.source import CameraMode
    from livecam.frame import Frame
    from livecam.live.encoders import Plan

PRESSES = 3
INTERVAL_S = 1.0
TIMEOUT_S = 60.0


def run_trial(camera: str | None) -> list[str]:
    """Press a few times and say what was lost, how soon files were there, and which tier fits.

    What is saved goes into a temporary folder that is deleted again. Raises LivecamError.
    """
    saved: list[contract.Saved] = []
    errors: list[contract.Error] = []

    def note(event: contract.Event) -> None:
        if isinstance(event, contract.Saved):
            saved.append(event)
        elif isinstance(event, contract.Error):
            errors.append(event)

    source = open_source(camera, CameraRequest(None, None))
    with tempfile.TemporaryDirectory() as folder:
        options = Options(out=Path(folder), live_score=False)
        session = Session(source, None, options, note, "not needed for a trial")
        try:
            session.start()
            session.wait_until_armed()
            found = session.wait_for_plan(TIMEOUT_S)
            frames = session.recorder.ring.cut(0, 1 << 62)
            tick = threading.Event()
            for _ in range(PRESSES):
                session.press()
                tick.wait(INTERVAL_S)
            session.finish()
            session.join(TIMEOUT_S)
        finally:
            session.close()
        dropped = session.health().dropped
    lines = _describe(source.mode, frames, found)
    lines.append(f"{len(saved)} of {PRESSES} moments saved, {dropped} frames lost")
    if saved:
        key_s, file_s = max(s.key_ready_s for s in saved), max(s.file_ready_s for s in saved)
        lines.append(f"key photo known {key_s:.2f} s, files closed {file_s:.2f} s after the moment")
    lines += [f"error: {error.message}" for error in errors]
    return lines


def _describe(mode: CameraMode, frames: Sequence[Frame], found: Plan | None) -> list[str]:
    kilobytes = sum(frame.data.size for frame in frames) / max(len(frames), 1) / 1000
    span_s = to_s(frames[-1].t_ns - frames[0].t_ns) if len(frames) > 1 else 0.0
    rate = (len(frames) - 1) / span_s if span_s else 0.0
    lines = [f"{mode.describe()}, {kilobytes:.0f} kB a frame, {rate:.1f} frames a second"]
    if found is not None:
        lines += [
            f"encoding with {found.encoder} takes {found.share:.0%} of a core",
            f"tier {found.tier}: {found.reason}",
        ]
    return lines
