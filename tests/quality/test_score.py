"""Moments and pictures judged: whose faces decide, and when."""

from __future__ import annotations

from dataclasses import replace

from livecam.quality.score import score_frames
from tests.support.readings import FACE, frame


def test_a_false_face_sinks_no_set_of_pictures():
    pictures = [frame(i) for i in range(15)] + [frame(15, FACE)]
    basis, scores = score_frames(pictures, related=False)
    assert basis == "frame"
    assert all(score.score > 0.5 for score in scores)


def test_a_tiny_face_makes_no_portrait():
    tiny = replace(FACE, share=0.0002, width_px=20, blink=0.8, aperture=0.05)
    basis, scores = score_frames([frame(i, tiny) for i in range(30)])
    assert basis == "frame"
    assert max(score.score for score in scores) > 0.5
    large = replace(FACE, blink=0.8, aperture=0.05)
    assert score_frames([frame(i, large) for i in range(30)])[0] == "faces", "shut throughout"
