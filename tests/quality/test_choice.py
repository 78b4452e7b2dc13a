"""Which frame is chosen, told with readings made by hand."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from livecam.quality.choice import choose, choose_picture
from livecam.quality.explain import complaints, explain, word_for
from tests.support.readings import FACE, SCENE, frame, moment, shutter


def test_of_equal_frames_the_one_at_the_shutter_is_taken():
    score = choose(moment({}), shutter(13))
    assert score.key == 13
    assert "at the shutter is the best of 30" in score.reason


@pytest.mark.parametrize(
    ("name", "bad", "word"),
    [
        ("blur", {"sharpness": 0.03}, "sharper"),
        ("noise", {"noise": 15}, "noise"),
        ("dark", {"luma": 0.1}, "lit"),
        ("side light", {"cheeks": 0.1, "presence": 0.92}, "evenly lit"),
        ("turn", {"yaw_deg": 35, "iris_x": -0.23}, "turned"),
        ("gaze", {"iris_x": 0.2}, "looking more"),
        ("frown", {"smile": 0.0, "corner": -0.05, "frown": 0.4}, "expression"),
        ("word", {"smile": 0.0, "gape": 0.2}, "expression"),
        ("hand", {"presence": 0.5}, "covered"),
        ("edge", {"inside": 0.6}, "cut off"),
    ],
)
def test_what_is_wrong_at_the_shutter_is_left_and_named(name, bad, word):
    wrong = replace(FACE, **bad)
    score = choose(moment(dict.fromkeys(range(10, 20), wrong)), shutter(13))
    assert score.key == 9, "the nearest good one"
    assert word in score.reason


def test_no_frame_near_a_blink_is_taken():
    shut = replace(FACE, blink=0.6, aperture=0.08)
    score = choose(moment(dict.fromkeys(range(12, 16), shut)), shutter(13))
    assert score.key == 9, "70 ms before the lids close they are on their way"
    assert "eyes wider open" in score.reason
    assert score.frames[10].score < 0.2 < score.frames[9].score


def test_eyes_are_judged_against_the_persons_own():
    narrow = replace(FACE, blink=0.25, aperture=0.25)
    readings = moment({}, 30)
    narrow_moment = [frame(i, replace(narrow, yaw_deg=i % 3)) for i in range(30)]
    assert choose(readings, 0).frames[0].faces[0].parts["eyes"] > 0.9
    assert choose(narrow_moment, 0).frames[0].faces[0].parts["eyes"] > 0.9
    wide = [frame(i, replace(FACE, yaw_deg=i % 3)) for i in range(25)]
    half = [frame(25 + i, replace(narrow, yaw_deg=i % 3)) for i in range(5)]
    assert choose(wide + half, 0).frames[28].faces[0].parts["eyes"] < 0.8


def test_a_frame_without_the_face_scores_nothing():
    score = choose(moment({5: None, 6: None}), shutter(5))
    assert score.frames[5].score == 0
    assert score.key == 4
    assert score.basis == "faces"
    assert "no face at the shutter" in score.reason


def test_one_failed_part_sinks_the_frame():
    shut = choose(moment({3: replace(FACE, blink=0.9, aperture=0.05)}), shutter(3)).frames[3]
    assert shut.score <= 0.1


def test_a_moment_without_any_face_goes_by_the_frame_and_says_so():
    readings = moment(dict.fromkeys(range(30)))
    readings = [replace(r, scene=replace(SCENE, sharpness=0.2)) for r in readings]
    readings[20] = replace(readings[20], scene=SCENE)
    score = choose(readings, shutter(5))
    assert score.basis == "frame"
    assert score.key == 20
    assert "no face in the moment" in score.reason


def test_the_worst_face_of_a_group_decides():
    left = FACE
    right = replace(FACE, box_xyxy=(400, 100, 500, 220))
    good = [frame(i, left, right) for i in range(20)]
    good[10] = frame(10, left, replace(right, blink=0.9, aperture=0.05))
    score = choose(good, shutter(10))
    assert score.key != 10
    assert score.frames[10].score < 0.6


def test_someone_who_is_missing_counts_against_the_frame():
    left, right = FACE, replace(FACE, box_xyxy=(400, 100, 500, 220))
    readings = [frame(i, left, right) for i in range(20)]
    readings[10] = frame(10, left)
    score = choose(readings, shutter(10))
    assert score.key != 10
    assert "missing" in score.reason


def test_people_keep_their_numbers_when_they_change_their_order():
    left, right = FACE, replace(FACE, box_xyxy=(400, 100, 500, 220))
    readings = [frame(i, *((left, right) if i % 2 else (right, left))) for i in range(10)]
    frames = choose(readings, 0).frames
    at_left = {f.person for frame in frames for f in frame.faces if f.box_xyxy[0] == 100}
    assert len(at_left) == 1


def test_frames_of_the_warm_up_and_broken_ones_are_not_offered():
    readings = moment({})
    readings[8] = replace(readings[8], warmup=True)
    readings[9] = replace(readings[9], whole=False)
    score = choose(readings, shutter(8))
    assert score.key == 7


def test_where_there_is_nothing_but_warm_up_that_is_said():
    readings = [replace(r, warmup=True) for r in moment({})]
    assert "warming up" in choose(readings, 0).reason


def test_nothing_at_all_is_an_error():
    with pytest.raises(ValueError, match="no frame"):
        choose([replace(r, decoded=False, whole=False) for r in moment({})], 0)


def test_words_follow_the_score():
    assert [word_for(s) for s in (0.0, 0.29, 0.3, 0.6, 0.85, 1.0)] == [
        "poor", "poor", "fair", "good", "great", "great",
    ]  # fmt: skip


def test_complaints_name_the_worst_first():
    assert complaints({"eyes": 0.5, "focus": 0.8, "light": 1.0, "pose": 0.05}) == [
        "turned away", "eyes half closed", "not quite sharp",
    ]  # fmt: skip


def two(right: object, i: int) -> object:
    """A frame with a good face at the left and another at the right."""
    return frame(i, replace(FACE, yaw_deg=i % 3), right)


RIGHT = replace(FACE, box_xyxy=(700, 100, 860, 280))


def test_who_spoils_a_group_is_named_by_place():
    readings = [two(replace(RIGHT, yaw_deg=i % 3), i) for i in range(20)]
    readings[10] = two(replace(RIGHT, blink=0.28, aperture=0.22), 10)
    score = choose(readings, shutter(10))
    assert "right: eyes half closed" in explain(score.frames[10], score.frames[score.key])
    assert "right: eyes wider open than at the shutter" in score.reason


def test_a_poster_behind_the_person_does_not_decide():
    # A drawing with shut eyes, large, that reads a little better in the worst frames.
    poster = replace(RIGHT, blink=0.7, aperture=0.08, box_xyxy=(700, 100, 900, 320))
    shut = replace(FACE, blink=0.6, aperture=0.08)
    readings = [two(poster, i) for i in range(30)]
    for i in range(10, 20):
        readings[i] = frame(i, shut, replace(poster, blink=0.69))
    score = choose(readings, shutter(15))
    assert score.key in (7, 22)
    assert [face.counts for face in score.frames[0].faces] == [True, False]
    assert score.frames[0].score > 0.8


def test_a_poster_alone_counts_after_all():
    score = choose([frame(i, FACE) for i in range(30)], shutter(5))
    assert score.frames[5].faces[0].counts
    assert score.key == 5


def test_somebody_far_behind_who_walks_by_does_not_count():
    far = replace(FACE, box_xyxy=(900, 80, 940, 120), width_px=40, share=0.001, blink=0.7)
    readings = [two(replace(far, yaw_deg=5.0 * (i % 4)), i) for i in range(20)]
    assert choose(readings, 0).frames[0].score > 0.8


def test_alternatives_hold_the_frame_at_the_shutter_and_two_that_look_different():
    readings = []
    for i in range(60):
        turn = i // 20  # three poses
        overview = np.full((90, 160), 100 + 20 * turn, np.uint8)
        face = replace(FACE, yaw_deg=i % 3, smile=0.7 - 0.1 * turn)
        readings.append(frame(i, face, scene=replace(SCENE, overview=overview)))
    for i in range(28, 33):
        shut = replace(FACE, blink=0.6, aperture=0.08)
        readings[i] = replace(readings[i], faces=(shut,))
    score = choose(readings, shutter(30))
    at_press, *others = score.alternatives
    assert at_press == 30
    assert len({i // 20 for i in (score.key, *others)}) == 3
    assert all(score.frames[i].score > 0.5 for i in others)


def test_where_all_frames_look_alike_there_is_no_alternative():
    score = choose(moment({}), shutter(13))
    assert score.alternatives == ()


def test_every_frame_can_be_explained_in_a_sentence():
    odd = {
        3: replace(FACE, blink=0.6, aperture=0.08), 9: replace(FACE, sharpness=0.02),
        14: None, 20: replace(FACE, luma=0.08), 25: replace(FACE, presence=0.4),
    }  # fmt: skip
    score = choose(moment(odd), shutter(17))
    key = score.frames[score.key]
    said = {i: explain(score.frames[i], key) for i in odd}
    assert "eyes closed" in said[3]
    assert "blurred" in said[9]
    assert "not in the picture" in said[14]
    assert "lit" in said[20] or "dark" in said[20]
    assert "covered" in said[25]
    assert explain(key, key).startswith("Chosen")
    assert all(text.endswith(".") for text in said.values())


def test_pictures_on_their_own_are_compared_by_absolute_terms():
    good, half = frame(0, FACE), frame(1, replace(FACE, blink=0.42, aperture=0.18))
    away, sad = frame(2, replace(FACE, iris_x=0.2)), frame(3, replace(FACE, smile=0, corner=-0.05))
    covered, blurred = (
        frame(4, replace(FACE, presence=0.03)),
        frame(5, replace(FACE, sharpness=0.03)),
    )
    score = choose_picture([half, away, sad, covered, blurred, good])
    assert score.key == 5
    assert score.alternatives == ()
    alone = choose_picture([good]).frames[0].score
    assert score.frames[5].score == alone, "whatever else is in the set"


def action(i: int, at: int | None, blur: bool = False) -> object:
    """A scene with something bright at `at`, or nothing."""
    overview = np.random.default_rng(0).integers(100, 130, (90, 160)).astype(np.uint8)
    if at is not None:
        overview[30:60, at : at + 30] = 220
    return frame(i, scene=replace(SCENE, overview=overview, sharpness=0.15 if blur else 0.3))


def test_without_a_face_sharp_action_beats_an_empty_frame():
    readings = [action(i, None) for i in range(30)]
    for i in range(12, 17):
        readings[i] = action(i, 10 * (i - 10), blur=i != 14)
    score = choose(readings, shutter(2))
    assert (score.basis, score.key) == ("frame", 14)


def test_without_a_face_a_shaken_frame_is_left():
    base = np.random.default_rng(0).integers(0, 255, (9, 16)).astype(np.uint8)
    scene = np.kron(base, np.ones((10, 10), np.uint8))
    readings = []
    for i in range(20):
        moved = np.roll(scene, 12 * max(0, i - 9), axis=1)  # the camera swings away
        readings.append(frame(i, scene=replace(SCENE, overview=moved)))
    score = choose(readings, shutter(15))
    assert score.key <= 10
    assert score.frames[15].parts["steadiness"] < 0.5


@pytest.mark.parametrize("dark", [0.2, 0.5])
def test_a_camera_that_opens_its_exposure_is_no_action(dark):
    """Bright parts of the picture rise by more than dark ones: it is not everywhere the same."""
    rows = np.linspace(20, 220, 90)[:, None] * np.ones((1, 160))
    readings = []
    for i in range(30):
        share = min(1.0, dark + (1 - dark) * i / 10)
        overview = (rows * share).astype(np.uint8)
        readings.append(frame(i, scene=replace(SCENE, overview=overview)))
    score = choose(readings, shutter(20))
    actions = [one.parts["action"] for one in score.frames]
    assert min(actions) > 0.95 or actions[0] <= min(actions[10:])
    assert score.key >= 10


def test_the_ends_of_a_slow_approach_are_no_action():
    """Everything grows a little from frame to frame; the middle is the sharpest."""
    pattern = np.random.default_rng(1).integers(60, 200, (18, 32)).astype(np.uint8)
    scene = cv2.resize(pattern, (640, 360), interpolation=cv2.INTER_CUBIC)
    readings = []
    for i in range(60):
        width = round(640 / (1 + 0.002 * i))
        height = round(width * 9 / 16)
        view = scene[(360 - height) // 2 :, (640 - width) // 2 :][:height, :width]
        small = cv2.resize(view, (160, 90), interpolation=cv2.INTER_AREA)
        sharpness = 0.25 - 0.001 * abs(i - 30)
        readings.append(frame(i, scene=replace(SCENE, overview=small, sharpness=sharpness)))
    assert abs(choose(readings, shutter(1.5)).key - 30) <= 8
