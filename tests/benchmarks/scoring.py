"""How long scoring a moment takes when nothing was scored beforehand, beside the plain way.

    python -m tests.benchmarks.scoring [--runs 5]

The moment is three seconds of 1080p MJPEG, made of a labelled clip. The plain way decodes whole
frames and runs one landmarker over them in one thread; it only finds the face and measures nothing.
The two take turns; models are loaded beforehand in both. Half a minute a clip.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import av
import cv2

from livecam.faces.landmarker import FaceLandmarker
from livecam.frame import Frame, PixelFormat
from livecam.quality.finder import FaceFinder
from livecam.quality.scoring import THREADS, score_with
from livecam.timebase import NS_PER_S
from tests.conftest import SAMPLES

CLIPS = ("d9.mp4", "d13.mp4", "WolfgangLanger_Pexels.mp4")
SIZE_WH = (1920, 1080)
FRAMES = 90


def moment_of(name: str) -> tuple[Frame, ...]:
    """The first three seconds of a clip, filled up to 1080p, as a camera would give them."""
    frames = []
    with av.open(str(SAMPLES / "faces" / name)) as container:
        for i, picture in enumerate(container.decode(video=0)):
            if i == FRAMES:
                break
            image = picture.to_ndarray(format="bgr24")
            scale = min(SIZE_WH[0] / picture.width, SIZE_WH[1] / picture.height)
            image = cv2.resize(image, None, fx=scale, fy=scale)
            side, below = SIZE_WH[0] - image.shape[1], SIZE_WH[1] - image.shape[0]
            image = cv2.copyMakeBorder(image, 0, below, 0, side, cv2.BORDER_REPLICATE)
            data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].reshape(-1)
            t_ns = i * NS_PER_S // 30
            frames.append(Frame(i, t_ns, t_ns, PixelFormat.JPEG, SIZE_WH, data))
    return tuple(frames)


def plain(frames: tuple[Frame, ...], landmarker: FaceLandmarker) -> None:
    for frame in frames:
        landmarker.find(cv2.imdecode(frame.data, cv2.IMREAD_COLOR))


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    cv2.setNumThreads(1)  # as the program does
    finders, landmarker = [FaceFinder() for _ in range(THREADS)], FaceLandmarker()
    for finder in finders:
        finder.load()
    print("| three seconds of 1080p of | livecam, s | plain, s | ratio |\n|---|---|---|---|")
    for name in CLIPS:
        frames = moment_of(name)
        pairs = [
            (
                seconds(lambda f=frames: score_with(finders, f, f[45].t_ns)),
                seconds(lambda f=frames: plain(f, landmarker)),
            )
            for _ in range(args.runs)
        ]
        ours, theirs = (statistics.median(times) for times in zip(*pairs, strict=True))
        ratio = statistics.median(a / b for a, b in pairs)
        print(f"| {name} | {ours:.2f} | {theirs:.2f} | {ratio:.2f} |")
    for finder in finders:
        finder.close()
    landmarker.close()


if __name__ == "__main__":
    main()
