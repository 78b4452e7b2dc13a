import itertools

import pytest

from livecam.quality import parts

STEPS = [i / 50 for i in range(51)]


def falls(values: list[float]) -> bool:
    return all(a >= b for a, b in itertools.pairwise(values)) and values[0] > values[-1]


def test_eyes_fall_with_the_blink_and_are_relative_to_the_person():
    assert falls([parts.eyes(b, 0.0) for b in STEPS])
    assert parts.eyes(0.35, 0.35) > 0.9, "one person's open eyes"
    assert parts.eyes(0.35, 0.0) < 0.1, "another person's closed ones"


def test_eyes_shut_throughout_do_not_pass_as_usual():
    assert parts.eyes(0.7, 0.7) == 0


def test_focus_rises_with_sharpness_up_to_the_persons_best():
    assert falls([parts.focus(0.5 * (1 - s), 0.5) for s in STEPS])
    assert parts.focus(0.6, 0.5) == 1
    assert parts.focus(0.01, 0.01) == 0, "the best of a blurred moment is still blurred"


@pytest.mark.parametrize("luma", [0.25, 0.4, 0.55, 0.7])
def test_faces_of_every_skin_tone_count_as_well_lit(luma):
    assert parts.light(luma, 0, 0) > 0.7


def test_light_falls_into_the_dark_and_into_the_glare():
    assert falls([parts.light(0.5 * (1 - s), 0, 0) for s in STEPS])
    assert falls([parts.light(0.55 + 0.45 * s, 0, 0) for s in STEPS])
    assert falls([parts.light(0.5, 0, s) for s in STEPS])


def test_pose_falls_with_every_angle_and_on_both_sides():
    for axis in range(3):
        angles = [[0.0, 0.0, 0.0] for _ in STEPS]
        for row, s in zip(angles, STEPS, strict=True):
            row[axis] = 80 * s
        assert falls([parts.pose(*row) for row in angles])
    assert parts.pose(20, 0, 0) == parts.pose(-20, 0, 0)


def test_a_smile_beats_a_calm_face_and_a_calm_face_a_frown():
    smile = parts.expression(0.8, 0.1, 0.0, 0.0)
    calm = parts.expression(0.0, 0.0, 0.3, 0.0)
    assert smile > calm
    for odd in ((0.0, 0.8, 0.0, 0.0), (0.0, 0.0, 1.0, 0.0), (0.0, 0.0, 0.0, 0.8)):
        assert parts.expression(*odd) < calm - 0.2
    assert parts.expression(0.9, 0.6, 0.0, 0.0) > 0.9, "chins rise with closed smiles"


def test_every_part_stays_between_nothing_and_one():
    for a in STEPS:
        for b in STEPS[::5]:
            values = (
                parts.eyes(a, b), parts.focus(a, b), parts.light(a, b, b),
                parts.pose(360 * a, 360 * b, 9), parts.expression(a, b, a, b),
            )  # fmt: skip
            assert all(0 <= value <= 1 for value in values)
