import cv2
import numpy as np
import pytest

from livecam.quality.measures import FACE_WIDTH, overview, read_scene, sharpness


@pytest.fixture
def texture() -> np.ndarray:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), np.uint8)
    return cv2.resize(noise, (256, 256), interpolation=cv2.INTER_CUBIC)


def test_sharpness_falls_with_every_step_of_blur(texture):
    values = [
        sharpness(cv2.GaussianBlur(texture, (0, 0), s), FACE_WIDTH) for s in (0.3, 2, 4, 8, 12)
    ]
    assert values == sorted(values, reverse=True)
    assert values[-1] < values[0] / 3


def test_sharpness_does_not_depend_on_size_or_light(texture):
    whole = sharpness(texture, FACE_WIDTH)
    large = sharpness(cv2.resize(texture, (512, 512), interpolation=cv2.INTER_CUBIC), FACE_WIDTH)
    dim = sharpness((texture * 0.5).astype(np.uint8), FACE_WIDTH)
    assert large == pytest.approx(whole, rel=0.2)
    assert dim == pytest.approx(whole, rel=0.1)


def test_a_scene_that_changes_is_seen_to_change(texture):
    image = cv2.cvtColor(texture, cv2.COLOR_GRAY2BGR)
    still = overview(image)
    moved = overview(np.roll(image, 9, axis=1))
    assert read_scene(still, still).change == 0
    assert read_scene(moved, still).change > 0.05
    assert read_scene(still, None).change == 0
