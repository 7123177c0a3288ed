"""A year of slow loss, end to end: pytest and `robustcheck bless` each week, on predictions that were made elsewhere.

    python benchmarks/drift_year.py            # in an empty directory; about five seconds a week

0.3 points are lost a week of 10,000 images, and every week that is not red is blessed. One point may be lost at a time,
two since the origin of the baselines.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np

IMAGES, WEEKS, LOST, RIGHT = 10_000, 52, 30, 7_500
DISCORDANT = 0.05
MODEL = "weekly"
FIRST = """\
robustcheck: 1
title: The first week
models: ["predictions:weekly"]
checks:
  - id: top1
    measure: {metric: top1, dataset: imagenet-v2}
    expect: {at_least: 50%}
"""
LATER = FIRST.replace("The first week", "A later week").replace(
    "{at_least: 50%}", "{no_worse_than: {baseline: main, allowed_drop: 1pp}}"
)


def main() -> None:
    """Run the weeks in this directory until one is red, and say which."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weeks", type=int, default=WEEKS)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    write_suites(Path())
    rng = np.random.default_rng(given.seed)
    for week in range(given.weeks + 1):
        write_week(Path(), week, rng)
        words = [sys.executable, "-m", "pytest", "-q", suite_of(week)]
        ended = subprocess.run(words, capture_output=True, text=True)
        if ended.returncode:
            print(ended.stdout)
            print(f"red in week {week}: {week * LOST / IMAGES:.1%} lost since the origin")
            return
        run = max(Path("reports").iterdir())
        said = subprocess.run(
            [sys.executable, "-m", "robustcheck", "bless", str(run), "--as", "main"],
            capture_output=True,
            text=True,
            check=True,
        )
        print(f"week {week}: green; {said.stdout.splitlines()[-1].strip()}", flush=True)
    print(f"never red in {given.weeks} weeks")


def suite_of(week: int) -> str:
    """Return the suite of a week: the first has no baseline yet."""
    return "first.robust.yaml" if week == 0 else "later.robust.yaml"


def write_suites(directory: Path) -> None:
    """Write the suites of the first week and of all others."""
    (directory / "first.robust.yaml").write_text(FIRST, encoding="utf-8")
    (directory / "later.robust.yaml").write_text(LATER, encoding="utf-8")


def write_week(directory: Path, week: int, rng: np.random.Generator | None = None) -> None:
    """Write what a week's model says of 10,000 images; with ``rng`` any two weeks differ on 5% besides the loss."""
    right = np.arange(IMAGES) < RIGHT - LOST * week
    if rng is not None:
        rate = (1 - (1 - 2 * DISCORDANT) ** 0.5) / 2
        share = right.mean()
        right ^= rng.random(IMAGES) < np.where(right, rate / 2 / share, rate / 2 / (1 - share))
    labels = np.arange(IMAGES) % 1_000
    predicted = np.where(right, labels, (labels + 1) % 1_000)
    (directory / MODEL).mkdir(exist_ok=True)
    ids = np.array([f"{label}/{number}.jpg" for number, label in enumerate(labels)])
    np.savez_compressed(directory / MODEL / "imagenet-v2.npz", ids=ids, predicted=predicted, labels=labels)


if __name__ == "__main__":
    main()
