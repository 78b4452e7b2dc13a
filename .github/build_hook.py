"""Puts what is made from the code into a wheel: man page, shells' completions, JSON Schema."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class GeneratedFiles(BuildHookInterface):
    """Called by hatchling for every wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the files, and say where they go."""
        if self.target_name != "wheel" or version == "editable":
            return
        sys.path.insert(0, self.root)
        from livecam.cli.manual import MAN_PAGE, SHARED, completion, man_page
        from livecam.cli.options import parser_of_all
        from livecam.contract_schema import schema

        parser = parser_of_all()
        made = {MAN_PAGE: man_page(parser)}
        made |= {path: completion(parser, shell) for shell, path in SHARED.items()}
        folder = Path(tempfile.mkdtemp(prefix="livecam-build-"))
        for number, (path, text) in enumerate(made.items()):
            source = folder / str(number)
            source.write_text(text, "utf-8")
            build_data["shared_data"][str(source)] = f"share/{path}"
        contract = folder / "contract.json"
        contract.write_text(json.dumps(schema(), indent=1) + "\n", "utf-8")
        build_data["force_include"][str(contract)] = "livecam/contract.json"
