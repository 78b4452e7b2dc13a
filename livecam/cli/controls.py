"""`livecam controls`: what can be set of a camera."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from livecam import contract
from livecam.errors import CameraError, ExitCode, UsageError
from livecam.text import visible

if TYPE_CHECKING:
    import argparse

    from livecam.capture.v4l2_controls import Control


def add(commands: Any) -> None:
    """Add the command: its name, options and help."""
    controls = commands.add_parser(
        "controls",
        help="list what can be set of a camera, such as exposure and focus",
        description="Lists the controls of a webcam on Linux, as --set NAME=VALUE takes them, and "
        "their values now. Of exposure, focus, gain and white balance, --set ends the camera's own "
        "automatic control for the run.",
    )
    controls.add_argument(
        "--camera",
        metavar="CAMERA",
        help="a number or part of a name (see 'livecam devices'; default: the first)",
    )
    controls.add_argument("--json", action="store_true", help="print one JSON event per control")
    controls.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print them. Raises CameraError, or UsageError elsewhere than on Linux."""
    if sys.platform != "linux":
        raise UsageError("controls are read on Linux only", "the camera's own program sets them")
    from livecam.capture.devices import find_device, list_devices
    from livecam.capture.v4l2_controls import list_controls

    if args.camera is None:
        devices = list_devices()
        if not devices:
            raise CameraError("no camera found", "livecam doctor looks for the reason")
        device = devices[0]
    else:
        device = find_device(args.camera)
    found = list_controls(device)
    if args.json:
        for control in found:
            print(_event(control).to_json())
        return int(ExitCode.OK)
    print(f"{visible(device.name)} (--set NAME=VALUE)" + ("" if found else ": nothing can be set"))
    width = max((len(control.name) for control in found), default=0)
    for control in found:
        automatic = ", automatic now" if control.is_automatic else ""
        told = f"{control.name:{width}}  {control.value}{automatic}"
        print(visible(f"  {told}  ({control.range()}; usually {control.default})"))
    return int(ExitCode.OK)


def _event(control: Control) -> contract.Control:
    return contract.Control(
        control.name, control.value, control.default, control.low, control.high, control.step,
        tuple(f"{value} {name}" for value, name in control.choices), control.is_automatic,
    )  # fmt: skip
