"""How each part of the score answers to damage of a known size, and to the demo camera's truth.

    python -m tests.benchmarks.damage [--out damage.md] [--plot damage.png]

Good frames of the labelled clips are blurred, darkened, overexposed, made noisy, turned and covered
by degrees; the table says what becomes of the score and of the part that should see it, and how far
the score moves under a shift by one pixel and under JPEG of quality 95. The plots hold the demo
camera's truth (lids, smile, turn, blur, light) against the parts. Three minutes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from livecam.demo.camera import Studio
from livecam.demo.script import Script
from livecam.frame import Frame, PixelFormat
from livecam.quality.finder import FaceFinder
from livecam.quality.score import FrameScore, score_frames, score_pictures
from tests.conftest import SAMPLES

PER_CLIP = 3
Picture = np.ndarray
Box = tuple[int, int, int, int]


def blurred(image: Picture, box: Box, share: float) -> Picture:
    return cv2.GaussianBlur(image, (0, 0), max(0.3, share * (box[2] - box[0])))


def moved(image: Picture, box: Box, share: float) -> Picture:
    length = max(3, int(share * (box[2] - box[0])) | 1)
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1 / length
    return cv2.filter2D(image, -1, kernel)


def lit(image: Picture, _: Box, gain: float) -> Picture:
    return np.clip(image.astype(np.float32) * gain, 0, 255).astype(np.uint8)


def noisy(image: Picture, _: Box, sd: float) -> Picture:
    noise = np.random.default_rng(1).normal(0, sd, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def turned(image: Picture, box: Box, angle: float) -> Picture:
    middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    matrix = cv2.getRotationMatrix2D(middle, angle, 1)
    size = (image.shape[1], image.shape[0])
    return cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REPLICATE)


def covered(image: Picture, box: Box, share: float) -> Picture:
    image = image.copy()
    image[int(box[3] - share * (box[3] - box[1])) : box[3] + 9, box[0] : box[2]] = (110, 120, 140)
    return image


DAMAGE: dict[str, tuple[Callable[[Picture, Box, float], Picture], tuple[float, ...], str]] = {
    "blur (share of face)": (blurred, (0.008, 0.015, 0.03, 0.06), "focus"),
    "motion blur": (moved, (0.04, 0.07, 0.1, 0.15), "focus"),
    "darkness": (lit, (0.7, 0.5, 0.35, 0.2, 0.1), "light"),
    "overexposure": (lit, (1.3, 1.6, 2.0, 2.6, 3.5), "light"),
    "noise sd": (noisy, (4, 8, 15, 25), "grain"),
    "rotation, degrees": (turned, (10, 20, 30, 45), "pose"),
    "covered from below": (covered, (0.2, 0.3, 0.4, 0.5), "occlusion"),
}


def read(finder: FaceFinder, image: Picture) -> FrameScore:
    """One picture scored alone."""
    finder.start(alone=True)
    frame = Frame(0, 0, 0, PixelFormat.BGR, (image.shape[1], image.shape[0]), image.reshape(-1))
    return score_pictures([finder.read(frame)])[1][0]


def good_frames() -> list[Picture]:
    labels = json.loads((SAMPLES / "faces" / "labels.json").read_text())
    found = []
    for name, told in labels.items():
        good = told["good_frames"]
        wanted = (
            {good[i] for i in np.linspace(0, len(good) - 1, PER_CLIP).astype(int)}
            if good
            else set()
        )
        with av.open(str(SAMPLES / "faces" / name)) as container:
            for i, picture in enumerate(container.decode(video=0)):
                if i > max(wanted, default=-1):
                    break
                if i in wanted:
                    image = picture.to_ndarray(format="bgr24")
                    scale = min(1.0, 720 / max(image.shape[:2]))
                    found.append(
                        cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
                    )
    return found


def table(finder: FaceFinder, images: list[Picture]) -> str:
    before = [read(finder, image) for image in images]
    boxes = [score.faces[0].box_xyxy for score in before]
    lines = ["| damage | " + " | ".join(["none", *(f"step {i}" for i in range(1, 6))]) + " |"]
    lines.append("|---" * 7 + "|")
    base = float(np.median([score.score for score in before]))
    for name, (damage, levels, part) in DAMAGE.items():
        cells = [f"{base:.2f}"]
        for level in levels:
            after = [
                read(finder, damage(im, box, level)) for im, box in zip(images, boxes, strict=True)
            ]
            score = float(np.median([one.score for one in after]))
            seen = [one.faces[0].parts[part] for one in after if one.faces]
            cells.append(f"{level:g}: {score:.2f} ({part} {np.median(seen) if seen else 0:.2f})")
        lines.append(f"| {name} | " + " | ".join(cells + [""] * (6 - len(cells))) + " |")
    shifts, jpegs = [], []
    for image, score in zip(images, before, strict=True):
        size = (image.shape[1], image.shape[0])
        moves = [np.float32([[1, 0, x], [0, 1, y]]) for x, y in ((1, 0), (0, 1), (1, 1), (-1, 0))]
        pictures = [cv2.warpAffine(image, m, size, borderMode=cv2.BORDER_REPLICATE) for m in moves]
        shifts.append(np.std([score.score, *(read(finder, p).score for p in pictures)]))
        packed = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1]
        jpegs.append(np.std([score.score, read(finder, cv2.imdecode(packed, 1)).score]))
    for name, values in (("a shift by one pixel", shifts), ("JPEG of quality 95", jpegs)):
        lines.append(
            f"\nStandard deviation under {name}: median {np.median(values):.4f}, "
            f"90th percentile {np.percentile(values, 90):.4f}, largest {np.max(values):.4f}."
        )
    return "\n".join(lines)


def moments(finder: FaceFinder) -> str:
    """How far the score of a frame of a moment moves when all of it is shifted by one pixel.

    Three seconds from the first good frame of each clip, each frame looked at once.
    """
    labels = json.loads((SAMPLES / "faces" / "labels.json").read_text())
    moved = []
    for name, told in labels.items():
        if not told["good_frames"]:
            continue
        scores = []
        for shift in (0, 1):
            matrix = np.float32([[1, 0, shift], [0, 1, shift]])
            readings = []
            finder.start()
            with av.open(str(SAMPLES / "faces" / name)) as container:
                for i, picture in enumerate(container.decode(video=0)):
                    n = i - told["good_frames"][0]
                    if n >= 90:
                        break
                    if n < 0:
                        continue
                    image = picture.to_ndarray(format="bgr24")
                    size = (picture.width, picture.height)
                    image = cv2.warpAffine(image, matrix, size, borderMode=cv2.BORDER_REPLICATE)
                    t_ns = n * 33_333_333
                    frame = Frame(n, t_ns, t_ns, PixelFormat.BGR, size, image.reshape(-1))
                    readings.append(finder.read(frame))
            scores.append(np.array([frame.score for frame in score_frames(readings)[1]]))
        moved.append(np.abs(scores[0] - scores[1]) / 2)  # the standard deviation of two
    values = np.concatenate(moved)
    return (
        f"\nOf {values.size} frames of moments {np.mean(values <= 0.02):.1%} stay within a "
        "standard deviation of 0.02 under a shift by one pixel; 99th percentile "
        f"{np.percentile(values, 99):.3f}."
    )


TRUTHS: dict[str, tuple[str, Callable]] = {
    "lids open": ("eyes", lambda t: t.eyes_open),
    "smile": ("expression", lambda t: t.smile),
    "yaw, degrees": ("pose", lambda t: t.yaw_deg),
    "defocus": ("focus", lambda t: t.defocus),
    "light": ("light", lambda t: t.light),
    "gaze sideways": ("gaze", lambda t: t.gaze_xy[0]),
}


def plot(finder: FaceFinder, path: Path) -> None:
    """One page: the demo's truth against each part, frame by frame over a minute and a half."""
    studio, script, finder_frames = Studio(Script(0), (640, 360), 30), Script(0), []
    truths = []
    finder.start()
    for i in range(0, 2700, 3):
        image = studio.draw(i)
        finder_frames.append(
            finder.read(Frame(i, i * 33_333_333, 0, PixelFormat.BGR, (640, 360), image.reshape(-1)))
        )
        truths.append(script.at(i / 30))
    scores = score_frames(finder_frames)[1]
    width, height, gap = 420, 300, 60
    page = Image.new("RGB", (3 * (width + gap) + gap, 2 * (height + 2 * gap)), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(size=16)
    for n, (name, (part, value)) in enumerate(TRUTHS.items()):
        left, top = gap + n % 3 * (width + gap), gap + n // 3 * (height + 2 * gap)
        pairs = [
            (value(t), s.faces[0].parts[part])
            for t, s in zip(truths, scores, strict=True)
            if s.faces
        ]
        low, high = min(x for x, _ in pairs), max(x for x, _ in pairs)
        pen.rectangle((left, top, left + width, top + height), outline="gray")
        for x, y in pairs:
            px = left + (x - low) / max(high - low, 1e-6) * width
            py = top + (1 - y) * height
            pen.ellipse((px - 2, py - 2, px + 2, py + 2), fill="#1f6fb4")
        pen.text((left, top - 24), f"{part} against the drawn {name}", fill="black", font=font)
        pen.text((left, top + height + 6), f"{low:.2g}", fill="black", font=font)
        pen.text((left + width - 40, top + height + 6), f"{high:.2g}", fill="black", font=font)
    page.save(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--plot", type=Path)
    args = parser.parse_args()
    finder = FaceFinder()
    text = table(finder, good_frames()) + "\n" + moments(finder)
    print(text)
    if args.plot is not None:
        plot(finder, args.plot)
    finder.close()
    if args.out is not None:
        args.out.write_text(text + "\n")


if __name__ == "__main__":
    main()
