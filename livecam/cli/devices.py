"""`livecam devices`: the cameras and microphones of this machine."""

from __future__ import annotations

import contextlib
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from livecam import contract
from livecam.errors import CameraError, ExitCode, MicrophoneError
from livecam.text import visible
from livecam.ui import native_output

if TYPE_CHECKING:
    import argparse

    from livecam.capture.devices import Device


def add(commands: Any) -> None:
    """Add the command: its name, options and help."""
    devices = commands.add_parser(
        "devices",
        help="list cameras with their modes, and microphones",
        description="Lists cameras with their modes, and microphones. --camera and --mic take the "
        "numbers and the names, and of cameras of one name the serial number: usb:SERIAL.",
    )
    devices.add_argument("--json", action="store_true", help="print one JSON event per device")
    devices.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print them; the exit code is 3 without a camera."""
    from livecam.capture.devices import list_devices
    from livecam.capture.portaudio import list_microphones

    if args.json:
        return _run_json()
    with native_output.redirected(None):
        devices = list_devices()
        modes = {device.path: _modes(device) for device in devices}
        pi_cameras = _pi_cameras()
        try:
            microphones = [f"  {index}  {visible(name)}" for index, name in list_microphones()]
            none = "  none found"
        except MicrophoneError as err:
            microphones, none = [], f"  {err}"
    print("cameras (--camera NUMBER, or part of the name)")
    for device in devices:
        print(f"  {device.index}  {visible(device.name)}{visible(_apart(device, devices))}")
        for line in modes[device.path]:
            print(f"       {visible(line)}")
    if not devices and not pi_cameras:
        print("  none found")
    for camera in pi_cameras:
        print(f"  {camera.exact_name}  {visible(camera.problem or camera.name)}")
    print("  demo  a drawn person, for trying livecam without a camera")
    print("microphones (--mic NUMBER, or part of the name)")
    print("\n".join(microphones) or none)
    return int(ExitCode.OK if devices or pi_cameras else ExitCode.NO_CAMERA)


def _run_json() -> int:
    """Print one event a device; the exit code is 3 without a camera."""
    from livecam.capture.devices import list_devices
    from livecam.capture.portaudio import list_microphones

    with native_output.redirected(None):
        devices = list_devices()
        events = [*map(_camera, devices), *_pi_cameras()]
        with contextlib.suppress(MicrophoneError):
            events += [
                contract.Device("microphone", index, name) for index, name in list_microphones()
            ]
    for event in events:
        print(event.to_json())
    return int(
        ExitCode.OK if any(event.kind == "camera" for event in events) else ExitCode.NO_CAMERA
    )


def _camera(device: Device) -> contract.Device:
    from livecam.capture.devices import list_modes

    try:
        modes = tuple(map(str, list_modes(device)))
    except CameraError as err:
        return contract.Device(
            "camera", device.index, device.name, (), str(err), device.serial, device.exact_name
        )
    return contract.Device(
        "camera", device.index, device.name, modes, "", device.serial, device.exact_name
    )


def _pi_cameras() -> list[contract.Device]:
    """A Raspberry Pi's own cameras."""
    if find_spec("picamera2") is None:
        return []
    from livecam.capture.pi_camera import list_names

    try:
        names = list_names()
    except CameraError as err:
        return [contract.Device("camera", 0, "a Pi's own", problem=str(err), exact_name="pi")]
    return [
        contract.Device("camera", i, name, exact_name=f"pi:{i}" if i else "pi")
        for i, name in enumerate(names)
    ]


def _apart(device: Device, devices: list[Device]) -> str:
    """What tells a camera from others of its name, and that it sees no colour."""
    from livecam.capture.devices import is_infrared

    twins = sum(other.name == device.name for other in devices) > 1
    name = f"  --camera {device.exact_name}" if twins else ""
    return f"{name}{'  (infrared)' if is_infrared(device) else ''}"


def _modes(device: Device) -> list[str]:
    """One line a mode, or why there is none."""
    from livecam.capture.devices import list_modes

    try:
        modes = list_modes(device)
    except CameraError as err:
        return [str(err)]
    return [str(mode) for mode in modes] or ["modes unknown"]
