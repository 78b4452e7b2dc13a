"""Which frame is chosen, told with readings made by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from livecam.quality.choice import choose, complaints, word_for
from livecam.quality.measures import FaceReading, FrameReading, SceneReading
from livecam.timebase import NS_PER_S

FACE = FaceReading(
    box_xyxy=(100, 100, 200, 220), share=0.05, blink=0.05, smile=0.7, frown=0.0, pucker=0.0,
    twist=0.0, yaw_deg=0, pitch_deg=0, roll_deg=0, sharpness=0.4, luma=0.5, black=0.0, white=0.0,
)  # fmt: skip
SCENE = SceneReading(sharpness=0.3, luma=0.5, black=0.0, white=0.0, change=0.0)


def frame(i: int, *faces: FaceReading, **changes) -> FrameReading:
    base = FrameReading(i, i * NS_PER_S // 30, False, True, True, faces, SCENE)
    return replace(base, **changes)


def moment(changes: dict[int, FaceReading | None], count: int = 30) -> list[FrameReading]:
    """Good frames, but for those named."""
    found = []
    for i in range(count):
        face = changes.get(i, FACE)
        found.append(frame(i, face) if face else frame(i))
    return found


def shutter(i: int) -> int:
    return i * NS_PER_S // 30


def test_of_equal_frames_the_one_at_the_shutter_is_taken():
    score = choose(moment({}), shutter(13))
    assert score.key == 13
    assert "at the shutter is the best of 30" in score.reason


@pytest.mark.parametrize(
    ("name", "bad", "word"),
    [
        ("blink", {"blink": 0.6}, "eyes"),
        ("blur", {"sharpness": 0.1}, "sharper"),
        ("dark", {"luma": 0.1}, "lit"),
        ("turn", {"yaw_deg": 40}, "turned"),
        ("frown", {"smile": 0.0, "frown": 0.8}, "expression"),
    ],
)
def test_what_is_wrong_at_the_shutter_is_left_and_named(name, bad, word):
    wrong = replace(FACE, **bad)
    score = choose(moment(dict.fromkeys(range(10, 20), wrong)), shutter(13))
    assert score.key == 9, "the nearest good one"
    assert word in score.reason


def test_a_frame_without_the_face_scores_nothing():
    score = choose(moment({5: None, 6: None}), shutter(5))
    assert score.frames[5].score == 0
    assert score.key == 4
    assert score.basis == "faces"
    assert "no face at the shutter" in score.reason


def test_one_failed_part_sinks_the_frame():
    shut = choose(moment({3: replace(FACE, blink=0.9)}), shutter(3)).frames[3]
    assert shut.score < 0.01


def test_a_moment_without_any_face_goes_by_the_frame_and_says_so():
    readings = moment(dict.fromkeys(range(30)))
    readings[20] = replace(readings[20], scene=replace(SCENE, sharpness=0.6))
    score = choose(readings, shutter(5))
    assert score.basis == "frame"
    assert score.key == 20
    assert "no face in the moment" in score.reason


def test_the_worst_face_of_a_group_decides():
    left = FACE
    right = replace(FACE, box_xyxy=(400, 100, 500, 220))
    good = [frame(i, left, right) for i in range(20)]
    good[10] = frame(10, left, replace(right, blink=0.9))
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
    assert complaints({"eyes": 0.5, "focus": 0.8, "light": 1.0}) == [
        "eyes closed",
        "not quite sharp",
    ]
