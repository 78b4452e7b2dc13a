"""`livecam recover`: finish what a run that was killed left in a folder."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from livecam.errors import ExitCode, InputError
from livecam.live.recovery import recover
from livecam.text import visible
from livecam.ui import native_output
from livecam.ui.plain import JsonView, PlainView

if TYPE_CHECKING:
    from pathlib import Path

    from livecam import contract
    from livecam.faces.model import AnyModel


def run(folder: Path, model: AnyModel, *, as_json: bool) -> int:
    """Finish it and say so; 1 if something could not be finished."""
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
