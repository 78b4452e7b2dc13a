"""What others do to livecam while it works, again and again: is anything lost?

    python -m tests.benchmarks.provocations [--tries 100] [--only changes trash pick report faces]

Each provocation is tried `--tries` times, at random instants from a fixed seed; then livecam is
started once more, as a user would. A row counts the tries, what they put at risk, what was lost,
and what was left half done. `tests.benchmarks.endurance --kills` kills whole runs with moments in
hand.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from livecam.disk.changes import finish_abandoned
from tests.support.files import saved

LIVECAM = [sys.executable, "-m", "livecam"]
PAIRS = 6
CHANGE = """
import sys, time
from pathlib import Path
from livecam.disk.changes import Change
what, folder = sys.argv[1], Path(sys.argv[2])
old = [path for path in folder.iterdir() if path.suffix in (".JPG", ".MOV")]
new = {path.name: path.read_bytes() + b"new" for path in old} if "replace" in what else {}
print("ready", flush=True)
change = Change.make(old, new)
(change.undo if "undo" in what else change.forget)()
"""
TRASH = """
import sys
from pathlib import Path
from livecam.disk.trash import put_into_trash
who, count, root = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
(root / who).mkdir()
file = root / who / "IMG_0001.JPG"
for i in range(count):
    file.write_text(f"{who}-{i}")
    put_into_trash(file)
"""


@dataclass
class Row:
    """The outcome of one provocation."""

    tries: int = 0
    at_risk: int = 0
    lost: int = 0
    half: int = 0
    """Left half done, once livecam was started again."""


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder, with its own trash."""
    with tempfile.TemporaryDirectory(prefix="livecam-provocations-") as name:
        os.environ["XDG_DATA_HOME"] = str(Path(name) / "data")
        yield Path(name)


