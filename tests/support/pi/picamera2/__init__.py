"""What picamera2 shows of itself to livecam, with a drawn person in place of a sensor.

The interface is that of picamera2's source: the first frame's timestamp is 0, later ones are in
microseconds after it, and an output is told that it starts before it gets a frame.
"""

from __future__ import annotations

import os
import threading
from fractions import Fraction
from typing import Any

import cv2

from livecam.capture.source import CameraRequest
from livecam.demo.camera import DemoCamera, DemoOptions
from picamera2.encoders import MJPEGEncoder, Quality
from picamera2.outputs import Output


class Picamera2:
    """One camera; only one program may have it."""

    def __init__(self, camera_num: int = 0) -> None:
        if os.environ.get("PI_CAMERA_IS_TAKEN"):
            raise RuntimeError("Camera __init__ sequence did not complete.")
        self._number = camera_num
        self._configuration: dict[str, Any] | None = None
        self._thread: threading.Thread | None = None
        self._ended = threading.Event()

    @staticmethod
    def global_camera_info() -> list[dict[str, Any]]:
        models = os.environ.get("PI_CAMERAS", "imx708").split()
        return [{"Model": model, "Num": i, "Rotation": 180} for i, model in enumerate(models)]

    def create_video_configuration(
        self, main: dict[str, Any], controls: dict[str, Any]
    ) -> dict[str, Any]:
        assert main["format"] == "YUV420", "what the encoder takes without a conversion"
        return {"main": dict(main), "controls": dict(controls)}

    def configure(self, configuration: dict[str, Any]) -> None:
        width, height = configuration["main"]["size"]
        configuration["main"]["size"] = (width & ~1, height & ~1)  # it makes sizes even itself
        self._configuration = configuration

    def camera_configuration(self) -> dict[str, Any]:
        assert self._configuration is not None
        return self._configuration

    def start_recording(self, encoder: MJPEGEncoder, output: Output, quality: Quality) -> None:
        assert isinstance(quality, Quality)
        assert isinstance(output, Output)
        if os.environ.get("PI_ENCODER_IS_MISSING"):
            raise RuntimeError("Hardware MJPEG not available on this platform")
        output.start()
        self._thread = threading.Thread(target=self._work, args=(output,), name="encoder")
        self._thread.start()

    def _work(self, output: Output) -> None:
        configuration = self.camera_configuration()
        rate_hz = Fraction(configuration["controls"]["FrameRate"])
        request = CameraRequest(configuration["main"]["size"], rate_hz)
        with DemoCamera(DemoOptions(), request) as camera:
            first_ns = None
            while not self._ended.is_set():
                frame = camera.read()
                assert frame is not None
                first_ns = frame.t_ns if first_ns is None else first_ns
                jpeg = cv2.imencode(".jpg", frame.bgr())[1].tobytes()
                stamp_us = (frame.t_ns - first_ns) // 1000
                output.outputframe(memoryview(jpeg), True, stamp_us, None, False)

    def stop_recording(self) -> None:
        if self._thread is None:
            raise RuntimeError("Encoder already stopped")
        self._ended.set()
        self._thread.join()

    def close(self) -> None:
        assert self._thread is None or not self._thread.is_alive()
