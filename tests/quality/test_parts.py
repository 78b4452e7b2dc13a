import itertools
from dataclasses import replace

import pytest

from livecam.quality import parts
from livecam.quality.baseline import PRIOR, Baseline, baseline_of
from livecam.quality.parts import PARTS
from livecam.quality.score import product
from tests.support.readings import FACE

STEPS = [i / 50 for i in range(51)]
OWN = Baseline(blink=0.05, aperture=0.32, sharpness=0.12, presence=0.92)


def falls(values: list[float]) -> bool:
    return all(a >= b - 1e-12 for a, b in itertools.pairwise(values)) and values[0] > values[-1]


def values(**changes: float) -> dict[str, float]:
    face = replace(FACE, **changes)
    return parts.parts_of(face, OWN, (face.blink, face.aperture))


def test_eyes_fall_with_the_blink_and_with_the_lids():
    assert falls([parts.eyes(b, 0.32, OWN) for b in STEPS])
    assert falls([parts.eyes(0.05, 0.32 * (1 - s), OWN) for s in STEPS])


def test_eyes_are_relative_to_the_person():
    narrow = replace(OWN, blink=0.25, aperture=0.25)
    assert parts.eyes(0.25, 0.25, narrow) > 0.9, "one person's open eyes"
    assert parts.eyes(0.25, 0.22, OWN) < 0.6, "another person's half-closed ones"


def test_eyes_shut_throughout_do_not_pass_as_usual():
    shut = [replace(FACE, blink=0.6, aperture=0.08)] * 30
    usual = baseline_of(shut)
    assert parts.eyes(0.6, 0.08, usual) < 0.01


def test_a_laughing_old_face_does_not_count_as_asleep():
    # Blink 0.4 at a lid gap of 0.17 is what laughing, narrow eyes read.
    assert parts.eyes(0.42, 0.17, PRIOR) > 0.2
    assert parts.eyes(0.6, 0.08, PRIOR) < 0.01


def test_half_closed_eyes_of_a_stranger_are_below_open_ones():
    openness = [(0.05, 0.35), (0.15, 0.29), (0.25, 0.25), (0.35, 0.2), (0.45, 0.15), (0.6, 0.09)]
    scores = [parts.eyes(blink, aperture, PRIOR) for blink, aperture in openness]
    assert all(a > b for a, b in itertools.pairwise(scores)), "no flat stretch in between"
    assert scores[1] > 0.9


def test_eyes_that_cannot_be_seen_are_neither_open_nor_shut():
    assert 0.3 < parts.eyes(0.05, 0.32, OWN, trusted=0.0) < 0.7
    assert parts.trust(FACE) > 0.95
    assert parts.trust(replace(FACE, sharpness=0.01)) < 0.05
    assert parts.trust(replace(FACE, luma=0.03)) < 0.05


def test_focus_rises_with_sharpness_up_to_the_persons_best():
    assert falls([parts.focus(0.12 * (1 - s), 0.12) for s in STEPS])
    assert parts.focus(0.2, 0.12) == 1
    assert falls([parts.focus(0.12, 0.12, 1 - s) for s in STEPS])
    assert parts.focus(0.12, 0.12, 0.15) < 0.5, "smeared by motion"
    assert parts.focus(0.01, 0.01) == 0, "the best of a blurred moment is still blurred"


@pytest.mark.parametrize("luma", [0.25, 0.4, 0.55, 0.7])
def test_faces_of_every_skin_tone_count_as_well_lit(luma):
    assert parts.light(luma, 0, 0) > 0.7


def test_dark_skin_in_good_light_is_as_good_as_fair_skin():
    dark = parts.light(0.20, 0.05, 0.0, bright=0.45)
    assert dark > 0.97
    assert parts.light(0.20, 0.05, 0.0, bright=0.28) < 0.6, "a fair face in too little light"
    assert falls([parts.light(0.4 * s, 0, 0, bright=0.8 * s) for s in (0.7, 0.5, 0.3, 0.1)])


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


