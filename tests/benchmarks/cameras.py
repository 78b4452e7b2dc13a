"""What capture alone costs on a real USB camera, compared with ffmpeg and a loop over OpenCV.

    python -m tests.benchmarks.cameras [--rounds 3] [--seconds 15]

720p30 MJPEG from a camera in the guest (`tests/support/guest.py`). livecam keeps its ring, without
the live score; ffmpeg copies the packets to nowhere; OpenCV decodes every frame, as its loops do.
They take turns. The processor time of all threads is counted while each runs steadily. The guest's
processor is slow, so only the ratios mean anything.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from tests.conftest import SAMPLES
from tests.support import guest

LOOP = """\
import cv2
capture = cv2.VideoCapture(0, cv2.CAP_V4L2)
capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
capture.set(cv2.CAP_PROP_FRAME_WIDTH, 1280)
capture.set(cv2.CAP_PROP_FRAME_HEIGHT, 720)
ring = []
while True:
    ring.append(capture.read()[1])
    del ring[:-90]
"""
SETTLE_S = 12
"""Imports, warm-up and the plan of the encoder are over by then."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=15)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        guest.make_frames(folder / "frames", SAMPLES / "faces" / "d9.mp4", (1280, 720))
        (folder / "loop.py").write_text(LOOP)
        script = f"""
            plug 0 --modes 'mjpeg:1280x720:30'
            spent() {{ cat /proc/$1/task/*/sched |
              awk '/se.sum_exec_runtime/ {{s += $3}} END {{printf "%d", s * 1000}}'; }}
            cost() {{ name=$1; shift; "$@" > $name.log 2>&1 < /dev/null & p=$!
              sleep {SETTLE_S}; a=$(spent $p); sleep {args.seconds}; b=$(spent $p)
              echo "$name $(( (b - a) / {args.seconds} ))" >> cost.txt
              kill $p; wait $p; }}
            for _ in $(seq {args.rounds}); do
              cost livecam livecam --no-live-score --no-audio --json
              cost ffmpeg ffmpeg -loglevel error -f v4l2 -input_format mjpeg -video_size 1280x720 \\
                -i /dev/video0 -c copy -f null -
              cost opencv {sys.executable} $OUT/loop.py
            done
        """
        limit_s = 60 + args.rounds * 3 * (SETTLE_S + args.seconds + 10)
        guest.run(folder, folder / "frames", script, timeout_s=limit_s)
        rows: dict[str, list[int]] = {}
        for line in (folder / "cost.txt").read_text().splitlines():
            what, microseconds = line.split()
            rows.setdefault(what, []).append(int(microseconds))
    medians = {what: statistics.median(found) for what, found in rows.items()}
    for what, found in rows.items():
        shares = ", ".join(f"{x / 1e4:.1f}" for x in found)
        print(f"{what:8s} {medians[what] / 1e4:5.1f} % of the guest's processor ({shares})")
    print(f"livecam to ffmpeg -c copy: {medians['livecam'] / medians['ffmpeg']:.2f}")
    print(f"livecam to an OpenCV loop: {medians['livecam'] / medians['opencv']:.2f}")


if __name__ == "__main__":
    main()
