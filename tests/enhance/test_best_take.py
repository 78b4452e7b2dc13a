"""A group photo composed of several frames: everybody at their best, and no trace of it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest

import livecam
from livecam.demo.camera import Studio
from livecam.demo.script import Script
from livecam.enhance.best_take import compose
from livecam.faces.model import mediapipe_is_installed
from livecam.frame import PixelFormat
from livecam.media.save import save_when_scored
from livecam.media.save_options import SaveOptions
from livecam.quality.choice import choose
from livecam.quality.finder import FaceFinder
from livecam.timebase import to_s
from tests.support.frames import moment
from tests.support.program import run

pytestmark = pytest.mark.skipif(
    not mediapipe_is_installed(), reason="no face model is installed here"
)

SEEDS = (0, 1)
SIDE = 360


def group(index: int) -> np.ndarray:
    """Two drawn people side by side, who blink at different times."""
    tiles = []
    for seed in SEEDS:
        image = Studio(Script(seed), (640, SIDE), Fraction(30)).draw(index)
        middle = image.shape[1] // 2
        tiles.append(image[:, middle - SIDE // 2 : middle + SIDE // 2])
    return np.ascontiguousarray(np.hstack(tiles))


def eyes_open(index: int) -> list[float]:
    return [Script(seed).at(index / 30).eyes_open for seed in SEEDS]


@pytest.fixture(scope="module")
def pictures():
    """A second of them, and the position of one in which just one of them has shut eyes."""
    base = next(i for i in range(20, 200) if sorted(eyes_open(i)) == [0.0, 1.0])
    first = base - 15
    return [group(i) for i in range(first, first + 30)], 15


@pytest.fixture(scope="module")
def finder():
    finder = FaceFinder()
    finder.load()
    yield finder
    finder.close()


def taken(images):
    """A moment of these pictures, as a camera's JPEGs."""
    it = moment([i / 30 for i in range(len(images))], PixelFormat.JPEG)
    size_wh = (2 * SIDE, SIDE)
    frames = tuple(
        replace(frame, size_wh=size_wh, data=cv2.imencode(".jpg", image, [1, 95])[1].reshape(-1))
        for frame, image in zip(it.frames, images, strict=True)
    )
    return replace(it, frames=frames, mode=replace(it.mode, size_wh=size_wh))


def judged(pictures, finder):
    it = taken(pictures)
    finder.start()
    return it, choose([finder.read(frame) for frame in it.frames], it.frames[15].t_ns)


def test_shut_eyes_come_from_another_frame_and_all_else_stays(pictures, finder):
    images, base = pictures
    _, score = judged(images, finder)
    took = compose(score.frames, base, images.__getitem__, finder)
    shut = min(score.frames[base].faces, key=lambda face: face.score)
    swap = next(swap for swap in took.swaps if swap.person == shut.person)
    assert shut.score < 0.3 < 0.6 < swap.score
    changed = (took.image_bgr != images[base]).any(axis=2)
    swapped = {swap.person for swap in took.swaps}
    for face in score.frames[base].faces:
        left, top, right, bottom = face.box_xyxy
        x, y = (right - left) // 3, (bottom - top) // 3
        around = np.s_[max(0, top - y) : bottom + y, max(0, left - x) : right + x]
        assert changed[around].any() == (face.person in swapped)
        changed[around] = False
    assert not changed.any(), "nothing else changes"
    finder.start()
    again = choose([finder.read(taken([took.image_bgr]).frames[0])], 0)
    assert min(face.score for face in again.frames[0].faces) > 0.5, "everybody is good in it"


def test_nobody_is_swapped_where_everybody_is_good(pictures, finder):
    images, _ = pictures
    _, score = judged(images, finder)
    took = compose(score.frames, score.key, images.__getitem__, finder)
    assert not took.is_composed
    assert took.image_bgr is None
    assert took.composite(30, float) is None


def test_whoever_does_not_fit_stays_and_the_reason_is_said(pictures, finder):
    images, base = pictures
    _, score = judged(images, finder)
    fitting = {
        swap.person for swap in compose(score.frames, base, images.__getitem__, finder).swaps
    }

    def turned(frame, i):
        faces = tuple(
            replace(face, angles_deg=(20.0, 0.0, 0.0)) if i != base else face
            for face in frame.faces
        )
        return replace(frame, faces=faces)

    frames = [turned(frame, i) for i, frame in enumerate(score.frames)]
    took = compose(frames, base, images.__getitem__, finder)
    assert not took.is_composed
    assert {stay.person for stay in took.stays} == fitting
    assert "the head is turned differently" in took.note(float)


