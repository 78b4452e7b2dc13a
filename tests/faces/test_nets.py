"""What runs the face networks: MediaPipe and OpenCV keep one contract, and agree."""

from __future__ import annotations

from fractions import Fraction

import cv2
import numpy as np
import pytest

from livecam.demo.camera import Studio
from livecam.demo.script import Script
from livecam.errors import ModelError
from livecam.faces import opencv_nets
from livecam.faces.blendshapes import NAMES, POINTS
from livecam.faces.face import Face, overlap
from livecam.faces.model import FaceModel, mediapipe_is_installed
from livecam.faces.nets import open_detector, open_landmarks

RUNTIMES = [
    pytest.param(
        "mediapipe",
        marks=pytest.mark.skipif(
            not mediapipe_is_installed(), reason="MediaPipe has no build for this platform"
        ),
    ),
    "opencv",
]
SIZE_WH = (640, 480)


@pytest.fixture(scope="module", params=RUNTIMES)
def landmarks(request):
    it = open_landmarks(FaceModel(runtime=request.param), 2)
    yield it
    it.close()


@pytest.fixture(scope="module", params=RUNTIMES)
def detector(request):
    it = open_detector(FaceModel(runtime=request.param), 0.1)
    yield it
    it.close()


@pytest.fixture(scope="module")
def studio() -> Studio:
    return Studio(Script(0), SIZE_WH, Fraction(30))


def only(faces: list[Face]) -> Face:
    (face,) = faces
    return face


def test_one_face_is_one_face_in_pixels_of_the_picture(landmarks, studio):
    image = studio.draw(0)
    face = only(landmarks.find(image))
    assert face.landmarks.shape == (478, 3)
    assert face.landmarks.dtype == np.float32
    left, top, right, bottom = face.box
    assert 0 < left < right < SIZE_WH[0]
    assert 0 < top < bottom < SIZE_WH[1]
    assert set(face.blendshapes) >= set(NAMES)
    assert all(0 <= value <= 1 for value in face.blendshapes.values())
    double = only(landmarks.find(cv2.resize(image, None, fx=2, fy=2)))
    assert np.abs(double.landmarks / 2 - face.landmarks)[:, :2].max() < 3


def test_where_nobody_is_nobody_is_found(landmarks, detector):
    noise = np.random.default_rng(0).integers(0, 255, (240, 320, 3)).astype(np.uint8)
    flat = np.full((240, 320, 3), 90, np.uint8)
    for image in (noise, flat, flat[:16, :16], flat[:, :3]):
        assert landmarks.find(np.ascontiguousarray(image)) == []
        assert all(score < 0.5 for score, _ in detector.detect(np.ascontiguousarray(image)))


def test_lids_and_smiles_are_seen(landmarks, studio):
    truths = {i: studio.truth(i) for i in range(600)}
    plain = [i for i, t in truths.items() if t.light > 0.8 and t.speed < 0.1 and abs(t.yaw_deg) < 5]
    shut = min(plain, key=lambda i: truths[i].eyes_open)
    wide = max(plain, key=lambda i: truths[i].eyes_open)
    closed, opened = (only(landmarks.find(studio.draw(i))).blendshapes for i in (shut, wide))
    assert closed["eyeBlinkLeft"] > 0.4 > 0.3 > opened["eyeBlinkLeft"]
    glad = max(plain, key=lambda i: truths[i].smile)
    sober = min(plain, key=lambda i: truths[i].smile)
    happy, calm = (only(landmarks.find(studio.draw(i))).blendshapes for i in (glad, sober))
    assert happy["mouthSmileLeft"] > calm["mouthSmileLeft"] + 0.1


def test_a_head_that_is_laid_over_is_told_by_its_angle(landmarks, studio):
    image = studio.draw(0)
    straight = only(landmarks.find(image)).angles_deg
    turn = cv2.getRotationMatrix2D((320, 240), 20, 1)
    laid = only(landmarks.find(cv2.warpAffine(image, turn, SIZE_WH))).angles_deg
    assert abs(laid[2] - straight[2]) == pytest.approx(20, abs=4)
    assert abs(laid[0] - straight[0]) < 8


def test_the_largest_face_comes_first(landmarks, studio):
    image = studio.draw(0)
    small = cv2.resize(image, (320, 240))
    both = np.full((480, 960, 3), 120, np.uint8)
    both[:240, :320], both[:, 320:] = small, image
    faces = landmarks.find(both)
    assert len(faces) == 2
    assert faces[0].width > 1.5 * faces[1].width
    assert faces[0].box[0] > 320 > faces[1].box[2]


def test_the_detector_is_sure_of_a_face_and_says_where(detector, landmarks, studio):
    image = studio.draw(0)
    score, box = detector.detect(image)[0]
    assert score > 0.6
    assert overlap(box, only(landmarks.find(image)).box) > 0.4


@pytest.mark.skipif(not mediapipe_is_installed(), reason="there is nothing to compare with")
class TestAgreement:
    """Tolerances cover the two ways in which versions of OpenCV warp a picture."""

    @pytest.fixture
    def both(self):
        it = [open_landmarks(FaceModel(runtime=name), 2) for name in ("mediapipe", "opencv")]
        yield it
        for one in it:
            one.close()

    def agree(self, both, image: np.ndarray) -> None:
        theirs, ours = (one.find(image) for one in both)
        assert len(theirs) == len(ours)
        for a, b in zip(theirs, ours, strict=True):
            px = np.sqrt(((a.landmarks - b.landmarks)[:, :2] ** 2).sum(axis=1).mean())
            assert px < 0.6 * max(1.0, a.width / 240)
            assert max(abs(a.blendshapes[n] - b.blendshapes[n]) for n in NAMES) < 0.05
            assert np.abs(np.subtract(a.angles_deg, b.angles_deg)).max() < 0.5
            assert np.abs(a.landmarks - b.landmarks)[:, 2].max() < 0.02 * a.width

    def test_on_the_drawn_person(self, both, studio):
        for index in range(0, 300, 30):
            self.agree(both, studio.draw(index))

    @pytest.mark.samples
    def test_on_real_people(self, both, samples):
        paths = sorted((samples / "faces" / "groups").glob("*.jpg"))
        paths += sorted((samples / "faces2" / "stills").glob("*.png"))[:20]
        for path in paths:
            self.agree(both, cv2.imread(str(path)))

    @pytest.mark.samples
    def test_detections_are_the_same(self, samples):
        theirs, ours = (
            open_detector(FaceModel(runtime=name), 0.1) for name in ("mediapipe", "opencv")
        )
        for path in sorted((samples / "faces" / "groups").glob("*.jpg")):
            image = cv2.imread(str(path))
            found, expected = ours.detect(image), theirs.detect(image)
            assert len(found) == len(expected)
            for score, box in expected:
                near = max(found, key=lambda one: overlap(one[1], box))
                assert overlap(near[1], box) > 0.9
                assert near[0] == pytest.approx(score, abs=0.02)
        theirs.close()
        ours.close()


def test_a_library_that_keeps_only_some_outputs_is_found_out(monkeypatch):
    outputs = {name: (*known, "one more") for name, known in opencv_nets.OUTPUTS.items()}
    monkeypatch.setattr(opencv_nets, "OUTPUTS", outputs)
    with pytest.raises(ModelError, match="only some outputs"):
        open_detector(FaceModel(runtime="opencv"), 0.1)


def test_the_lists_are_as_long_as_the_network_wants():
    assert (len(POINTS), len(set(POINTS)), len(NAMES)) == (146, 146, 52)
