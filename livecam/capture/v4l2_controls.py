"""A Linux camera's controls: lists exposure, focus and the like, sets them, and puts them back."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livecam.capture import v4l2_abi as abi
from livecam.capture.v4l2 import open_error
from livecam.errors import CameraError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from livecam.capture.devices import Device

SHORT = {
    0x009A0902: "exposure", 0x009A090A: "focus", 0x009A090D: "zoom", 0x00980918: "mains",
    0x0098091A: "white_balance",
}  # fmt: skip
"""Short names of the controls that people want most, by number (linux/v4l2-controls.h)."""
AUTOMATIC = {
    0x009A0902: (0x009A0901, 1), 0x009A090A: (0x009A090C, 0), 0x0098091A: (0x0098090C, 0),
    0x00980913: (0x00980912, 0),
}  # fmt: skip
"""What must be set first, and to what, so that a control is the user's and not the camera's own:
exposure, focus, white balance, gain."""
_KINDS = (
    abi.CONTROL_INTEGER, abi.CONTROL_BOOLEAN, abi.CONTROL_MENU, abi.CONTROL_INTEGER_MENU
)  # fmt: skip


@dataclass(frozen=True)
class Control:
    """One thing of a camera that can be set."""

    number: int
    """As the kernel numbers it."""
    name: str
    """What `--set` calls it, such as "exposure" or "brightness"."""
    value: int
    default: int
    low: int
    high: int
    step: int
    choices: tuple[tuple[int, str], ...] = ()
    """Of a menu: values and their names."""
    is_automatic: bool = False
    """Whether the camera sets it by itself just now."""

    def value_of(self, text: str) -> int:
        """What a user's word means. Raises UsageError."""
        for value, name in self.choices:
            if text.lower() == name.lower():
                return value
        if self.is_switch and text.lower() in ("on", "off"):
            return int(text.lower() == "on")
        values = [value for value, _ in self.choices]
        if re.fullmatch(r"-?\d{1,10}", text):
            value = int(text)
            if value in values or (not values and self.low <= value <= self.high):
                return value
        raise UsageError(f"{self.name} cannot be {text}", f"it may be {self.range()}")

    @property
    def is_switch(self) -> bool:
        """Whether it is on or off."""
        return not self.choices and (self.low, self.high) == (0, 1)

    def range(self) -> str:
        """What it may be, for people."""
        if self.choices:
            return ", ".join(f"{value} ({name})" for value, name in self.choices)
        if self.is_switch:
            return "off or on"
        return f"{self.low} to {self.high}" + (f" in steps of {self.step}" * (self.step > 1))


def list_controls(device: Device) -> list[Control]:
    """What can be set of a camera, in its driver's order. Raises CameraError."""
    with _opened(device) as fd:
        return list(_controls(fd))


class HeldControls:
    """Controls that were set for a run, and what they were before."""

    def __init__(self, device: Device, wanted: Sequence[tuple[str, str]]) -> None:
        """Set them, by name and value. Raises CameraError, or UsageError for what it has not."""
        self._device = device
        self._before: list[tuple[int, int]] = []
        try:
            with _opened(device) as fd:
                known = {control.name: control for control in _controls(fd)}
                pairs = [(_named(name, known, device), text) for name, text in wanted]
                values = [(control, control.value_of(text)) for control, text in pairs]
                for control, value in values:
                    if automatic := AUTOMATIC.get(control.number):
                        with contextlib.suppress(OSError):  # a camera without it
                            self._set(fd, *automatic)
                    self._try(fd, control, value)
        except BaseException:
            self.put_back()
            raise

    def put_back(self) -> None:
        """Set all back to what they were, the last one first; a camera that is gone has lost it."""
        with contextlib.suppress(CameraError), _opened(self._device) as fd:
            for number, value in reversed(self._before):
                with contextlib.suppress(OSError):
                    _write(fd, number, value)
        self._before.clear()

    def _try(self, fd: int, control: Control, value: int) -> None:
        try:
            self._set(fd, control.number, value)
        except OSError as err:
            why = "it is read-only" if err.errno == errno.EACCES else str(err.strerror).lower()
            text = f"{self._device.name} refuses {control.name}={value}: {why}"
            raise CameraError(text, "'livecam controls' lists what it takes") from err

    def _set(self, fd: int, number: int, value: int) -> None:
        before = _read(fd, number)
        if before != value:
            _write(fd, number, value)
            self._before.append((number, before))


def _named(name: str, known: dict[str, Control], device: Device) -> Control:
    if name in known:
        return known[name]
    raise UsageError(
        f"{device.name} has no control {name}",
        f"it has {', '.join(known)}" if known else "it has none at all",
    )


def _controls(fd: int) -> Iterator[Control]:
    query = abi.QueryControl(id=abi.NEXT_CONTROL)
    hidden = abi.CONTROL_DISABLED | abi.CONTROL_READ_ONLY | abi.CONTROL_WRITE_ONLY
    while True:
        try:
            fcntl.ioctl(fd, abi.QUERYCTRL, query)
        except OSError:
            return  # the last one, or a driver without any
        if query.type in _KINDS and not query.flags & hidden:
            with contextlib.suppress(OSError):
                yield Control(
                    query.id, _name(query), _read(fd, query.id), query.default_value,
                    query.minimum, query.maximum, query.step, tuple(_menu(fd, query)),
                    bool(query.flags & abi.CONTROL_INACTIVE),
                )  # fmt: skip
        query = abi.QueryControl(id=query.id | abi.NEXT_CONTROL)


def _name(query: abi.QueryControl) -> str:
    text = query.name.decode(errors="replace").lower()
    return SHORT.get(query.id) or re.sub(r"[^a-z0-9]+", "_", text).strip("_")


def _menu(fd: int, query: abi.QueryControl) -> Iterator[tuple[int, str]]:
    if query.type not in (abi.CONTROL_MENU, abi.CONTROL_INTEGER_MENU):
        return
    for index in range(query.minimum, query.maximum + 1):
        menu = abi.QueryMenu(id=query.id, index=index)
        try:
            fcntl.ioctl(fd, abi.QUERYMENU, menu)
        except OSError:
            continue  # not every number has a choice
        if query.type == abi.CONTROL_MENU:
            yield index, menu.name.decode(errors="replace")
        else:
            raw = bytes(menu)[8:16]  # the name's first eight bytes are the number
            yield index, str(int.from_bytes(raw, "little", signed=True))


def _read(fd: int, number: int) -> int:
    control = abi.ControlValue(id=number)
    fcntl.ioctl(fd, abi.G_CTRL, control)
    return int(control.value)


def _write(fd: int, number: int, value: int) -> None:
    fcntl.ioctl(fd, abi.S_CTRL, abi.ControlValue(id=number, value=value))


@contextlib.contextmanager
def _opened(device: Device) -> Iterator[int]:
    try:
        fd = os.open(device.path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as err:
        raise open_error(device.path, device.name, err) from err
    try:
        yield fd
    finally:
        os.close(fd)
