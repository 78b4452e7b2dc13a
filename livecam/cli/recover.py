"""`livecam recover`: finish what a run that was killed left in a folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from livecam.cli.values import add_model
from livecam.errors import ExitCode, InputError
from livecam.limits import check_limits
from livecam.text import visible
from livecam.ui import native_output

if TYPE_CHECKING:
    import argparse

    from livecam import contract


def add(commands: Any) -> None:
    """Add the command: its name, options and help."""
    recover = commands.add_parser(
        "recover",
        help="finish what a run that was killed left in a folder",
        description="Saves the moments that were acknowledged and not finished, and completes or "
        "withdraws files that were just being published. Starting livecam in the folder does the "
        "same.",
    )
    recover.add_argument(
        "folder", nargs="?", type=Path, default=Path("recordings"), metavar="DIR",
        help="the folder of the results (recordings)",
    )  # fmt: skip
    recover.add_argument("--json", action="store_true", help="print one JSON event per line")
    add_model(recover)
    recover.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Finish what is unfinished, and report it; 1 if something could not be finished."""
    check_limits()
    from livecam.faces.model import FaceModel
    from livecam.live.recovery import recover
    from livecam.ui.plain import JsonView, PlainView

    folder, as_json, model = args.folder, args.json, FaceModel(args.model, args.face_runtime)
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}")
    found: list[contract.Event] = []
    with native_output.redirected(None) as errors:
        view = JsonView(sys.stdout) if as_json else PlainView(sys.stdout, errors)

        def tell(event: contract.Event) -> None:
            found.append(event)
            view.on_event(event)

        good = recover(folder, tell, model=model)
        view.outbox.join()
    if not found and not as_json:
        print(f"nothing is unfinished in {visible(str(folder))}")
    return int(ExitCode.OK if good else ExitCode.FAILURE)