def test_what_moves_behind_a_face_keeps_it_in_the_base(pictures, finder):
    images, base = pictures
    rng = np.random.default_rng(0)

    def busy(image: np.ndarray) -> np.ndarray:
        crowd = cv2.GaussianBlur(rng.integers(0, 255, image.shape, np.uint8), (0, 0), 4)
        crowd = cv2.normalize(crowd, None, 0, 255, cv2.NORM_MINMAX)
        out = crowd.copy()
        _, score = scored
        for face in score.frames[base].faces:
            left, top, right, bottom = face.box_xyxy
            out[top:bottom, left:right] = image[top:bottom, left:right]
        return out

    scored = judged(images, finder)
    moving = [busy(image) for image in images]
    took = compose(scored[1].frames, base, moving.__getitem__, finder)
    assert not took.is_composed
    assert took.stays


def test_a_broken_frame_is_passed_over(pictures, finder):
    images, base = pictures
    _, score = judged(images, finder)

    def picture(i):
        if i != base:
            raise ValueError("broken")
        return images[i]

    took = compose(score.frames, base, picture, finder)
    assert not took.is_composed
    assert "that frame is broken" in took.note(float)


def test_the_record_and_the_photo_say_that_it_is_composed(pictures, finder, tmp_path):
    images, base = pictures
    it, score = judged(images, finder)
    score = replace(score, key=base)
    files = livecam.save(it, score, tmp_path, SaveOptions(best_take=True))
    record = json.loads(files.scores.read_text())
    face = min(record["composed"]["faces"], key=lambda face: face["before"])
    assert record["composed"]["is_composed"]
    assert face["score"] > face["before"] + 0.15
    assert face["time_s"] == pytest.approx(
        to_s(score.frames[face["index"]].t_ns - score.frames[0].t_ns), abs=1e-5
    )
    assert record["alternatives"][-1]["index"] == base
    plain = livecam.save(it, score, tmp_path, SaveOptions())
    assert json.loads(plain.scores.read_text())["composed"] is None
    assert b"composed by livecam" in files.photo.read_bytes()
    assert b"composed by livecam" not in plain.photo.read_bytes()


@pytest.mark.programs
def test_exiftool_knows_a_composite_when_it_sees_one(pictures, tmp_path):
    images, base = pictures
    with av.open(str(tmp_path / "group.mp4"), "w") as out:
        stream = out.add_stream("libx264", rate=30, options={"crf": "10"})
        stream.width, stream.height, stream.pix_fmt = 2 * SIDE, SIDE, "yuv420p"
        for image in images:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        out.mux(stream.encode(None))
    at = f"{base / 30:.3f}"
    done = run(
        "pick", "group.mp4", "--at", at, "--best-take", "--out", "made", "--json", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    event = json.loads(done.stdout.splitlines()[0])
    assert "composed: " in event["note"]
    tags = ("Validate", "CompositeImage", "CompositeImageCount", "ImageDescription")
    asked = ["exiftool", "-json", "-n", *(f"-{tag}" for tag in tags), *event["outputs"]]
    found = json.loads(subprocess.run(asked, capture_output=True, check=True).stdout)[0]
    plain = json.loads(
        run("pick", "group.mp4", "--at", at, "--out", "plain", "--json", cwd=tmp_path).stdout
    )
    (as_taken,) = plain["outputs"]
    asked = ["exiftool", "-json", "-n", "-Validate", as_taken]
    without = json.loads(subprocess.run(asked, capture_output=True, check=True).stdout)[0]
    assert found["Validate"] == without["Validate"], "the tags that say so are as they must be"
    assert found["CompositeImage"] == 3
    assert found["CompositeImageCount"] in ("30 2", "30 3")
    assert "composed by livecam: " in found["ImageDescription"]


class Broken:
    """A finder of faces that breaks down."""

    def start(self):
        raise RuntimeError("out of order")

    def read(self, frame):
        raise RuntimeError("out of order")


def test_a_best_take_that_breaks_down_loses_no_moment(pictures, finder, tmp_path):
    images, base = pictures
    it, score = judged(images, finder)
    files = save_when_scored(
        it, lambda: replace(score, key=base), tmp_path, SaveOptions(best_take=True), finder=Broken()
    )
    record = json.loads(files.scores.read_text())
    assert record["key"]["index"] == base
    assert not record["composed"]["is_composed"]
    assert "out of order" in record["composed"]["note"]
    assert files.photo.is_file()


def test_a_merge_that_breaks_down_loses_no_moment(pictures, finder, tmp_path, monkeypatch):
    images, _ = pictures
    it, score = judged(images, finder)

    def broken(*_):
        raise cv2.error("out of order")

    monkeypatch.setattr("livecam.enhance.merge.merge", broken)
    files = save_when_scored(it, lambda: score, tmp_path, SaveOptions(enhance=True))
    record = json.loads(files.scores.read_text())
    assert not record["enhanced"]["is_enhanced"]
    assert "out of order" in record["enhanced"]["note"]
