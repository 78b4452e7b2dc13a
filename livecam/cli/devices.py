"""`livecam devices`: the cameras and microphones of this machine."""

from __future__ import annotations

import contextlib

from livecam import contract
from livecam.capture.devices import Device, list_devices, list_modes
from livecam.capture.portaudio import list_microphones
from livecam.errors import CameraError, ExitCode, MicrophoneError
from livecam.text import visible
from livecam.ui import native_output


def run(*, as_json: bool = False) -> int:
    """Print them; the exit code is 3 without a camera."""
    if as_json:
        return _run_json()
    with native_output.redirected(None):
        devices = list_devices()
        modes = {device.path: _modes(device) for device in devices}
        try:
            microphones = [f"  {index}  {visible(name)}" for index, name in list_microphones()]
            none = "  none found"
        except MicrophoneError as err:
            microphones, none = [], f"  {err}"
    print("cameras (--camera NUMBER, or part of the name)")
    for device in devices:
        print(f"  {device.index}  {visible(device.name)}")
        for line in modes[device.path]:
            print(f"       {visible(line)}")
    if not devices:
        print("  none found")
    print("  demo  a drawn person, for trying livecam without a camera")
    print("microphones (--mic NUMBER, or part of the name)")
    print("\n".join(microphones) or none)
    return int(ExitCode.OK if devices else ExitCode.NO_CAMERA)


def _run_json() -> int:
    """The same as one event a device."""
    with native_output.redirected(None):
        devices = list_devices()
        events = [_camera(device) for device in devices]
        with contextlib.suppress(MicrophoneError):
            events += [
                contract.Device("microphone", index, name) for index, name in list_microphones()
            ]
    for event in events:
        print(event.to_json())
    return int(ExitCode.OK if devices else ExitCode.NO_CAMERA)


def _camera(device: Device) -> contract.Device:
    try:
        modes = tuple(map(str, list_modes(device)))
    except CameraError as err:
        return contract.Device("camera", device.index, device.name, (), str(err))
    return contract.Device("camera", device.index, device.name, modes)


def _modes(device: Device) -> list[str]:
    """A line a mode, or why there is none."""
    try:
        modes = list_modes(device)
    except CameraError as err:
        return [str(err)]
    return [str(mode) for mode in modes] or ["modes unknown"]
