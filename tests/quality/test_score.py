"""Moments and pictures judged: whose faces decide, and when."""

from __future__ import annotations

from dataclasses import replace

from livecam.quality.score import score_frames, score_pictures
from livecam.timebase import NS_PER_S
from tests.support.readings import FACE, frame


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
