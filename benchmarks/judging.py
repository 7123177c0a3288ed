"""What judging costs: it must not grow with the number of images, nor its memory with what was judged.

    python benchmarks/judging.py                                    # about four minutes
    python benchmarks/judging.py --images 1000,10000 --models 3     # a minute, to see that it works

Models are predictions saved for more and more images, made from a seed, each held to 24 checks by ``pytest`` in a
process of its own: once on an empty store and then from it. The last line is about published figures: 119 models and
50 checks. Seconds are of the wall and of the processor; the peak is that of the process. Say whether the machine was
idle: only the processor's seconds are fit to be read where it was not.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

# A class of one image has no recall with an interval: a thousand images need fewer classes than ImageNet has.
CLASSES = 100
HEAD = "robustcheck: 1\nmodels: {models}\nchecks:\n"
CHECK = "  - {{id: {id}, measure: {{metric: {metric}, dataset: imagenet-sketch{options}}}, expect: {{{expect}}}}}\n"


@dataclass(frozen=True)
class Cost:
    """What a run of pytest took: seconds of the wall and of the processor, and its peak of memory in MiB."""

    wall: float
    processor: float
    peak: float


def main() -> None:
    """Print a line for each number of images, then one for published figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", default="1000,10000,50000", help="how many images, several with commas")
    parser.add_argument("--models", type=int, default=10, help="how many models")
    parser.add_argument("--repeats", type=int, default=3, help="runs from the store, of which the median counts")
    parser.add_argument("--published", type=int, default=50, help="checks on published figures; 0 leaves them out")
    given = parser.parse_args()
    print(f"{'':30}{'items':>7}{'first, s':>10}{'again, s':>10}{'CPU, s':>8}{'ms an item':>12}{'peak, MiB':>11}")
    for images in map(int, given.images.split(",")):
        with tempfile.TemporaryDirectory() as scratch:
            write_predictions(Path(scratch), images, given.models)
            _print(f"{images:,} images", 24 * given.models, Path(scratch), given.repeats)
    if given.published:
        with tempfile.TemporaryDirectory() as scratch:
            items = write_published(Path(scratch), given.published)
            _print("published figures", items, Path(scratch), given.repeats)


def _print(name: str, items: int, directory: Path, repeats: int) -> None:
    first = timed(directory)
    again = [timed(directory) for _ in range(repeats)]
    wall, processor = (statistics.median(getattr(cost, part) for cost in again) for part in ("wall", "processor"))
    print(
        f"{name:30}{items:7,}{first.wall:10.2f}{wall:10.2f}{processor:8.2f}{1_000 * processor / items:12.2f}"
        f"{max(cost.peak for cost in again):11.0f}",
        flush=True,
    )


def timed(directory: Path) -> Cost:
    """Run the suite in a directory; raise SystemExit where it could not judge."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--robust-report", "reports", "."]
    # Modules that are compiled anew in each run are no part of judging.
    given = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    child: subprocess.Popen[str] = subprocess.Popen(command, cwd=directory, env=given, **pipe)  # type: ignore[call-overload]
    assert child.stdout is not None
    said = child.stdout.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1) or " error" in said.splitlines()[-1]:
        raise SystemExit(said)
    return Cost(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1_024)


def write_predictions(directory: Path, images: int, models: int) -> None:
    """Write the predictions of models that differ a little, and a suite of 24 checks on them."""
    rng = np.random.default_rng(images)
    labels = rng.permutation(images) % CLASSES
    ids = np.array([f"n{place % CLASSES:08d}/sketch_{place}.JPEG" for place in range(1, images + 1)])
    ease = rng.random(images)
    for model in range(models):
        right = ease + 0.05 * rng.normal(size=images) < 0.6 + 0.2 * model / models
        predicted = np.where(right, labels, (labels + 1) % CLASSES)
        confidence = np.clip(0.2 + 0.6 * ease + 0.2 * rng.random(images), 0.01, 1)
        path = directory / f"model-{model}"
        path.mkdir()
        np.savez(path / "imagenet-sketch.npz", ids=ids, predicted=predicted, confidence=confidence, labels=labels)
    references = ", ".join(f'"predictions:{directory}/model-{model}"' for model in range(models))
    checks = [_check("top1", "top1", "at_least: 50%"), _check("recall", "mean_per_class_recall", "at_least: 50%")]
    checks += [_check(f"ece-{bins}", "ece", "at_most: 0.2", f"options: {{bins: {bins}}}") for bins in range(10, 20)]
    checks += [
        _check(f"mass-{bins}", "ece_mass", "at_most: 0.2", f"options: {{bins: {bins}}}") for bins in range(10, 20)
    ]
    other = f'no_worse_than: {{model: "predictions:{directory}/model-0", allowed_drop: '
    checks += [_check("pair", "top1", other + "1pp}"), _check("pair-ece", "ece", other + "0.01}")]
    (directory / "judging.robust.yaml").write_text(HEAD.format(models=f"[{references}]") + "".join(checks))


def write_published(directory: Path, count: int) -> int:
    """Write a suite of so many checks on published figures; return how many items it has."""
    sets = ("imagenet-v2", "imagenet-sketch", "imagenet-r", "imagenet-a", "objectnet")
    text = HEAD.format(models='["family=clip"]')
    for place in range(count):
        check = _check(f"c{place}", "top1", f"at_least: {place / count * 100:.0f}%")
        text += check.replace("imagenet-sketch", sets[place % len(sets)])
    (directory / "published.robust.yaml").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", "."]
    said = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=True).stdout
    return int(said.splitlines()[-1].split()[0])


def _check(name: str, metric: str, expect: str, options: str = "") -> str:
    return CHECK.format(id=name, metric=metric, expect=expect, options=f", {options}" if options else "")


if __name__ == "__main__":
    main()
