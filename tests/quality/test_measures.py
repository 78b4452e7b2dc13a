import cv2
import numpy as np
import pytest

from livecam.quality.measures import (
    face_sharpness,
    noise_level,
    read_scene,
    sharpness,
    streak,
    to_face_width,
)


@pytest.fixture
def texture() -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    return cv2.resize(noise, (256, 256), interpolation=cv2.INTER_CUBIC)


def face(gray: np.ndarray) -> float:
    return face_sharpness(*to_face_width(gray, np.ones(gray.shape, np.uint8)))


def evenness_of_axes(gray: np.ndarray) -> float:
    return streak(*to_face_width(gray, np.ones(gray.shape, np.uint8)))


@pytest.mark.parametrize("measure", [sharpness, face])
def test_sharpness_falls_with_every_step_of_blur(texture, measure):
    values = [measure(cv2.GaussianBlur(texture, (0, 0), s)) for s in (0.3, 1, 2, 4, 6)]
    assert values == sorted(values, reverse=True)
    assert values[-1] < values[0] / 3


def test_a_faces_sharpness_does_not_depend_on_size_or_light(texture):
    whole = face(texture)
    large = face(cv2.resize(texture, (512, 512), interpolation=cv2.INTER_CUBIC))
    dim = face((texture * 0.5).astype(np.uint8))
    shade = np.linspace(0.5, 1, 256)[None, :]
    uneven = face((texture * shade).astype(np.uint8))
    assert large == pytest.approx(whole, rel=0.1)
    assert dim == pytest.approx(whole, rel=0.05)
    assert uneven == pytest.approx(whole, rel=0.15)


def test_motion_is_told_by_the_axis_that_loses_its_detail(texture):
    assert evenness_of_axes(texture) > 0.8
    kernel = np.zeros((13, 13), np.float32)
    kernel[6] = 1 / 13
    smeared = cv2.filter2D(texture, -1, kernel)
    assert evenness_of_axes(smeared) < 0.2
    assert evenness_of_axes(np.ascontiguousarray(smeared.T)) < 0.2, "in either direction"
    assert evenness_of_axes(cv2.GaussianBlur(texture, (0, 0), 3)) > 0.8, "out of focus is no motion"


def test_noise_is_not_taken_for_detail():
    soft = cv2.GaussianBlur(
        np.random.default_rng(1).integers(0, 255, (192, 192), np.uint8).astype(np.float32),
        (0, 0),
        6,
    )
    soft = (soft - soft.mean()) * 8 + 128
    clean = face(soft.clip(0, 255).astype(np.uint8))
    noisy = soft + np.random.default_rng(2).normal(0, 8, soft.shape)
    plain = sharpness(noisy.clip(0, 255).astype(np.uint8)) / sharpness(
        soft.clip(0, 255).astype(np.uint8)
    )
    assert plain > 3, "what noise does to a plain Laplacian"
    assert face(noisy.clip(0, 255).astype(np.uint8)) < clean + 0.05


@pytest.mark.parametrize("sd", [4, 8, 15, 25])
def test_the_noise_level_is_that_which_was_added(sd):
    flat = np.full((160, 160), 128.0) + np.random.default_rng(3).normal(0, sd, (160, 160))
    assert noise_level(flat.clip(0, 255).astype(np.uint8)) == pytest.approx(sd, rel=0.15)


def test_lines_and_shading_are_no_noise():
    ramp = np.tile(np.linspace(20, 220, 160), (160, 1)).astype(np.uint8)
    ramp[:, 80:] = 30
    assert noise_level(ramp) < 1


def test_a_scene_keeps_a_small_copy_of_its_own_proportions():
    scene = read_scene(np.full((720, 1280, 3), 200, np.uint8))
    assert scene.overview.shape == (90, 160)
    assert scene.luma == pytest.approx(200 / 255, abs=0.01)
    assert read_scene(np.full((1280, 720, 3), 10, np.uint8)).black == 1
