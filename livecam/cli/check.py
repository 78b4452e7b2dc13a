"""`livecam check`: whether files are true Live or Motion Photos, and who would take them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from livecam.errors import ExitCode, InputError
from livecam.photos.check import check
from livecam.photos.pairs import find_halves
from livecam.text import visible

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from livecam.photos.report import Report


def run(paths: Sequence[Path]) -> int:
    """Print a report a pair; 0 if all are true, 1 if some are not, 4 if nothing could be read."""
    pairs = find_halves(paths)
    if not pairs:
        raise InputError("there is no photo and no movie here")
    named = {path.resolve() for path in paths}
    reports, broken = [], 0
    for halves in pairs:
        try:
            report = check(halves)
        except InputError as err:
            broken += 1
            print(f"livecam: {visible(str(err))}", file=sys.stderr)
            continue
        # A folder holds ordinary pictures too; who names one wants to hear of it.
        if report.is_candidate or named & {p.resolve() for p in halves.files}:
            reports.append(report)
            print(describe(report))
    if not reports:
        return int(ExitCode.NO_INPUT)
    good = not broken and all(report.is_true for report in reports)
    return int(ExitCode.OK if good else ExitCode.FAILURE)


def describe(report: Report) -> str:
    """A report as lines of text."""
    lines = [f"{report.name}: {'a' if report.is_true else 'no'} true {report.kind}"]
    if report.identifier:
        lines.append(f"  identifier {report.identifier} in both halves")
    if report.still_s is not None:
        whole = "" if report.duration_s is None else f" of {report.duration_s:.3f} s"
        lines.append(f"  photo at {report.still_s:.3f} s{whole}")
    lines += [f"  defect: {defect}" for defect in report.defects]
    for verdict in report.verdicts:
        why = f": {verdict.why}" if verdict.why else ""
        lines.append(f"  {verdict.program:<19} {verdict.takes}{why}")
    return "\n".join(map(visible, lines))
