"""One cold model on JPEG files: robustcheck against CLIP_benchmark and against the floor, as ratios within one run.

    python benchmarks/against_clip_benchmark.py PHOTOGRAPHS --theirs PYTHON [--pixels 224] [--images 2000] [--repeats 5]

PHOTOGRAPHS is a directory of JPEG files of the size in question; they are repeated with other bytes up to
``--images``. ``--theirs`` is the Python of an environment that has clip-benchmark 1.6.2; without it only the floor is
compared. Each measurement is a process of its own, with passive waiting, in turn with the others; medians are printed.
``pass`` is from the first image to the last embedding, ``start`` everything else of the process. The floor is one
thread that reads, decodes, resizes, crops, makes a tensor and runs the model on batches of 64. The model is a tiny CLIP
with random weights, so that images are most of the work, as they are on a card. Nothing else may run on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from robustcheck.crops import Decode

MODEL = "vit-plain-100"
CLASSES = ("one thing", "another thing")
PASSIVE = {"OMP_WAIT_POLICY": "PASSIVE", "KMP_BLOCKTIME": "0"}
BATCH = 64
Found = dict[str, float]


def main() -> None:
    """Print a row for each side, or measure one side where this is its process."""
    options = _options()
    if options.side:
        print(json.dumps(SIDES[options.side](Path(options.photographs), options)))
        return
    with tempfile.TemporaryDirectory() as scratch:
        data = write_copies(Path(options.photographs), Path(scratch) / "photographs", options.images)
        model = write_model(Path(scratch) / "model", options.pixels)
        rows = measured(data, model, options)
    print(f"{options.images} images, {os.cpu_count()} processors, medians of {options.repeats}")
    print(f"load of the machine {os.getloadavg()[0]:.1f} beside this run's own")
    print_rows(rows, options.images)


def print_rows(rows: dict[str, Found], images: int) -> None:
    """Print what each side took, and the ratios."""
    heads = (("pass s", 8), ("cpu ms/image", 14), ("of floor", 10), ("start s", 9), ("import s", 10), ("load s", 8))
    print(f"{'':27}" + "".join(f"{head:>{width}}" for head, width in heads) + f"{'wall s':>8}")
    floor_cpu = rows["floor"]["pass_cpu"]
    for name, row in rows.items():
        each, ratio, start = row["pass_cpu"] / images * 1000, row["pass_cpu"] / floor_cpu, row["wall"] - row["pass"]
        print(f"{name:27}{row['pass']:8.2f}{each:14.2f}{ratio:10.2f}{start:9.2f}", end="")
        print(f"{row['import']:10.2f}{row['load']:8.2f}{row['wall']:8.2f}")
    theirs_rows = [row for name, row in rows.items() if name.startswith("clip-benchmark")]
    if theirs_rows:
        best = min(theirs_rows, key=lambda row: row["wall"])
        for name, own in rows.items():
            if name.startswith("robustcheck"):
                ratios = f"pass {best['pass'] / own['pass']:.2f}, wall {best['wall'] / own['wall']:.2f}"
                print(f"clip-benchmark at its best : {name:27}{ratios}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs")
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--theirs", default="")
    parser.add_argument("--workers", default="0,1,2")
    parser.add_argument("--pixels", type=int, default=224)
    parser.add_argument("--model", default="", help=argparse.SUPPRESS)
    parser.add_argument("--side", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


def write_copies(source: Path, directory: Path, count: int) -> Path:
    """Repeat JPEG files in two class folders; bytes behind the end of a JPEG make each file another one."""
    found = sorted(path for path in source.rglob("*") if path.suffix.lower() in (".jpg", ".jpeg"))
    if not found:
        raise SystemExit(f"no JPEG files in {source}")
    for index in range(count):
        path = directory / ("a", "b")[index % 2] / f"{index:06d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(found[index % len(found)].read_bytes() + index.to_bytes(4, "big"))
    (directory / "classnames.txt").write_text("\n".join(CLASSES) + "\n")
    return directory


def write_model(directory: Path, pixels: int) -> Path:
    """Write a tiny CLIP with random weights that takes so many pixels a side, in seven by seven patches or fewer."""
    import open_clip
    from safetensors.torch import save_file

    from robustcheck.models.catalogue import ZOO_DIRECTORY

    shutil.copytree(ZOO_DIRECTORY / MODEL, directory)
    path = directory / "open_clip_config.json"
    config = json.loads(path.read_text())
    config["model_cfg"]["vision_cfg"].update(image_size=pixels, patch_size=max(8, pixels // 7))
    config["preprocess_cfg"]["size"] = [pixels, pixels]
    path.write_text(json.dumps(config))
    model = open_clip.create_model(f"local-dir:{directory}", load_weights=False)
    save_file(model.state_dict(), directory / "open_clip_model.safetensors")
    return directory


def measured(data: Path, model: Path, options: argparse.Namespace) -> dict[str, Found]:
    """Measure every side in turn, several times; return the median of each fact."""
    commands = {
        "floor": (sys.executable, "floor", "0"),
        "robustcheck": (sys.executable, "ours", "0"),
        "robustcheck, decode torch": (sys.executable, "resized", "0"),
    }
    for workers in options.workers.split(",") if options.theirs else ():
        commands[f"clip-benchmark, {workers} workers"] = (options.theirs, "theirs", workers)
    found: dict[str, list[Found]] = {name: [] for name in commands}
    for _ in range(options.repeats):
        for name, (python, side, workers) in commands.items():
            asked = ["--side", side, "--workers", workers, "--model", str(model)]
            found[name].append(run_side([python, __file__, str(data), *asked]))
    return {name: {key: statistics.median(row[key] for row in rows) for key in rows[0]} for name, rows in found.items()}


def run_side(command: Sequence[str]) -> Found:
    """Run a side in a process of its own and add what the whole of it took."""
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **PASSIVE})
    wall = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(done.stderr)
    return {**json.loads(done.stdout.splitlines()[-1]), "wall": wall}


def _timed(act: Callable[[], object]) -> tuple[float, float]:
    """Return the seconds of an act: on the clock, and on the processors with the processes that it started."""
    before, started = _cpu(), time.perf_counter()
    act()
    return time.perf_counter() - started, _cpu() - before


def _cpu() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def floor(data: Path, options: argparse.Namespace) -> Found:
    """Do what cannot be left out, on one thread."""
    import_s, _ = _timed(lambda: __import__("open_clip"))
    import open_clip
    import torch
    from PIL import Image

    torch.set_num_threads(1)
    loaded: list[object] = []
    load_s, _ = _timed(lambda: loaded.extend(open_clip.create_model_from_pretrained(f"local-dir:{options.model}")))
    model, transform = loaded
    paths = sorted(data.rglob("*.jpg"))

    def run() -> None:
        with torch.inference_mode():
            for start in range(0, len(paths), BATCH):
                images = [transform(Image.open(path).convert("RGB")) for path in paths[start : start + BATCH]]
                model.encode_image(torch.stack(images))

    wall, cpu = _timed(run)
    return {"pass": wall, "pass_cpu": cpu, "import": import_s, "load": load_s}


def ours(data: Path, options: argparse.Namespace, decode: Decode = "exact") -> Found:
    """Measure top-1 through a bench, on a cold store."""
    import_s, _ = _timed(lambda: __import__("robustcheck.measure"))
    from robustcheck.measure import Bench
    from robustcheck.models.model_sets import resolve_models
    from robustcheck.run.measuring_options import measure_settings
    from robustcheck.values import Cell, Quantity, Score

    cell = Cell(resolve_models((f"local-dir:{options.model}",))[0], Quantity("top1", str(data)))
    with tempfile.TemporaryDirectory() as store:
        bench = Bench(measure_settings(Path(store), (), decode=decode))
        load_s, _ = _timed(lambda: bench.models.get(cell.model))
        (recipe,) = bench.recipes(cell)
        if recipe.head is not None:
            bench.memo.get(recipe.head)
        wall, cpu = _timed(lambda: bench.measure(cell))
        assert isinstance(bench.measure(cell), Score)
    return {"pass": wall, "pass_cpu": cpu, "import": import_s, "load": load_s}


def theirs(data: Path, options: argparse.Namespace) -> Found:
    """Run the classification of CLIP_benchmark on a loader of its kind."""
    import_s, _ = _timed(lambda: __import__("clip_benchmark.metrics.zeroshot_classification"))
    import open_clip
    import torch
    from clip_benchmark.metrics import zeroshot_classification
    from torchvision.datasets import ImageFolder

    loaded: list[object] = []
    load_s, _ = _timed(lambda: loaded.extend(open_clip.create_model_from_pretrained(f"local-dir:{options.model}")))
    model, transform = loaded
    tokenizer = open_clip.get_tokenizer(f"local-dir:{options.model}")
    texts = ["a photo of {c}."]
    head = zeroshot_classification.zero_shot_classifier(model, tokenizer, CLASSES, texts, "cpu", amp=False)
    images = ImageFolder(str(data), transform=transform)
    loader = torch.utils.data.DataLoader(images, batch_size=BATCH, num_workers=int(options.workers))
    wall, cpu = _timed(lambda: zeroshot_classification.run_classification(model, head, loader, "cpu", amp=False))
    return {"pass": wall, "pass_cpu": cpu, "import": import_s, "load": load_s}


SIDES: dict[str, Callable[[Path, argparse.Namespace], Found]] = {
    "floor": floor,
    "ours": ours,
    "resized": partial(ours, decode="torch"),
    "theirs": theirs,
}

if __name__ == "__main__":
    main()
