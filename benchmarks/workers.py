"""What workers save and cost, as ratios within one run; nothing else may run on the machine.

    python benchmarks/workers.py [IMAGES]

One suite on JPEG files of photograph size, through pytest: serial on one core against two workers of one core
each; serial on two cores against two workers, with eight models. Start-up is set apart: beside each run stands one on
``FEW`` images, a chunk for each worker, which imports and loads the same, and its time is taken off. Medians of
``REPEATS``.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

REPEATS = 5
FEW = 512
SIDE = (500, 375)
MODELS = tuple(
    f"zoo:{tower}-{kind}-{n}" for tower in ("cnn", "vit") for kind in ("plain", "augmented") for n in (100, 1000)
)
SUITE = """\
robustcheck: 1
title: A pass over photographs
models: [{models}]
checks:
  - id: photographs
    measure: {{metric: top1, dataset: {data}}}
    expect: {{at_least: 0.001%}}
"""


Pair = tuple[Path, Path]


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds on the clock and of the processors."""

    wall: float
    cpu: float


def main() -> None:
    """Print the ratios."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 6000
    with tempfile.TemporaryDirectory() as scratch:
        one = suites(Path(scratch) / "one", count, MODELS[:1])
        eight = suites(Path(scratch) / "eight", count, MODELS)
        alone, shared = costs(one, ("0",), ()), costs(one, ("0,1",), ("-n", "2"))
        serial, workers = costs(eight, ("0,1",), ()), costs(eight, ("0,1",), ("-n", "2"))
    print(json.dumps({"images": count, "processors": os.cpu_count(), "repeats": REPEATS}))
    print(f"one model, two workers of a core each : serial on one core   wall {shared.wall / alone.wall:.2f}")
    print(
        f"eight models, two workers : serial on two cores                wall {workers.wall / serial.wall:.2f}, "
        f"processor time {workers.cpu / serial.cpu:.2f}"
    )


def write_photographs(directory: Path, count: int) -> Path:
    """Write smooth random pictures as JPEG files in three classes."""
    rng = np.random.default_rng(0)
    for index in range(count):
        small = rng.integers(0, 256, size=(24, 32, 3), dtype=np.uint8)
        path = directory / ("a", "b", "c")[index % 3] / f"{index:05d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(small).resize(SIDE, Image.Resampling.BICUBIC).save(path, quality=92)
    (directory / "classnames.txt").write_text("zero\none\ntwo\n")
    return directory


def suites(directory: Path, count: int, models: Sequence[str]) -> Pair:
    """Write a suite on all images and one on few; return their directories."""
    return suite(directory / "all", count, models), suite(directory / "few", FEW, models)


def suite(directory: Path, count: int, models: Sequence[str]) -> Path:
    """Write photographs and a suite of one check on them; return its directory."""
    data = write_photographs(directory / "photographs", count)
    (directory / "pass.robust.yaml").write_text(SUITE.format(models=", ".join(models), data=data))
    return directory


def costs(pair: Pair, cpus: Sequence[str], workers: Sequence[str]) -> Cost:
    """Return the median cost of measuring, over several cold stores."""
    found = [once(pair, cpus[0], workers) for _ in range(REPEATS)]
    return Cost(statistics.median(cost.wall for cost in found), statistics.median(cost.cpu for cost in found))


def once(pair: Pair, cpus: str, workers: Sequence[str]) -> Cost:
    """Run the suite on all images and the one on few, each on a cold store, and return the difference."""
    whole, start = (_run(directory, cpus, workers) for directory in pair)
    return Cost(whole.wall - start.wall, whole.cpu - start.cpu)


def _run(directory: Path, cpus: str, workers: Sequence[str]) -> Cost:
    command = ["taskset", "-c", cpus, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *workers]
    with tempfile.TemporaryDirectory() as store:
        command += ["pass.robust.yaml", "--robust-store", store, "--robust-report", f"{store}/reports"]
        return _timed(command, directory)


def _timed(command: Sequence[str], directory: Path) -> Cost:
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall, cpu)


if __name__ == "__main__":
    main()
