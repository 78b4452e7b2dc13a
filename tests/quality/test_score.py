"""Moments and pictures judged: whose faces decide, and when."""

from __future__ import annotations

from dataclasses import replace

import pytest

from livecam.quality.score import score_frames, score_pictures
from livecam.timebase import NS_PER_S
from tests.support.readings import FACE, frame, moment


def test_a_false_face_sinks_no_set_of_pictures():
    pictures = [frame(i) for i in range(15)] + [frame(15, FACE)]
    basis, scores = score_pictures(pictures)
    assert basis == "frame"
    assert all(score.score > 0.5 for score in scores)


def test_a_tiny_face_makes_no_portrait():
    tiny = replace(FACE, share=0.0002, width_px=20, blink=0.8, aperture=0.05)
    basis, scores = score_frames([frame(i, tiny) for i in range(30)])
    assert basis == "frame"
    assert max(score.score for score in scores) > 0.5
    large = replace(FACE, blink=0.8, aperture=0.05)
    assert score_frames([frame(i, large) for i in range(30)])[0] == "faces", "shut throughout"


def test_a_burst_among_loose_pictures_is_one_moment():
    """Who is not in the next picture of a burst is missing; in another picture nobody is."""
    two = [FACE, replace(FACE, box_xyxy=(900, 200, 1100, 400))]
    burst = [replace(frame(i, *two), t_ns=i * NS_PER_S) for i in range(3)]
    burst.append(replace(frame(3, FACE), t_ns=3 * NS_PER_S))
    loose = frame(4, FACE)
    basis, scores = score_pictures([*burst, loose], [0, 0, 0, 0, 4])
    assert basis == "faces"
    assert scores[3].missing, "somebody left the burst"
    assert scores[3].score < 0.6 * scores[0].score
    assert not scores[4].missing
    assert scores[4].score > 0.9 * scores[0].score


LAUGHING = replace(FACE, smile=0.85, blink=0.4, aperture=0.12)


def test_who_laughs_all_the_time_has_laughing_eyes_and_not_closed_ones():
    readings = moment({i: replace(LAUGHING, yaw_deg=(i % 3 - 1) * 1.0) for i in range(60)}, 60)
    _, frames = score_frames(readings)
    assert min(one.score for one in frames) > 0.45
    (face,) = frames[30].faces
    assert face.words["eyes"] == "laughing eyes"


@pytest.mark.parametrize("frames", [4, 8, 12])
def test_a_blink_while_somebody_smiles_is_a_blink(frames):
    shut = replace(FACE, smile=0.85, blink=0.48, aperture=0.10)
    _, judged = score_frames(moment(dict.fromkeys(range(30, 30 + frames), shut), 60))
    assert judged[30 + frames // 2].score < 0.1
    assert judged[10].score > 0.6


def test_shut_eyes_are_shut_however_broad_the_smile():
    shut = replace(FACE, smile=0.9, blink=0.64, aperture=0.09)
    _, judged = score_frames(moment(dict.fromkeys(range(15, 45), shut), 60))
    assert judged[30].score < 0.1


def test_a_few_looks_within_one_blink_tell_no_laughter():
    shut = replace(LAUGHING, smile=0.85)
    _, judged = score_frames([frame(i, shut if 3 <= i <= 7 else FACE) for i in range(3, 8)])
    assert max(one.score for one in judged) < 0.2


def test_eyes_opened_wide_elsewhere_make_no_plain_ones_poor():
    """An actor's wide eyes set what is usual for them; the calm frames are open all the same."""
    wide = replace(FACE, aperture=0.48, blink=0.0, smile=0.0)
    plain = replace(FACE, aperture=0.22, blink=0.19)
    changes = {i: wide if i < 40 else replace(plain, yaw_deg=(i % 3 - 1) * 1.0) for i in range(60)}
    _, judged = score_frames(moment(changes, 60))
    (face,) = judged[50].faces
    assert face.parts["eyes"] >= 0.45
