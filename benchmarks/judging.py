"""What judging costs: it must not grow with the number of images, nor its memory with what was judged.

    python benchmarks/judging.py                                     # about fifteen minutes
    python benchmarks/judging.py --images 1000,10000 --live 0        # three minutes, to see that it works

Each line is ``pytest`` with the whole of its work in a process of its own: start-up, collecting, judging, report. It is
run once, and then from the store. The lines are:

- an empty test beside the plugin: what pytest and Python take before anything is judged;
- 240 items: ten models, which are predictions saved for more and more images, each held to 24 checks;
- published figures: 119 models and 50 checks;
- live items: 121 models of 50,889 images and 50 checks. Their scores are made once, for the first model, and kept
  under the keys of the others, because judging 6,050 scores for the first time takes an hour.

Processor time is that of the process, user and system. Of several runs the least counts: other work on the machine
only adds. Say whether the machine was idle.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from robustcheck.files.sealed import seal, unseal
from robustcheck.measure import Bench, MeasureSettings
from robustcheck.measure.scores import score_key, stored_key
from robustcheck.run.session import RobustSession
from robustcheck.run.settings import HOME, RunSettings
from robustcheck.store import open_store
from robustcheck.values import Cell, Result

# A class of one image has no recall with an interval: a thousand images need fewer classes than ImageNet has.
CLASSES = 100
# As many as imagenet-sketch has: a part of a set makes every pass a warning.
LIVE_IMAGES = 50_889
NAMES = {"ece": "ece", "ece_mass": "mass"}
HEAD = "robustcheck: 1\nmodels: {models}\nchecks:\n"
CHECK = "  - {{id: {id}, measure: {{metric: {metric}, dataset: imagenet-sketch{options}}}, expect: {{{expect}}}}}\n"


@dataclass(frozen=True)
class Cost:
    """What a run of pytest took: seconds of the wall and of the processor, and its peak of memory in MiB."""

    wall: float
    processor: float
    peak: float


def main() -> None:
    """Print a line for each kind of run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", default="1000,2000,10000,50000", help="how many images, several with commas")
    parser.add_argument("--models", type=int, default=10, help="how many models have so many images")
    parser.add_argument("--repeats", type=int, default=5, help="runs from the store, of which the least counts")
    parser.add_argument("--published", type=int, default=50, help="checks on published figures; 0 leaves them out")
    parser.add_argument("--live", type=int, default=121, help="models of the live items; 0 leaves them out")
    given = parser.parse_args()
    print(f"{'':24}{'items':>7}{'first CPU, s':>14}{'wall, s':>9}{'CPU, s':>8}{'ms an item':>12}{'peak, MiB':>11}")
    with tempfile.TemporaryDirectory() as scratch:
        (Path(scratch) / "test_nothing.py").write_text("def test_nothing():\n    pass\n")
        _print("an empty test", 1, Path(scratch), given.repeats)
    for images in map(int, filter(None, given.images.split(","))):
        with tempfile.TemporaryDirectory() as scratch:
            write_suite(Path(scratch), write_predictions(Path(scratch), images, given.models))
            _print(f"{images:,} images", 24 * given.models, Path(scratch), given.repeats)
    if given.published:
        with tempfile.TemporaryDirectory() as scratch:
            items = write_published(Path(scratch), given.published)
            _print("published figures", items, Path(scratch), given.repeats)
    if given.live:
        with tempfile.TemporaryDirectory() as scratch:
            items = write_live(Path(scratch), LIVE_IMAGES, given.live)
            _print("live items", items, Path(scratch), given.repeats)


def _print(name: str, items: int, directory: Path, repeats: int) -> None:
    first = timed(directory)
    again = [timed(directory) for _ in range(repeats)]
    least = min(cost.processor for cost in again)
    print(
        f"{name:24}{items:7,}{first.processor:14.2f}{min(cost.wall for cost in again):9.2f}{least:8.2f}"
        f"{1_000 * least / items:12.2f}{max(cost.peak for cost in again):11.0f}",
        flush=True,
    )


def timed(directory: Path) -> Cost:
    """Run the tests in a directory; raise SystemExit where it could not judge."""
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


def write_predictions(directory: Path, images: int, models: int) -> list[Path]:
    """Write the predictions of models that differ a little; return their directories."""
    rng = np.random.default_rng(images)
    labels = rng.permutation(images) % CLASSES
    ids = np.array([f"{place:06d}" for place in range(images)])
    ease = rng.random(images)
    for model in range(models):
        right = ease + 0.05 * rng.normal(size=images) < 0.6 + 0.2 * model / models
        predicted = np.where(right, labels, (labels + 1) % CLASSES)
        confidence = np.clip(0.2 + 0.6 * ease + 0.2 * rng.random(images), 0.01, 1)
        path = directory / f"model-{model}"
        path.mkdir()
        np.savez(path / "imagenet-sketch.npz", ids=ids, predicted=predicted, confidence=confidence, labels=labels)
    return [directory / f"model-{model}" for model in range(models)]


