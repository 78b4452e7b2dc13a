"""An hour with a real USB camera: does memory grow, and is every frame accounted for?

    python -m tests.benchmarks.long_run [--minutes 60] [--every 10] [--mode mjpeg:640x480:15]
        [--load]

livecam presses by itself in the guest (`tests/support/guest.py`). Its memory (Pss) is read once a
minute. At the end, what the camera sent, skipped for being late itself, or could not send whole is
held against what livecam says it got and lost; and every movie's pictures, which are numbered, must
follow each other, but for those that the camera skipped. `--load` keeps the guest's one processor
busy in between, ten seconds of every minute, so that frames are lost.
"""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from pathlib import Path

from tests.conftest import SAMPLES
from tests.support import guest

COUNT = 90
"""Pictures of the camera before its numbers begin again."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--every", type=int, default=10)
    parser.add_argument("--mode", default="mjpeg:640x480:15")
    parser.add_argument("--load", action="store_true")
    args = parser.parse_args()
    size = tuple(map(int, args.mode.split(":")[1].split("x")))
    shots = args.minutes * 60 // args.every
    load = "(timeout 10 sh -c 'while :; do :; done') & (timeout 10 sh -c 'while :; do :; done') &"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        guest.make_frames(folder / "frames", SAMPLES / "faces" / "d9.mp4", size, COUNT)
        script = f"""
            plug 0 --modes '{args.mode}'
            livecam --shots {shots} --interval {args.every} --no-audio --no-live-score \\
              --json > told.jsonl 2> errors.txt & program=$!
            reach told.jsonl armed 1
            while kill -0 $program 2>/dev/null; do
              {load if args.load else ""}
              awk '/^Pss:/ {{print $2}}' /proc/$program/smaps_rollup >> pss.txt
              sleep 60
            done
            wait $program; echo "code $?"; cp /run/uvc0.log .
        """
        limit_s = args.minutes * 60 + shots * 2 + 600
        ran = guest.run(folder, folder / "frames", script, timeout_s=limit_s)
        print(ran.text.splitlines()[0])
        log = (folder / "uvc0.log").read_text()
        sent, late, broken = (
            len(re.findall(f"^{what}", log, re.MULTILINE)) for what in ("sent", "late", "broken")
        )
        summary = ran.event("told.jsonl", "summary")
        got, lost = summary["frames"], summary["dropped"]
        print(f"the camera sent {sent}, skipped {late}, and sent {broken} in part")
        print(f"livecam got {got} and lost {lost}")
        print(f"unaccounted for: {sent + broken - got - lost} (skipped ones have no number)")
        late_numbers = {int(n) % COUNT for n in re.findall(r"^late (\d+)", log, re.MULTILINE)}
        holes = 0
        saved = [event for event in ran.events("told.jsonl") if event["event"] == "saved"]
        for event in saved:
            numbers = [guest.number_of(image) for image in guest.pictures(ran.path(event["movie"]))]
            wanted = [(numbers[0] + i) % COUNT for i in range(COUNT)]
            between = wanted[: wanted.index(numbers[-1])]
            holes += sum(n not in numbers and n not in late_numbers for n in between)
        print(f"{summary['shots']} shots, {len(saved)} saved, {holes} pictures missing in them")
        record = json.loads(ran.path(saved[-1]["scores"]).read_text())
        print(f"the last moment has {len(record['frames'])} frames")
        pss = [int(line) // 1024 for line in (folder / "pss.txt").read_text().split()]
        print("MB (Pss), once a minute:", *pss)


if __name__ == "__main__":
    main()
