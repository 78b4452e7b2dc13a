"""How much better the merged key photo is: PSNR and SSIM against the truth, beside simpler ways.

    python -m tests.benchmarks.enhance [--out table.md]

Truth is the demo camera's own picture, still and moving, and labelled clips without noise (halved
where large). Webcam noise of several strengths is added, then JPEG. "Face" is inside its box.
About three minutes, nearly all of them spent by fastNlMeansDenoisingMulti.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import av
import cv2
import numpy as np

from livecam.demo.camera import Studio
from livecam.demo.script import Script
from livecam.enhance.merge import merge
from livecam.enhance.retouch import REACH
from livecam.faces.detector import BlazeFace
from tests.conftest import SAMPLES

COUNT = 2 * REACH + 1
SD = (5, 10, 20)
CLIPS = {"d9.mp4": 100, "d12.mp4": 60, "d13.mp4": 150, "s18.mp4": 30, "franck.mp4": 900}
Image = np.ndarray


def single(frames: Sequence[Image], _: int) -> Image:
    return frames[REACH]


def ours(frames: Sequence[Image], _: int) -> Image:
    return merge(frames, REACH).image_bgr


def average(frames: Sequence[Image], _: int) -> Image:
    return np.mean(frames, axis=0).round().astype(np.uint8)


def non_local_means(frames: Sequence[Image], sd: int) -> Image:
    # Five frames: with more its cost grows, and on a moving face its result does not get better.
    return cv2.fastNlMeansDenoisingColoredMulti(list(frames), REACH, 5, None, sd, sd, 7, 15)


WAYS: dict[str, Callable[[Sequence[Image], int], Image]] = {
    "the single frame": single,
    "plain average": average,
    "fastNlMeansDenoisingColoredMulti": non_local_means,
    "livecam --enhance": ours,
}


def psnr(image: Image, truth: Image) -> float:
    return float(10 * np.log10(255**2 / max(np.mean((image.astype(float) - truth) ** 2), 1e-9)))


def ssim(image: Image, truth: Image) -> float:
    """Wang et al. 2004, on luma, Gaussian windows of sd 1.5."""
    a, b = (cv2.cvtColor(x, cv2.COLOR_BGR2GRAY).astype(np.float64) for x in (image, truth))

    def mean(x: Image) -> Image:
        return cv2.GaussianBlur(x, (11, 11), 1.5)

    ma, mb = mean(a), mean(b)
    va, vb, vab = mean(a * a) - ma * ma, mean(b * b) - mb * mb, mean(a * b) - ma * mb
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    top = (2 * ma * mb + c1) * (2 * vab + c2)
    return float((top / ((ma * ma + mb * mb + c1) * (va + vb + c2))).mean())


def webcam(image: Image, sd: float, rng: np.random.Generator) -> Image:
    noisy = np.clip(image + rng.normal(0, sd, image.shape), 0, 255).astype(np.uint8)
    return cv2.imdecode(cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 90])[1], 1)


def scenes() -> dict[str, list[Image]]:
    script = Script(0)
    studio = Studio(script, (640, 360), 30)
    # Where the drawn person moves fastest.
    moving = max(range(REACH, 1800), key=lambda i: script.at(i / 30).speed)
    found = {
        "demo, still": [studio.draw(100).copy()] * COUNT,
        "demo, moving": [studio.draw(i).copy() for i in range(moving - REACH, moving + REACH + 1)],
    }
    for name, start in CLIPS.items():
        if not (SAMPLES / "faces" / name).exists():
            continue
        with av.open(str(SAMPLES / "faces" / name)) as container:
            frames = []
            for i, picture in enumerate(container.decode(video=0)):
                if i >= start + COUNT:
                    break
                if i >= start:
                    image = picture.to_ndarray(format="bgr24")
                    scale = min(1.0, 640 / max(image.shape[:2]))
                    frames.append(cv2.resize(image, None, fx=scale, fy=scale,
                                             interpolation=cv2.INTER_AREA))  # fmt: skip
        found[name] = frames
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    blaze = BlazeFace()
    lines = ["| scene | noise sd | way | PSNR dB | gain | face PSNR dB | face gain | SSIM |"]
    lines.append("|---|---|---|---|---|---|---|---|")
    worst = {"whole": np.inf, "face": np.inf}
    for name, truths in scenes().items():
        truth = truths[REACH]
        left, top, right, bottom = (max(0, int(v)) for v in blaze.near_boxes(truth)[0])
        face = np.s_[top:bottom, left:right]
        for sd in SD:
            rng = np.random.default_rng(1)
            frames = [webcam(image, sd, rng) for image in truths]
            plain = psnr(frames[REACH], truth), psnr(frames[REACH][face], truth[face])
            for way, make in WAYS.items():
                image = make(frames, sd)
                whole, inside = psnr(image, truth), psnr(image[face], truth[face])
                if way.startswith("livecam"):
                    worst["whole"] = min(worst["whole"], whole - plain[0])
                    worst["face"] = min(worst["face"], inside - plain[1])
                lines.append(
                    f"| {name} | {sd} | {way} | {whole:.2f} | {whole - plain[0]:+.2f} "
                    f"| {inside:.2f} | {inside - plain[1]:+.2f} | {ssim(image, truth):.3f} |"
                )
    blaze.close()
    lines.append(f"\nlivecam's smallest gain: {worst['whole']:+.2f} dB whole, "
                 f"{worst['face']:+.2f} dB inside the face's box.")  # fmt: skip
    text = "\n".join(lines)
    print(text)
    if args.out is not None:
        args.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
