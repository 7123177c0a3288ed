"""What --robust-decode torch and draft save of decoding, and what they move of a model's decisions.

    python benchmarks/decoding.py DATASET MODEL [--enlarge 4]

DATASET is a directory of JPEG files in class folders, MODEL a reference to a model that runs here. ``--enlarge``
resizes each photograph to so many times its size first and saves it at quality 90: the size of a camera's, though not
its detail. Printed are top-1 each way, how many decisions and pixels changed, and the processor time of one core to
decode and crop an image, measured in turns.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
import numpy.typing as npt
from PIL import Image

from robustcheck.crops import Decode, Preparation
from robustcheck.measure import Bench, MeasureSettings, logits_of
from robustcheck.models.geometry import Crop
from robustcheck.models.model_sets import resolve_models
from robustcheck.values import Cell, ModelRef, Quantity, Score

REPEATS = 5


@dataclass(frozen=True, slots=True)
class Found:
    """One way of decoding: top-1, the decisions (n,), and the crops of an image."""

    top1: float
    decisions: npt.NDArray[np.int64]
    crops: Callable[[int], Crop]


def main() -> None:
    """Print each way, and how it differs from the exact one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("model")
    parser.add_argument("--enlarge", type=int, default=1)
    given = parser.parse_args()
    (ref,) = resolve_models((given.model,))
    with tempfile.TemporaryDirectory() as scratch:
        data = enlarged(given.dataset, Path(scratch) / "data", given.enlarge)
        found = {decode: measured(ref, data, Path(scratch) / "store", decode) for decode in get_args(Decode)}
        n, exact = len(found["exact"].decisions), found["exact"]
        taken = in_turns({decode: way.crops for decode, way in found.items()}, n)
        print(f"{n} images of {data.name}, {ref.text}")
        print(
            f"{'':8}{'top-1':>8}{'decisions':>11}{'images':>8}{'values':>9}{'most':>6}{'ms an image':>13}{'faster':>8}"
        )
        for decode, way in found.items():
            changed = int(np.sum(way.decisions != exact.decisions))
            images, values, most = moved(way.crops, exact.crops, n)
            print(f"{decode:8}{way.top1:8.2%}{changed:11}{images:8}{values:9.3%}{most:6}", end="")
            print(f"{taken[decode]:13.2f}{taken['exact'] / taken[decode]:8.2f}")


def moved(crops: Callable[[int], Crop], exact: Callable[[int], Crop], count: int) -> tuple[int, float, int]:
    """Return how many images have other pixels, the share of values that moved, and by how much of 255 at most."""
    away = [np.abs(crops(index).astype(np.int64) - exact(index)) for index in range(count)]
    return (
        sum(bool(one.any()) for one in away),
        float(np.mean([(one > 0).mean() for one in away])),
        max(map(np.max, away)),
    )


def in_turns(ways: Mapping[str, Callable[[int], Crop]], count: int) -> dict[str, float]:
    """Return the milliseconds that each way takes an image, the median of its turns."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(REPEATS):
        for name, crops in ways.items():
            started = time.process_time()
            for index in range(count):
                crops(index)
            taken[name].append(1_000 * (time.process_time() - started) / count)
    return {name: statistics.median(times) for name, times in taken.items()}


def enlarged(source: Path, directory: Path, factor: int) -> Path:
    """Copy a data set, its photographs so many times as large."""
    shutil.copytree(source, directory)
    for path in sorted(directory.rglob("*")) if factor > 1 else ():
        if path.suffix.lower() in (".jpg", ".jpeg"):
            image = Image.open(path).convert("RGB")
            size = (image.width * factor, image.height * factor)
            image.resize(size, Image.Resampling.LANCZOS).save(path, quality=90)
    return directory


def measured(ref: ModelRef, data: Path, store: Path, decode: Decode) -> Found:
    """Measure top-1 in one way of decoding."""
    bench = Bench(MeasureSettings(store=store, device="cpu", decode=decode))
    cell = Cell(ref, Quantity("top1", str(data)))
    score = bench.measure(cell)
    if not isinstance(score, Score):
        raise SystemExit(str(score))
    decisions = logits_of(cell, bench).values.argmax(axis=1)
    (recipe,), geometry = bench.recipes(cell), bench.models.get(ref).geometry
    preparation = Preparation(recipe.images, decode=decode)

    def crops(index: int) -> Crop:
        crop = preparation.crops(index, {"": geometry})[""]
        assert not isinstance(crop, Exception), crop
        return crop

    return Found(score.value, decisions, crops)


if __name__ == "__main__":
    main()
