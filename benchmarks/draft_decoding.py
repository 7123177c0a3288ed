"""What --robust-decode draft saves of decoding, and what it moves of a model's decisions.

    python benchmarks/draft_decoding.py DATASET MODEL [--enlarge 4]

DATASET is a directory of JPEG files in class folders, MODEL a reference to a model that runs here. ``--enlarge``
resizes each photograph to so many times its size first and saves it at quality 90: the size of a camera's, though not
its detail. Printed are top-1 both ways, how many decisions changed, and the processor time of one core to decode and
crop an image.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from robustcheck.crops import Decode, Preparation
from robustcheck.measure import Bench, MeasureSettings
from robustcheck.models.model_sets import resolve_models
from robustcheck.run.noise_floor import logits_of
from robustcheck.values import Cell, ModelRef, Quantity, Score

REPEATS = 3


@dataclass(frozen=True, slots=True)
class Found:
    """One way of decoding: top-1, the decisions (n,), the crops, and milliseconds an image."""

    top1: float
    decisions: Sequence[int]
    crops: Sequence[object]
    milliseconds: float


def main() -> None:
    """Print both ways, and how they differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("model")
    parser.add_argument("--enlarge", type=int, default=1)
    given = parser.parse_args()
    (ref,) = resolve_models((given.model,))
    with tempfile.TemporaryDirectory() as scratch:
        data = enlarged(given.dataset, Path(scratch) / "data", given.enlarge)
        exact, draft = (measured(ref, data, Path(scratch) / "store", decode) for decode in ("exact", "draft"))
    n = len(exact.decisions)
    changed = int(np.sum(np.asarray(exact.decisions) != np.asarray(draft.decisions)))
    scaled = sum(not np.array_equal(a, b) for a, b in zip(exact.crops, draft.crops, strict=True))  # type: ignore[arg-type]
    print(f"{n} images, {scaled} of them with other pixels; decisions changed {changed} ({changed / n:.2%})")
    print(f"top-1 {exact.top1:.2%} exact, {draft.top1:.2%} draft")
    print(f"decode and crop, ms an image: {exact.milliseconds:.2f} exact, {draft.milliseconds:.2f} draft", end="")
    print(f" ({exact.milliseconds / draft.milliseconds:.2f} times faster)")


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
    """Measure top-1 in one way of decoding, and time its decoding apart."""
    bench = Bench(MeasureSettings(store=store, device="cpu", decode=decode))
    cell = Cell(ref, Quantity("top1", str(data)))
    score = bench.measure(cell)
    if not isinstance(score, Score):
        raise SystemExit(str(score))
    decisions = logits_of(cell, bench).values.argmax(axis=1).tolist()
    (recipe,), geometry = bench.recipes(cell), bench.models.get(ref).geometry
    preparation, taken = Preparation(recipe.images, decode=decode), []
    for _ in range(REPEATS):
        started = time.process_time()
        crops = [preparation.crops(index, {"": geometry})[""] for index in range(len(recipe.images))]
        taken.append(1_000 * (time.process_time() - started) / len(crops))
    return Found(score.value, decisions, crops, statistics.median(taken))


if __name__ == "__main__":
    main()