def write_suite(directory: Path, models: Sequence[Path]) -> None:
    """Write a suite of 24 checks on saved predictions: most of them fail, which costs more than to pass."""
    checks = [_check("top1", "top1", "at_least: 50%"), _check("recall", "mean_per_class_recall", "at_least: 50%")]
    for metric in NAMES:
        for bins in range(10, 20):
            checks.append(_check(f"{NAMES[metric]}-{bins}", metric, "at_most: 0.2", f"options: {{bins: {bins}}}"))
    other = f'no_worse_than: {{model: "predictions:{models[0]}", allowed_drop: '
    checks += [_check("pair", "top1", other + "1pp}"), _check("pair-ece", "ece", other + "0.01}")]
    _write(directory / "judging.robust.yaml", models, checks)


def write_published(directory: Path, count: int) -> int:
    """Write a suite of so many checks on published figures; return how many items it has."""
    sets = ("imagenet-v2", "imagenet-sketch", "imagenet-r", "imagenet-a", "objectnet")
    text = HEAD.format(models='["family=clip"]')
    for place in range(count):
        check = _check(f"c{place}", "top1", f"at_least: {(place + 1) / (count + 1) * 100:.0f}%")
        text += check.replace("imagenet-sketch", sets[place % len(sets)])
    (directory / "published.robust.yaml").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "--collect-only", "."]
    said = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=True).stdout
    return int(said.splitlines()[-1].split()[0])


def write_live(directory: Path, images: int, models: int) -> int:
    """Write predictions, 50 checks on them, and the scores of all of them; return how many items that makes."""
    paths = write_predictions(directory, images, models)
    checks = [_check("top1", "top1", "at_least: 50%"), _check("recall", "mean_per_class_recall", "at_least: 50%")]
    for metric in NAMES:
        for bins in range(10, 34):
            limit = 0.05 if bins == 10 else 0.9
            checks.append(_check(f"{NAMES[metric]}-{bins}", metric, f"at_most: {limit}", f"options: {{bins: {bins}}}"))
    _write(directory / "live.robust.yaml", paths, checks)
    _share_scores(directory)
    return len(checks) * models


def _share_scores(directory: Path) -> None:
    """Make the score of each check for the first model, and keep it under the keys of the other models."""
    settings = RunSettings(MeasureSettings(directory / HOME / "store"), directory / HOME / "baselines", directory)
    session = RobustSession(settings, datetime.now(UTC).date())
    items = session.plan(session.load(directory / "live.robust.yaml")).items
    session.select(items)
    bench, store = session.book.bench, open_store(settings.measure.store)
    made: dict[str, tuple[str, Result]] = {}
    for item in items:
        (cell,) = item.cells
        if item.check.key not in made:
            result = session.judge(session.gather(item), item.name, time.perf_counter())
            made[item.check.key] = (_stored(cell, bench), result)
            continue
        first, result = made[item.check.key]
        found = store.read("scores", first)
        assert found is not None, "the score of the first model was just stored"
        assert result.score is not None, "the first model was judged"
        store.write("scores", _stored(cell, bench), found.array, found.facts)
        samples = settings.samples / f"{result.score.key}.npz"
        key = score_key(cell, bench.recipes(cell))
        if result.verdict.status == "fail":
            # They are read, once, for what the report draws.
            unsealed = unseal(samples.read_bytes(), result.score.key)
            assert unsealed is not None, "the samples of the first model were just sealed"
            (settings.samples / f"{key}.npz").write_bytes(seal(unsealed.content, key))
        else:
            os.link(samples, settings.samples / f"{key}.npz")


def _stored(cell: Cell, bench: Bench) -> str:
    return stored_key(score_key(cell, bench.recipes(cell)))


def _write(path: Path, models: Sequence[Path], checks: Sequence[str]) -> None:
    references = ", ".join(f'"predictions:{model}"' for model in models)
    path.write_text(HEAD.format(models=f"[{references}]") + "".join(checks))


def _check(name: str, metric: str, expect: str, options: str = "") -> str:
    return CHECK.format(id=name, metric=metric, expect=expect, options=f", {options}" if options else "")


if __name__ == "__main__":
    main()
