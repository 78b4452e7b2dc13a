"""Makes `livecam/quality/feelings.json` from labelled pictures of faces.

    python -m tests.benchmarks.fit_feelings [--pictures DIR] [--write]

`DIR` holds pictures whose names begin with the person (`p017_018.jpg`), and `labels.json`. Each
feeling is told from calm and smiling faces, by a logistic regression with a ridge, every class as
heavy as the other. The figures are of people left out one by one: no person is judged by weights
that saw another picture of theirs. Without `--write` the file stays as it is.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np

from livecam.photos.pictures import picture_frame
from livecam.quality import feelings as feelings_module
from livecam.quality.feelings import FEELINGS
from livecam.quality.finder import FaceFinder
from livecam.quality.parts import expression_features
from tests.conftest import SAMPLES

TARGET = Path(feelings_module.__file__).with_name("feelings.json")
RIDGE = 10.0
"""Between 3 and 100 the figures hardly move; this is the middle."""
PLEASANT = ("neutral", "happiness")
STEPS = 30


class Regression:
    """Logistic regression, by Newton's method, on features scaled to mean 0 and deviation 1."""

    def __init__(self, rows: np.ndarray, is_feeling: np.ndarray) -> None:
        self.mean, self.scale = rows.mean(axis=0), rows.std(axis=0) + 0.03
        x = self._with_one(rows)
        weight = np.where(is_feeling, 0.5 / is_feeling.mean(), 0.5 / (1 - is_feeling.mean()))
        ridge = np.eye(x.shape[1]) * RIDGE
        ridge[-1, -1] = 0
        self.slope = np.zeros(x.shape[1])
        for _ in range(STEPS):
            p = 1 / (1 + np.exp(-x @ self.slope))
            hessian = x.T @ (x * (weight * p * (1 - p))[:, None]) + ridge
            gradient = x.T @ (weight * (p - is_feeling)) + ridge @ self.slope
            self.slope -= np.linalg.solve(hessian, gradient)

    def _with_one(self, rows: np.ndarray) -> np.ndarray:
        return np.hstack([(rows - self.mean) / self.scale, np.ones((len(rows), 1))])

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        return self._with_one(rows) @ self.slope

    def plain(self, names: list[str]) -> dict[str, object]:
        """Bias and weights for the features as they are measured, before scaling."""
        weights = self.slope[:-1] / self.scale
        bias = float(self.slope[-1] - weights @ self.mean)
        rounded = {name: round(float(w), 4) for name, w in zip(names, weights, strict=True)}
        return {"bias": round(bias, 4), "weights": rounded}


def read(folder: Path) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Names of the features; features, label and person of each picture with a face."""
    labels = json.loads((folder / "labels.json").read_text())
    finder = FaceFinder()
    rows, classes, people, names = [], [], [], []
    for name, label in labels.items():
        finder.start(alone=True)
        faces = finder.read(picture_frame(folder / name, 0)[0]).faces
        if not faces:
            continue
        found = expression_features(max(faces, key=lambda face: face.width_px))
        names = list(found)
        rows.append(list(found.values()))
        classes.append(label)
        people.append(name.split("_")[0])
    finder.close()
    return names, np.array(rows), np.array(classes), np.array(people)


def left_out(rows: np.ndarray, classes: np.ndarray, people: np.ndarray, feeling: str) -> np.ndarray:
    """The logit of each picture, by weights that are fitted to other people's pictures."""
    used = np.isin(classes, (*PLEASANT, feeling))
    found = np.zeros(len(rows))
    for person in sorted(set(people)):
        mine = people == person
        fit = Regression(rows[used & ~mine], (classes[used & ~mine] == feeling).astype(float))
        found[mine] = fit(rows[mine])
    return found


def area(good: np.ndarray, bad: np.ndarray) -> float:
    """Share of the pairs in which the good one reads more; equal ones count half (AUC)."""
    difference = good[:, None] - bad[None, :]
    return float((difference > 0).mean() + (difference == 0).mean() / 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path, default=SAMPLES / "faces2" / "expressions")
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    names, rows, classes, people = read(args.pictures)
    print(f"{len(rows)} faces of {len(set(people))} people; each left out")
    found = {name: left_out(rows, classes, people, name) for name in FEELINGS}
    worst = np.max(list(found.values()), axis=0)
    calm = classes == "neutral"
    for name in FEELINGS:
        mine = classes == name
        print(
            f"neutral over {name:<8} AUC {area(-found[name][calm], -found[name][mine]):.2f} by its"
            f" own regression, {area(-worst[calm], -worst[mine]):.2f} by the worst of the four"
        )
    if args.write:
        table = {}
        for name in FEELINGS:
            used = np.isin(classes, (*PLEASANT, name))
            fit = Regression(rows[used], (classes[used] == name).astype(float))
            table[name] = fit.plain(names)
        TARGET.write_text(json.dumps(table, indent=1) + "\n")
        print(f"wrote {TARGET.name}")


if __name__ == "__main__":
    main()
