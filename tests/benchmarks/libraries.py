"""A library of many small Live Photos: inputs a second, memory, and how soon a run goes on.

    python -m tests.benchmarks.libraries [--counts 1000 10000] [--jobs 1 2] [--cluster]
        [--resumed 100000] [--folder DIR]

The pairs are copies of one drawn moment of six frames, each with its own identifier. Each run is
`livecam pick --report`; the second finds all of it done. For comparison, a plain loop over
MediaPipe's FaceLandmarker only reads the same frames. `--cluster` does the same with `--dask` and
two worker processes of one thread each. `--resumed` is a run that finds everything done already;
this script writes the results of the earlier run, since scoring that many pairs takes hours.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import livecam
from livecam.faces.landmarker import FaceLandmarker
from livecam.library.picking import PickOptions, identifier_of
from livecam.photos.frames import MovieReader
from livecam.photos.inputs import Input, discover
from livecam.photos.pick import Wanted
from tests.support.cluster import cluster
from tests.support.frames import moment

FRAMES = 6
A_FOLDER = 1000


def make(folder: Path, count: int) -> None:
    """Write `count` pairs, a thousand to a folder."""
    with tempfile.TemporaryDirectory() as name:
        it = moment([i / 30 for i in range(FRAMES)], size_wh=(160, 120), first=30)
        files = livecam.save(it, livecam.score(it), Path(name))
        movie, photo = files.movie.read_bytes(), files.photo.read_bytes()
        old = next(
            line.split('"')[3]
            for line in files.scores.read_text().splitlines()
            if "content_identifier" in line
        ).encode()
    for i in range(count):
        inside = folder / f"{i // A_FOLDER:03}"
        inside.mkdir(parents=True, exist_ok=True)
        new = str(uuid.uuid5(uuid.NAMESPACE_OID, str(i))).upper().encode()
        (inside / f"IMG_{i:06}.MOV").write_bytes(movie.replace(old, new))
        (inside / f"IMG_{i:06}.JPG").write_bytes(photo.replace(old, new))


def run(folder: Path, report: Path, *options: str) -> tuple[float, float]:
    """Seconds and megabytes of one run."""
    command = [sys.executable, "-m", "livecam", "pick", str(folder), "--report", str(report),
               *options]  # fmt: skip
    begun_s = time.monotonic()
    program = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = _wait(program.pid)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {status}")
    return time.monotonic() - begun_s, usage.ru_maxrss / 1000


def done_before(folder: Path, report: Path) -> int:
    """Write the report of a run that has done everything; returns the number of inputs."""
    ask, count = PickOptions(Wanted()), 0
    with report.open("w") as file:
        for one in discover([folder]):
            if isinstance(one, Input):
                count += 1
                # The fields that the next run reads; a real line has twice as many.
                line = {
                    "id": identifier_of(one, ask), "files": [str(path) for path in one.files],
                    "kind": one.kind, "gain": count % 100 / 100,
                    "present_key": {"time_s": 0.1}, "key": {"time_s": 0.2},
                }  # fmt: skip
                file.write(json.dumps(line) + "\n")
    return count


def _wait(pid: int) -> tuple[int, int, resource.struct_rusage]:
    import os

    return os.wait4(pid, 0)


def plain_loop(folder: Path, count: int) -> float:
    """Seconds that FaceLandmarker alone takes for the frames of `count` pairs."""
    movies = sorted(folder.rglob("*.MOV"))[:count]
    landmarker = FaceLandmarker()
    begun_s = time.monotonic()
    for path in movies:
        with MovieReader(path) as reader:
            for frame in reader.frames(range(len(reader.times))):
                landmarker.find(frame.bgr())
    spent_s = time.monotonic() - begun_s
    landmarker.close()
    return spent_s


def row(folder: Path, count: int, what: str, *options: str) -> None:
    """Run twice, and print the figures."""
    report = folder.with_name(f"{count}-{what}.jsonl")
    first_s, first_mb = run(folder, report, *options)
    again_s, again_mb = run(folder, report, *options)
    print(
        f"{count:7} {what:>4} {count / first_s:8.1f} {first_mb:5.0f}"
        f" {again_s:8.1f} {again_mb:5.0f}",
        flush=True,
    )


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", type=int, nargs="+", default=[1000, 10000])
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--cluster", action="store_true")
    parser.add_argument("--resumed", type=int, default=0, metavar="PAIRS")
    parser.add_argument("--folder", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        print(f"{'pairs':>7} {'jobs':>4} {'pairs/s':>8} {'MB':>5} {'again s':>8} {'MB':>5}")
        for count in args.counts:
            folder = Path(name) / str(count)
            make(folder, count)
            for jobs in args.jobs:
                row(folder, count, str(jobs), "--jobs", str(jobs))
            if args.cluster:
                with cluster() as (address, _):
                    row(folder, count, "dask", "--dask", address)
        if args.resumed:
            folder, report = Path(name) / "resumed", Path(name) / "resumed.jsonl"
            make(folder, args.resumed)
            count = done_before(folder, report)
            again_s, again_mb = run(folder, report)
            print(f"{count:7} {'':4} {'':8} {'':5} {again_s:8.1f} {again_mb:5.0f}", flush=True)
        some = min(200, args.counts[0])
        spent_s = plain_loop(Path(name) / str(args.counts[0]), some)
        print(f"a plain loop over FaceLandmarker: {some / spent_s:.1f} pairs/s")


if __name__ == "__main__":
    main()
