"""Eight models with thirty checks against what cannot be left out, as ratios within one run.

    python benchmarks/eight_models.py PHOTOGRAPHS            # some three minutes on two cores
    python benchmarks/eight_models.py PHOTOGRAPHS --quick    # to see that it works

PHOTOGRAPHS is a directory of JPEG files of the size in question; they are repeated with other bytes up to
``--images``. The floor is one thread that reads, decodes and crops each image once and runs every model on it. Aimed at
are 1.15 of the floor for thirty checks, and 1.10 of one check for thirty, both in processor time. Models are loaded and
text heads made beforehand, stores are empty; they take turns. Nothing else may run on the machine.

``beside`` is the floor while another process decodes on another core, as the threads of a pass do beside its models:
where cores share caches, memory and their clock, the same work takes more of the processor's time then.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from robustcheck.measure import Bench
from robustcheck.models.crop_batch import CropBatch
from robustcheck.models.encoders import ZeroShotModel, load_model
from robustcheck.models.model_sets import resolve_models
from robustcheck.run.measuring_options import measure_settings
from robustcheck.values import Cell, ModelRef, Quantity, Score

sys.path.insert(0, str(Path(__file__).parent))
from against_clip_benchmark import BATCH, PASSIVE, write_copies
from workers import MODELS, Cost

IMAGES, REPEATS = 2000, 5
QUICK_IMAGES, QUICK_REPEATS = 64, 1
BINS = range(10, 25)
RATIOS = (("thirty", "floor"), ("one", "floor"), ("thirty", "one"), ("one", "beside"), ("thirty", "beside"))

Models = dict[ModelRef, ZeroShotModel]


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs", type=Path)
    parser.add_argument("--images", type=int, default=IMAGES)
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--quick", action="store_true", help="few images, once")
    parser.add_argument("--decode", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.decode:
        decode_for_ever(sorted(given.photographs.rglob("*.jpg")))
    images, repeats = (QUICK_IMAGES, QUICK_REPEATS) if given.quick else (given.images, given.repeats)
    # Read by OpenMP when torch is imported, which nothing here has done yet.
    os.environ.update(PASSIVE)
    with tempfile.TemporaryDirectory() as scratch:
        data = write_copies(given.photographs, Path(scratch) / "photographs", images)
        rounds = measured(data, Path(scratch), repeats)
    print(f"{images} images, {len(MODELS)} models, {os.cpu_count()} processors, medians of {repeats}")
    print(f"load of the machine {os.getloadavg()[0]:.1f}, this run's own included")
    print_ratios(rounds)


def print_ratios(rounds: Sequence[dict[str, Cost]]) -> None:
    """Print the medians of the ratios of each round, and of the seconds."""
    for over, under in RATIOS:
        cpu, wall = (
            statistics.median(getattr(each[over], what) / getattr(each[under], what) for each in rounds)
            for what in ("cpu", "wall")
        )
        print(f"{over:>7} : {under:7} processor time {cpu:5.2f}   wall {wall:5.2f}")
    for name in rounds[0]:
        cpu, wall = (statistics.median(getattr(each[name], what) for each in rounds) for what in ("cpu", "wall"))
        print(f"{name:>7}   {'':7} processor time {cpu:5.2f} s wall {wall:5.2f} s")


def measured(data: Path, scratch: Path, repeats: int) -> list[dict[str, Cost]]:
    """Measure the floor, alone and beside another process, one check and thirty checks in turn.

    A first round is not counted.
    """
    models = loaded_models()
    paths, thirty = sorted(data.rglob("*.jpg")), thirty_quantities(str(data))
    # What is imported and hashed for the first time is no part of a pass.
    checked(scratch / "first", models, thirty[:1])
    alone = partial(floor, paths, list(models.values()))
    return [
        {
            "floor": _timed(alone),
            "beside": beside(data, alone),
            "one": checked(scratch / f"one-{number}", models, thirty[:1]),
            "thirty": checked(scratch / f"thirty-{number}", models, thirty),
        }
        for number in range(repeats)
    ]


def loaded_models() -> Models:
    """Load the models, all of the zoo and of one geometry."""
    found: Models = {}
    for ref in resolve_models(MODELS):
        model = load_model(ref, "cpu", "fp32")
        assert isinstance(model, ZeroShotModel), "the zoo has no others"
        found[ref] = model
    return found


def thirty_quantities(name: str) -> list[Quantity]:
    """Return the quantities of thirty checks on one data set: accuracies, and calibration in many ways."""
    found = [Quantity(metric, name) for metric in ("top1", "mean_per_class_recall", "macro_f1")]
    found += [
        Quantity(metric, name, options=(("temperature", temperature),))
        for metric in ("ece", "ece_mass", "nll", "brier")
        for temperature in ("none", "fitted", "oracle")
    ]
    return found + [Quantity("ece", name, options=(("bins", str(bins)),)) for bins in BINS]


def floor(paths: Sequence[Path], models: Sequence[ZeroShotModel]) -> None:
    """Do what cannot be left out, on one thread: decode and crop each image once, run each model on it."""
    import torch
    from PIL import Image

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    (geometry,) = {model.geometry.key: model.geometry for model in models}.values()
    for start in range(0, len(paths), BATCH):
        crops = [geometry.crop(Image.open(path).convert("RGB")) for path in paths[start : start + BATCH]]
        batch = CropBatch(crops)
        for model in models:
            model.encode_images(batch)
    torch.set_num_threads(before)


def beside(data: Path, act: Callable[[], object]) -> Cost:
    """Time an act while another process decodes images; its own time does not count."""
    with _decoding(data):
        return _timed(act)


@contextmanager
def _decoding(data: Path) -> Iterator[None]:
    other = subprocess.Popen([sys.executable, __file__, str(data), "--decode"])
    try:
        time.sleep(1)  # it has begun by then
        yield
    finally:
        other.kill()
        other.wait()


def decode_for_ever(paths: Sequence[Path]) -> None:
    """Decode images until somebody ends this process."""
    from PIL import Image

    while True:
        for path in paths:
            Image.open(path).convert("RGB")


def checked(store: Path, models: Models, quantities: Sequence[Quantity]) -> Cost:
    """Measure checks of all models on an empty store."""
    bench = Bench(measure_settings(store, (), device="cpu"), load=lambda ref, device, precision: models[ref])
    cells = [Cell(ref, quantity) for ref in models for quantity in quantities]
    for cell in cells:
        (recipe, *_) = bench.recipes(cell)
        if recipe.head is not None:
            bench.memo.get(recipe.head)
    found: dict[Cell, object] = {}
    cost = _timed(lambda: found.update(bench.measure_all(cells)))
    wrong = [found[cell] for cell in cells if not isinstance(found[cell], Score)]
    if wrong:
        raise SystemExit(f"{len(wrong)} of {len(cells)} checks have no score, the first: {wrong[0]}")
    return cost


def _timed(act: Callable[[], object]) -> Cost:
    started, cpu = time.perf_counter(), time.process_time()
    act()
    return Cost(time.perf_counter() - started, time.process_time() - cpu)


if __name__ == "__main__":
    main()
