"""`livecam config`: every setting, its value, and where the value comes from."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livecam import contract
from livecam.capture.address import without_secrets
from livecam.cli import settings
from livecam.text import visible

if TYPE_CHECKING:
    import argparse


def add(commands: Any) -> None:
    """Add the command: its name, options and help."""
    config = commands.add_parser(
        "config",
        help="print every setting, its value, and whether you set it",
        description="Settings are in one file, livecam.toml, under the names of the options. "
        "What is printed has the format of that file.",
    )
    config.add_argument("--json", action="store_true", help="print one JSON event per setting")
    config.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print them; the exit code."""
    as_json = args.json
    path = settings.path_of_file()
    found = list(settings.settings(args.parser, path))
    if as_json:
        for one in found:
            source = str(path) if one.is_own else "default"
            event = contract.Setting(one.command, one.name, _shown(one), source)
            print(event.to_json(), flush=True)
        return 0
    if path is None:
        print("# there are no settings: this user has no home folder")
    else:
        there = "" if path.exists() else ", which does not exist"
        print(f"# settings come from {visible(str(path))}{there}")
    before = ""
    for one in found:
        if one.command != before:
            before = one.command
            print(f"\n[{before}]")
        value = _shown(one)
        line = f"{one.name} = {_toml(value)}"
        if value is None:
            line = f"# {one.name} is not set"
        print(f"{line:<36} # {'yours' if one.is_own else 'default'}")
    return 0


def _shown(one: settings.Setting) -> str | int | float | bool | None:
    """A setting's value; a camera's address without user and password."""
    value = _plain(one.value)
    return without_secrets(value) if one.name == "camera" and isinstance(value, str) else value


def _plain(value: object) -> str | int | float | bool | None:
    """A value as the command line, or the file, would write it."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Fraction():
            return str(value)
        case Path():
            return str(value)
        case (int(width), int(height)):
            return f"{width}x{height}"
        case tuple():
            return ",".join(f"{name}={one}" for name, one in value)
    return str(value)


def _toml(value: str | float | bool | None) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            escaped = visible(value).replace("\\", "\\\\").replace('"', '\\"')
            return f'"{escaped}"'
    return str(value)
