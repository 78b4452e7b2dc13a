"""How a face looks beside what is usual for its person."""

from __future__ import annotations

from dataclasses import replace

import pytest

from livecam.quality.composure import (
    FEATURES,
    SHAPES,
    USUAL,
    WORDS,
    composure,
    features_of,
    shifted,
    usual_of,
    word_of,
)  # fmt: skip
from tests.support.readings import FACE

SHAPED = {
    f"{name}{side}": 0.1 for name in SHAPES for side in ("", "Left", "Right")
    if (name in ("jawOpen", "mouthRollUpper")) == (side == "")
}  # fmt: skip


def face(gape: float = 0.02, jaw: float = 0.05, **more: float):
    shapes = SHAPED | {"jawOpen": jaw} | {n: v for n, v in more.items() if n in SHAPED}
    rest = {name: value for name, value in more.items() if name not in SHAPED}
    return replace(FACE, gape=gape, shapes=shapes, **rest)


CALM = [face() for _ in range(9)]
USUALLY = usual_of(CALM)


def value(one, others=CALM) -> float:
    return composure(features_of(one, usual_of(others)))


def test_a_mouth_that_opens_and_a_head_that_turns_are_worse_than_usual_and_named():
    calm = value(face())
    for other, word in (
        (face(gape=0.15, jaw=0.4), "an open mouth"),
        (face(yaw_deg=25.0), "a turning head"),
        (face(browDownLeft=0.6, browDownRight=0.6), "knitted brows"),
    ):
        assert value(other) < calm - 0.1
        assert word_of(features_of(other, usual_of(CALM))) == word


def test_who_always_talks_is_judged_by_that():
    talking = [face(gape=0.02 * i, jaw=0.1 * i) for i in range(9)]
    assert value(face(gape=0.08, jaw=0.4), talking) > value(face(gape=0.08, jaw=0.4))


def test_a_mirror_changes_nothing():
    aside = face(browDownLeft=0.5, browDownRight=0.2, yaw_deg=12.0, roll_deg=-5.0)
    mirrored = face(browDownLeft=0.2, browDownRight=0.5, yaw_deg=-12.0, roll_deg=5.0)
    assert value(aside) == pytest.approx(value(mirrored))


def test_nothing_is_said_of_a_face_whose_shapes_are_not_known():
    assert features_of(FACE, usual_of(CALM)) == {}
    assert features_of(face(), ()) == {}
    assert composure({}) == USUAL


@pytest.mark.parametrize("score", [0.0, 0.05, 0.5, 0.95, 1.0])
def test_the_usual_leaves_a_score_as_it_is_and_no_other_leaves_its_bounds(score):
    assert shifted(score, USUAL) == pytest.approx(score)
    assert 0 <= shifted(score, 0.1) <= score <= shifted(score, 0.9) <= 1


def test_no_mouth_makes_up_for_shut_eyes():
    features = features_of(
        face(gape=0.0, jaw=0.0, mouthPressLeft=0.9, mouthPressRight=0.9), USUALLY
    )
    assert composure(features) > USUAL + 0.1
    assert composure(features, eyes=0.0) == USUAL
    assert USUAL < composure(features, eyes=0.5) < composure(features)
    gaping = features_of(face(gape=0.2, jaw=0.6), USUALLY)
    assert composure(gaping, eyes=0.0) == composure(gaping) < USUAL


def test_every_feature_has_its_word():
    assert set(WORDS) == set(FEATURES)
