"""The drawing is the tests' ground truth: it must be seen as what it shows."""

from __future__ import annotations

import time
from fractions import Fraction

import numpy as np
import pytest

from livecam.capture.source import CameraRequest
from livecam.demo.camera import DemoCamera, DemoOptions, Studio, read_slate, write_slate
from livecam.demo.script import Script
from livecam.demo.voice import RATE_HZ, Voice
from livecam.errors import UsageError
from livecam.faces.landmarker import FaceLandmarker

SIZE, RATE = (1280, 720), Fraction(30)


@pytest.fixture(scope="module")
def readings():
    """Every sixth frame of a minute, with what the landmarker sees in it."""
    studio, landmarker = Studio(Script(0), SIZE, RATE), FaceLandmarker()
    found = [(studio.truth(i), landmarker.find(studio.draw(i).copy())) for i in range(0, 1800, 6)]
    landmarker.close()
    return found


def shape(faces, name: str) -> float:
    return max(faces[0].blendshapes[name + side] for side in ("Left", "Right"))


def clear(truth) -> bool:
    return truth.light > 0.8 and truth.defocus < 1 and abs(truth.yaw_deg) < 5 and truth.speed < 0.2


def test_the_drawn_person_is_found_as_one_face(readings):
    assert np.mean([len(faces) == 1 for _, faces in readings]) > 0.98


def test_blinks_are_seen(readings):
    shut = [shape(f, "eyeBlink") for t, f in readings if clear(t) and t.eyes_open < 0.05]
    open_ = [shape(f, "eyeBlink") for t, f in readings if clear(t) and t.eyes_open == 1]
    assert np.median(shut) > 0.45
    assert np.quantile(open_, 0.95) < 0.15


def test_smiles_are_seen(readings):
    smiling = [shape(f, "mouthSmile") for t, f in readings if clear(t) and t.smile > 0.7]
    calm = [shape(f, "mouthSmile") for t, f in readings if clear(t) and t.act == "neutral"]
    assert np.median(smiling) > 0.7
    assert np.median(calm) < 0.05


def test_turns_are_seen(readings):
    yaws = [(t.yaw_deg, f[0].angles_deg[0]) for t, f in readings if f and t.act == "turn"]
    assert np.corrcoef(np.array(yaws).T)[0, 1] > 0.9


def test_a_frame_is_a_function_of_its_number():
    first, second = (Studio(Script(1), (320, 180), RATE).planes(77) for _ in range(2))
    assert (first == second).all()


def test_neighbouring_frames_differ_by_the_sensors_noise():
    studio = Studio(Script(1), (320, 180), RATE)
    frames = [studio.planes(i).tobytes() for i in range(30)]
    assert len(set(frames)) == 30


def test_the_slate_survives():
    luma = np.full((180, 320), 90, np.uint8)
    for number in (0, 1, 777, 65_535):
        write_slate(luma, number)
        noisy = np.clip(luma + np.random.default_rng(0).normal(0, 25, luma.shape), 0, 255)
        assert read_slate(noisy.astype(np.uint8)) == number


def test_flash_and_beep_begin_at_the_same_instant():
    script = Script(0)
    camera = DemoCamera(DemoOptions(flash=True), CameraRequest((64, 64), RATE))
    start = 4 * RATE_HZ
    sound = Voice(script, flash=True).samples(start - 480, 960)[:, 0].astype(float)
    assert np.abs(sound[:480]).max() < 15_000 < np.abs(sound[480:]).max()
    assert camera.time_of(120) - camera.start_ns == 4_000_000_000
    assert camera._flashes(120)
    assert not camera._flashes(119)


def test_drawing_costs_a_small_part_of_a_core():
    studio = Studio(Script(0), SIZE, RATE)
    studio.planes(0)
    began = time.process_time()
    for index in range(60):
        studio.planes(index * 7)
    # Two seconds of film in well under one of work, however slow the machine.
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize("text", ["smile", "seed=x", "seed", "flash=1"])
def test_an_unknown_option_is_refused(text):
    with pytest.raises(UsageError):
        DemoOptions.parse(text)


def test_options_are_read():
    assert DemoOptions.parse("seed=12,slate") == DemoOptions(12, False, True)
