"""Merged frames: less noise, measured against the truth, and never a ghost."""

from __future__ import annotations

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

import livecam
from livecam.demo.camera import Studio
from livecam.demo.script import Script
from livecam.enhance.merge import merge
from livecam.media.save_options import SaveOptions
from tests.support.frames import moment


def psnr(image: np.ndarray, truth: np.ndarray) -> float:
    return 10 * np.log10(255**2 / np.mean((image.astype(float) - truth) ** 2))


def webcam(image: np.ndarray, sd: float, rng: np.random.Generator) -> np.ndarray:
    """A frame as a webcam sends it: noise, then JPEG."""
    noisy = np.clip(image + rng.normal(0, sd, image.shape), 0, 255).astype(np.uint8)
    return cv2.imdecode(cv2.imencode(".jpg", noisy, [cv2.IMWRITE_JPEG_QUALITY, 90])[1], 1)


def drawn(first: int, count: int = 13, step: int = 1) -> list[np.ndarray]:
    studio = Studio(Script(3), (640, 360), 30)
    return [studio.draw(first + step * i).copy() for i in range(count)]


@pytest.mark.parametrize("sd", [5, 10, 20])
@pytest.mark.parametrize("step", [0, 1], ids=["still", "alive"])
def test_noise_falls_by_more_than_three_decibels(sd, step):
    rng = np.random.default_rng(1)
    truth = drawn(100, step=step)
    frames = [webcam(image, sd, rng) for image in truth]
    result = merge(frames, 6)
    assert result.is_enhanced
    assert psnr(result.image_bgr, truth[6]) > psnr(frames[6], truth[6]) + 3


@pytest.mark.parametrize(("sd", "least"), [(5, 1.0), (10, 1.5), (20, 3.0)])
def test_a_moving_subject_is_better_inside_its_own_box_too(sd, least):
    rng = np.random.default_rng(2)
    scene = cv2.GaussianBlur(rng.integers(0, 255, (240, 320, 3)).astype(np.uint8), (0, 0), 3)
    subject = cv2.GaussianBlur(rng.integers(0, 255, (80, 80, 3)).astype(np.uint8), (0, 0), 2)
    truth = []
    for i in range(13):
        image = scene.copy()
        image[80:160, 40 + 6 * i : 120 + 6 * i] = subject
        truth.append(image)
    frames = [webcam(image, sd, rng) for image in truth]
    result = merge(frames, 6)
    box = np.s_[80:160, 76:156]
    gain = psnr(result.image_bgr[box], truth[6][box]) - psnr(frames[6][box], truth[6][box])
    assert gain > least
    assert psnr(result.image_bgr, truth[6]) > psnr(frames[6], truth[6]) + 3


def test_what_is_in_one_frame_only_leaves_no_ghost():
    rng = np.random.default_rng(3)
    truth = drawn(100, step=0)
    for i in (2, 3, 9, 10):  # a hand goes through the picture, before and after
        truth[i] = truth[i].copy()
        truth[i][100:200, 40 * i : 40 * i + 80] = (90, 120, 200)
    frames = [webcam(image, 10, rng) for image in truth]
    result = merge(frames, 6).image_bgr.astype(np.float32)
    # A ghost is a difference that noise of any size does not explain: look at it blurred.
    ghost = np.abs(cv2.blur(result - truth[6], (9, 9))).max(axis=2)
    own = np.abs(cv2.blur(frames[6].astype(np.float32) - truth[6], (9, 9))).max(axis=2)
    assert ghost[100:200].max() < own.max() + 1


def test_a_blink_beside_the_key_frame_does_not_close_its_eyes():
    rng = np.random.default_rng(4)
    script = Script(3)
    shut = next(i for i in range(60, 900) if script.at(i / 30).eyes_open < 0.05)
    studio = Studio(script, (640, 360), 30)
    truth = [studio.draw(i).copy() for i in range(shut - 9, shut + 4)]
    frames = [webcam(image, 8, rng) for image in truth]
    key = 3  # a fifth of a second before the lids meet
    result = merge(frames, key)
    blocks = ((result.image_bgr.astype(float) - truth[key]) ** 2).mean(axis=2)
    before = ((frames[key].astype(float) - truth[key]) ** 2).mean(axis=2)
    worst = cv2.blur(blocks, (24, 24)) / cv2.blur(before, (24, 24))
    assert worst.max() < 1.3
    assert psnr(result.image_bgr, truth[key]) > psnr(frames[key], truth[key]) + 2


def test_where_nothing_agrees_the_frame_is_left_alone_and_that_is_said():
    rng = np.random.default_rng(5)
    frames = [rng.integers(0, 255, (120, 160, 3)).astype(np.uint8) for _ in range(7)]
    result = merge(frames, 3)
    assert not result.is_enhanced
    assert np.array_equal(result.image_bgr, frames[3])
    assert "agree too little" in result.note


def test_a_clean_frame_is_left_alone():
    frames = drawn(100, step=0)
    result = merge(frames, 6)
    assert not result.is_enhanced
    assert "hardly any noise" in result.note


def test_one_frame_alone_stays_as_it_is():
    (frame,) = drawn(100, 1)
    assert np.array_equal(merge([frame], 0).image_bgr, frame)


def test_a_moment_is_saved_with_the_better_photo_and_says_so(out):
    it = moment([i / 30 for i in range(20)], size_wh=(320, 240))
    rng = np.random.default_rng(6)
    noisy = tuple(
        f.with_data(
            np.clip(f.data + rng.normal(0, 8, f.data.shape), 0, 255).astype(np.uint8), warmup=False
        )
        for f in it.frames
    )
    it = replace(it, frames=noisy)
    files = livecam.save(it, livecam.score(it), out, SaveOptions(enhance=True))
    enhanced = json.loads(files.scores.read_text())["enhanced"]
    assert enhanced["is_enhanced"]
    assert enhanced["gain"] > 3
    plain = livecam.save(it, livecam.score(it), out)
    assert json.loads(plain.scores.read_text())["enhanced"] is None
    assert files.photo.stat().st_size < plain.photo.stat().st_size, "noise takes bytes"
