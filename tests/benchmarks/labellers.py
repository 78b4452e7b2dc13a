"""What a score can reach at all: two people who labelled the same windows, and livecam beside them.

    python -m tests.benchmarks.labellers [--cache FOLDER]

Sixty windows were labelled a second time, on twelve frames each, blind to the first labels and to
livecam's scores (`second_labels.json`: frame numbers as in the first labelling, `order` the best
first). A pair is one frame that the first labeller calls good and one that he calls closed, half
closed or bad, both among the twelve. Every way orders the same pairs: the second labeller by
`order`, livecam by its score, the sharpest face. What the second labeller does not order as the
first did no score can be expected to.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from livecam.quality.finder import FaceFinder
from tests.benchmarks.people import WAYS, Window, first_set, later_sets

LABELS = Path(__file__).with_name("second_labels.json")


def name_of(window: Window) -> str:
    """As the second labels call it."""
    return window.name.replace(".mp4", "").replace(".mov", "").replace(" ", "_")


def share(scores: Sequence[float], pairs: list[tuple[int, int]]) -> float:
    """How many pairs a score orders as they are, of (better, worse)."""
    right = [(scores[a] > scores[b]) + 0.5 * (scores[a] == scores[b]) for a, b in pairs]
    return float(np.mean(right)) if right else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir(), "livecam-people"))
    args = parser.parse_args()
    args.cache.mkdir(parents=True, exist_ok=True)
    second = json.loads(LABELS.read_text())
    finder = FaceFinder()
    windows = first_set(finder, args.cache) + later_sets(finder, args.cache)
    finder.close()
    by_first: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    by_second: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    agreed: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    taste: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for window in windows:
        if (labels := second.get(name_of(window))) is None:
            continue
        order = labels["order"]
        rank = [float("nan")] * len(window.readings)
        for place, frame in enumerate(order):
            rank[frame] = -place
        wrong = window.closed | window.half | window.bad
        pairs = [(a, b) for a in window.good for b in wrong if a in order and b in order]
        bad = set(labels["closed"] + labels["half"] + labels["bad"])
        theirs = [(a, b) for a in labels["good"] for b in bad - set(labels["good"])]
        both = [(a, b) for a, b in pairs if rank[a] > rank[b]]
        ways = {"second labeller": rank} | {
            way: list(score(window.readings)) for way, score in WAYS.items()
        }
        for way, scores in ways.items():
            where = (window.set, way)
            by_first[where][window.person].append(share(scores, pairs))
            by_second[where][window.person].append(share(scores, theirs))
            agreed[where][window.person].append(share(scores, both))
            if window.favourites:
                best = max(order, key=lambda i: scores[i])
                taste[where].append(best in window.favourites)
    print("| set | way | pairs of the first labeller | of the second | of both |"
          " its best is a favourite of the first |\n|---|---|---|---|---|---|")  # fmt: skip
    for where in by_first:
        means = [
            np.nanmean([np.nanmean(some) for some in found[where].values()
                        if not np.isnan(some).all()])
            for found in (by_first, by_second, agreed)
        ]  # fmt: skip
        told = f"{np.mean(taste[where]):.0%} of {len(taste[where])}" if taste[where] else ""
        figures = " | ".join(f"{mean:.3f}" for mean in means)
        print(f"| {where[0]} | {where[1]} | {figures} | {told} |")


if __name__ == "__main__":
    main()