def test_gaze_is_head_and_eyes_together():
    assert falls([parts.gaze(replace(FACE, iris_x=0.3 * s), OWN) for s in STEPS])
    assert falls([parts.gaze(replace(FACE, iris_y=-0.07 + 0.3 * s), OWN) for s in STEPS])
    into_the_camera = replace(FACE, yaw_deg=18, iris_x=-0.12)
    assert parts.gaze(into_the_camera, OWN) > 0.95
    assert parts.gaze(replace(FACE, yaw_deg=18), OWN) < 0.85


def test_lids_tell_of_eyes_that_are_lowered_or_raised():
    # The iris hardly moves in the picture: the lid comes along.
    assert falls([parts.gaze(replace(FACE, look_down=s), OWN) for s in STEPS])
    assert falls([parts.gaze(replace(FACE, look_up=s), OWN) for s in STEPS])
    assert parts.words_of(replace(FACE, look_down=0.9), OWN)["gaze"] == "looking down"
    assert parts.words_of(replace(FACE, look_up=0.9), OWN)["gaze"] == "looking up"
    always = replace(OWN, look_down=0.6)
    assert parts.gaze(replace(FACE, look_down=0.6), always) == parts.gaze(FACE, OWN)


def test_a_smile_beats_a_calm_face_and_a_calm_face_everything_else():
    smile = parts.expression(FACE, OWN)
    calm = parts.expression(replace(FACE, smile=0.0, corner=0.0), OWN)
    assert smile > calm > 0.55
    for odd in (
        {"corner": -0.06}, {"corner": 0.0, "pucker": 1.0}, {"corner": 0.0, "twist": 0.8},
        {"corner": 0.0, "gape": 0.2}, {"corner": 0.0, "brow": 0.9}, {"corner": 0.0, "frown": 0.4},
    ):  # fmt: skip
        assert parts.expression(replace(FACE, smile=0.0, **odd), OWN) < calm - 0.05, odd
    open_mouthed = replace(FACE, smile=0.9, gape=0.2)
    laugh = parts.expression(replace(open_mouthed, aperture=0.18), OWN)
    assert laugh > 0.9, "an open mouth that laughs"
    assert parts.expression(open_mouthed, OWN) < laugh - 0.1, "with wide eyes it is a word"


def test_what_is_usual_for_a_person_is_no_flaw():
    pursed = [replace(FACE, smile=0.0, corner=0.0, pucker=0.95)] * 20
    usual = baseline_of(pursed)
    assert parts.expression(pursed[0], usual) > parts.expression(pursed[0], OWN) + 0.1
    startled = [replace(FACE, aperture=0.45)] * 20
    assert parts.eyes(0.05, 0.33, baseline_of(startled)) > 0.9, "open, if not wide"
    lowered = [replace(FACE, aperture=0.21)] * 24 + [replace(FACE, aperture=0.35)] * 6
    assert parts.eyes(0.05, 0.21, baseline_of(lowered)) < 0.6, "she can open them wider"


def test_flaws_are_named():
    assert parts.words_of(replace(FACE, gape=0.2, smile=0.0), OWN)["expression"] == "mid-word"
    assert parts.words_of(replace(FACE, frown=0.5), OWN)["expression"] == "a sad mouth"
    assert parts.words_of(FACE, OWN) == {}


def test_a_laugh_narrows_the_eyes_of_a_stranger():
    asleep, laughing = parts.eyes(0.42, 0.13, PRIOR), parts.eyes(0.42, 0.13, PRIOR, laughing=1.0)
    assert laughing > 1.3 * asleep
    assert parts.eyes(0.7, 0.05, PRIOR, laughing=1.0) < 0.1, "shut is shut"


def test_a_mouth_pulled_aside_is_no_smile():
    pulled = replace(FACE, twist=0.22)
    assert parts.expression(pulled, OWN) < 0.85 * parts.expression(FACE, OWN)
    assert parts.words_of(pulled, OWN)["expression"] == "a twisted mouth"
    assert parts.expression(replace(FACE, twist=0.08), OWN) == parts.expression(FACE, OWN)
    turned = parts.expression(pulled, PRIOR)
    assert turned > 0.95 * parts.expression(FACE, PRIOR), "which may be how a head is turned"


