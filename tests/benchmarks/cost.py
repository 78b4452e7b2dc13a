"""What `livecam pick` costs beside two plain loops, over the same movies.

    python -m tests.benchmarks.cost MOVIE [MOVIE ...] [--rounds 3]

In turn, each a program of its own: `livecam pick`; a plain loop over all frames (PyAV, MediaPipe's
FaceLandmarker, one thread); and one over twelve frames of each movie. Prints medians of seconds and
of seconds of processor time.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import time

LOOP = """
import sys, av, numpy as np
import mediapipe as mp
from mediapipe.tasks.python import BaseOptions, vision
from livecam.faces.model import find_model
most = int(sys.argv[1])
options = vision.FaceLandmarkerOptions(
    base_options=BaseOptions(model_asset_path=str(find_model())), num_faces=4,
    output_face_blendshapes=True,
)
with vision.FaceLandmarker.create_from_options(options) as landmarker:
    for name in sys.argv[2:]:
        with av.open(name) as movie:
            movie.streams.video[0].thread_count = 1
            every = max(1, movie.streams.video[0].frames // most)
            for i, frame in enumerate(movie.decode(video=0)):
                if i % every == 0:
                    pixels = np.ascontiguousarray(frame.to_ndarray(format="rgb24"))
                    landmarker.detect(mp.Image(mp.ImageFormat.SRGB, pixels))
"""


def cost(command: list[str]) -> tuple[float, float]:
    """Seconds, and seconds of processor time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - start, used


def main() -> None:
    """Run all ways in turn and print the medians."""
    parser = argparse.ArgumentParser()
    parser.add_argument("movies", nargs="+")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    ways = {
        "livecam pick": [sys.executable, "-m", "livecam", "pick", *args.movies],
        "all frames": [sys.executable, "-c", LOOP, "1000000", *args.movies],
        "twelve frames": [sys.executable, "-c", LOOP, "12", *args.movies],
    }
    got: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(args.rounds):
        for name, command in ways.items():
            got[name].append(cost(command))
    for name, found in got.items():
        seconds, used = (statistics.median(column) for column in zip(*found, strict=True))
        print(f"{name:14} {seconds:6.2f} s {used:6.2f} s of processor time")


if __name__ == "__main__":
    main()