def killed(command: list[str], dice: random.Random, longest_s: float, **options: object) -> None:
    """Start a program and kill it at some instant after its first line."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, **options
    ) as program:
        program.stdout.readline()
        with contextlib.suppress(subprocess.TimeoutExpired):
            program.wait(dice.uniform(0, longest_s))
        program.send_signal(signal.SIGKILL)


def content(where: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in where.iterdir() if path.is_file()}


def changes(tries: int, dice: random.Random) -> Row:
    """Files removed, replaced and brought back in place; killed."""
    row = Row()
    for number in range(tries):
        with folder() as root:
            photos = root / "photos"
            files = saved(photos)
            old = content(photos)
            what = ("remove", "replace", "undo remove", "undo replace")[number % 4]
            killed([sys.executable, "-c", CHANGE, what, str(photos)], dice, 0.02)
            problems = finish_abandoned(photos)
            now = content(photos)
            trash = {path.read_bytes() for path in (root / "data").rglob("files/*")}
            row.tries += 1
            row.at_risk += len(old)
            row.lost += sum(one not in trash and one not in now.values() for one in old.values())
            new = {name: one + b"new" for name, one in old.items()} if "replace" in what else {}
            row.half += bool(problems) or now not in (old, new)
            assert files.photo.parent == photos
    return row


def trash(tries: int, _: random.Random) -> Row:
    """Two programs put files of one name into the trash at once."""
    with folder() as root:
        running = [
            subprocess.Popen([sys.executable, "-c", TRASH, who, str(tries), str(root)])
            for who in "ab"
        ]
        assert [one.wait() for one in running] == [0, 0]
        found = {path.read_text() for path in (root / "data/Trash/files").iterdir()}
        wanted = {f"{who}-{i}" for who in "ab" for i in range(tries)}
        return Row(tries, len(wanted), len(wanted - found))


def library(root: Path) -> Path:
    """A folder of pairs."""
    photos = root / "photos"
    files = saved(photos, frames=12)
    for number in range(PAIRS):
        for path in (files.photo, files.movie):
            shutil.copyfile(path, photos / f"IMG_{number}{path.suffix}")
    for path in (files.photo, files.movie):
        path.unlink()
    return photos


def pick(tries: int, dice: random.Random) -> Row:
    """`pick --rekey --out` killed while it writes, then run again."""
    row = Row()
    with folder() as root:
        command = [*LIVECAM, "pick", str(library(root)), "--rekey", "--frames", "3", "--json"]
        subprocess.run([*command, "--out", str(root / "once")], check=True, capture_output=True)
        wanted = sorted(path.name for path in (root / "once").iterdir())
        for number in range(tries):
            out = root / f"out{number}"
            killed([*command, "--out", str(out)], dice, 1.0)
            subprocess.run([*command, "--out", str(out)], check=True, capture_output=True)
            found = sorted(path.name for path in out.iterdir())
            row.tries += 1
            row.at_risk += len(wanted)
            row.lost += len(set(wanted) - set(found))
            row.half += len(set(found) - set(wanted))
            shutil.rmtree(out)
    return row


def report(tries: int, dice: random.Random) -> Row:
    """`pick --out --report` killed, then run again: one line an input, each with its files."""
    row = Row()
    with folder() as root:
        command = [*LIVECAM, "pick", str(library(root)), "--rekey", "--frames", "3", "--json"]
        for number in range(tries):
            out, lines = root / f"out{number}", root / f"{number}.jsonl"
            more = ["--out", str(out), "--report", str(lines)]
            killed([*command, *more], dice, 1.0)
            done = subprocess.run([*command, *more], check=True, capture_output=True, text=True)
            rows = [json.loads(line) for line in lines.read_text().splitlines()]
            row.tries += 1
            row.at_risk += PAIRS
            row.lost += PAIRS - len({tuple(one["files"]) for one in rows if one["outputs"]})
            summary = json.loads(done.stdout.splitlines()[-1])
            row.half += len(rows) != PAIRS or summary["judged"] != PAIRS
            shutil.rmtree(out)
    return row


def faces(tries: int, dice: random.Random) -> Row:
    """The process that finds faces is killed, again and again, while moments are taken."""
    row = Row(tries)
    with folder() as root, subprocess.Popen(
        [*LIVECAM, "--camera", "demo", "--size", "640x360", "--no-audio", "--json",
         "--before", "0.5", "--after", "0.5"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        cwd=root,
    ) as livecam:  # fmt: skip
        told: list[dict[str, object]] = []
        armed = threading.Event()

        def read() -> None:
            for line in livecam.stdout:
                told.append(json.loads(line))
                if told[-1]["event"] == "armed":
                    armed.set()

        reading = threading.Thread(target=read)
        reading.start()
        armed.wait(60)
        for _ in range(tries):
            livecam.stdin.write("\n")
            livecam.stdin.flush()
            time.sleep(dice.uniform(0.2, 1.5))
            children = subprocess.run(
                ["pgrep", "-P", str(livecam.pid)], capture_output=True, text=True, check=False
            )
            for child in children.stdout.split():
                if "spawn_main" in Path(f"/proc/{child}/cmdline").read_text():
                    os.kill(int(child), signal.SIGKILL)
        livecam.send_signal(signal.SIGTERM)
        livecam.wait(120)
        reading.join()
    row.at_risk = sum(event["event"] == "shot" for event in told)
    row.lost = row.at_risk - sum(event["event"] == "saved" for event in told)
    return row


PROVOCATIONS: dict[str, Callable[[int, random.Random], Row]] = {
    "changes": changes, "trash": trash, "pick": pick, "report": report, "faces": faces,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tries", type=int, default=100)
    parser.add_argument("--only", nargs="+", choices=PROVOCATIONS, default=list(PROVOCATIONS))
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    print(f"{'':60} {'tries':>6} {'at risk':>8} {'lost':>5} {'half':>5}")
    for name in args.only:
        row = PROVOCATIONS[name](args.tries, random.Random(args.seed))
        what = PROVOCATIONS[name].__doc__.partition("\n")[0]
        print(f"{what:60} {row.tries:6} {row.at_risk:8} {row.lost:5} {row.half:5}", flush=True)


if __name__ == "__main__":
    main()