def test_what_covers_a_face_counts_where_it_can_be_told():
    assert falls([parts.occlusion(replace(FACE, presence=0.92 - 0.8 * s), OWN) for s in STEPS])
    small = replace(FACE, presence=0.75, width_px=35)
    assert parts.occlusion(small, OWN) > 0.9, "small faces read low for no other reason"
    dim = replace(FACE, presence=0.5)
    assert parts.occlusion(dim, PRIOR) > 0.95, "so do strangers in dim light"


def test_a_mouth_behind_a_hand_counts_though_the_detector_is_sure():
    for usual in (OWN, PRIOR):
        hidden = replace(FACE, mouth_line=0.06)
        assert 0.1 < parts.occlusion(hidden, usual) < 0.5
        assert parts.words_of(hidden, usual)["occlusion"] == "a covered mouth"
        assert parts.occlusion(replace(FACE, mouth_line=0.105), usual) == 1, "faint lips"
    far = replace(FACE, mouth_line=0.06, width_px=35)
    assert parts.occlusion(far, OWN) > 0.9, "too small to tell"


def test_a_mouth_is_judged_beside_the_persons_own():
    faint = [replace(FACE, mouth_line=0.09)] * 20
    assert parts.occlusion(faint[0], baseline_of(faint)) > 0.95


def test_who_wears_a_mask_is_judged_by_the_rest_of_the_face():
    masked = [replace(FACE, mouth_line=0.01 * (i % 4)) for i in range(20)]
    usual = baseline_of(masked)
    assert all(parts.occlusion(face, usual) == 1 for face in masked)
    alone = parts.parts_of(masked[0], PRIOR, (0.05, 0.32))
    asleep = parts.parts_of(masked[0], PRIOR, (0.7, 0.06))
    assert product(alone) > 5 * product(asleep), "in single pictures too"
    assert product(alone) > 0.05


def test_the_worst_of_every_part_is_far_below_the_best():
    worst = {
        "eyes": {"blink": 0.9, "aperture": 0.05}, "expression": {"smile": 0, "frown": 0.5},
        "gaze": {"iris_x": 0.35}, "pose": {"yaw_deg": 60}, "focus": {"sharpness": 0.01},
        "grain": {"noise": 30}, "light": {"luma": 0.02}, "evenness": {"cheeks": 0.05},
        "occlusion": {"presence": 0.2}, "size": {"inside": 0.3},
    }  # fmt: skip
    assert tuple(values()) == PARTS
    for name, changes in worst.items():
        assert values()[name] > 0.9, name
        assert values(**changes)[name] < 0.65, name


def test_every_part_stays_between_nothing_and_one():
    for a in STEPS[::3]:
        for b in STEPS[::5]:
            changed = values(
                blink=a, aperture=b, smile=b, corner=a - 0.5, pucker=a, twist=b, gape=a, brow=b,
                frown=a, iris_x=a - 0.5, iris_y=b - 0.5, yaw_deg=360 * a, pitch_deg=360 * b,
                roll_deg=9, sharpness=a, noise=99 * b, luma=a, black=b, white=a, cheeks=b,
                presence=a, width_px=500 * b, inside=a,
            )  # fmt: skip
            assert all(0 <= value <= 1 for value in changed.values())


def test_eyes_behind_sunglasses_are_neither_open_nor_shut():
    behind = values(sockets=0.2)["eyes"]
    assert 0.4 < behind < 0.6
    assert values(sockets=0.4)["eyes"] == values()["eyes"], "in the shade of a cap"
    assert parts.words_of(replace(FACE, sockets=0.2), OWN)["eyes"] == "sunglasses"
    assert "eyes" not in parts.words_of(replace(FACE, sockets=0.4), OWN)


def test_open_eyes_beside_a_blink_are_not_called_closed():
    shut = (0.9, 0.03)
    assert parts.words_of(FACE, OWN, shut)["eyes"] == "about to blink"
    assert parts.words_of(FACE, OWN, (FACE.blink, FACE.aperture)) == {}
    closed = replace(FACE, blink=shut[0], aperture=shut[1])
    assert "eyes" not in parts.words_of(closed, OWN, shut), "these are: the plain word will do"
