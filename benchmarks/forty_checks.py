"""What forty checks on one data set cost against the first of them alone, as a ratio within one run.

    python benchmarks/forty_checks.py

One model that ships, on the drawn shapes (and their unseen ones for detection): accuracies by prompt set and
by visual factor, calibration before and after temperature scaling, detection by every score. Each image
is decoded once and encoded once, whatever is asked of it; half a minute on one core.
"""

from __future__ import annotations

import dataclasses
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from robustcheck.datasets import Dataset, open_dataset
from robustcheck.measure import Bench, MeasureSettings
from robustcheck.models.encoders import LoadedModel, Precision, ZeroShotModel, load_model
from robustcheck.models.model_sets import resolve_models
from robustcheck.values import Cell, ModelRef, Quantity, Score

DATASET, UNSEEN = "shapes", "shapes-ood"
PROMPTS = (None, "1", "mcm-5", "openai-7", "openai-80")
FACTORS = ("pose", "background", "color", "texture")
SCORES = ("mcm", "msp", "max_logit", "energy", "entropy")


def main() -> None:
    """Print how many images each run decoded and encoded, and how long it took against the first check."""
    cells = forty_cells(resolve_models(("zoo",))[0])
    with tempfile.TemporaryDirectory() as scratch:
        # The first measurement of a process pays for importing torch; it is not what is compared.
        measured(cells[-1:], Path(scratch) / "warm")
        first, alone = measured(cells[:1], Path(scratch) / "first")
        forty, together = measured(cells, Path(scratch) / "forty")
        again, looked_up = measured(cells, Path(scratch) / "forty")
    print(f"{'':24}{'checks':>7}{'decoded':>9}{'encoded':>9}{'time':>8}")
    for name, n, counts, seconds in (
        ("the first alone", 1, first, alone),
        ("all forty", len(cells), forty, together),
        ("all forty, from store", len(cells), again, looked_up),
    ):
        print(f"{name:24}{n:7}{counts['decoded']:9}{counts['encoded']:9}{seconds / alone:7.2f}x")


def forty_cells(model: ModelRef) -> list[Cell]:
    """Return the cells of forty checks on one data set."""
    quantities = [Quantity("top1", DATASET, prompts=prompts) for prompts in PROMPTS]
    quantities += [Quantity(metric, DATASET) for metric in ("top5", "mean_per_class_recall", "worst_factor")]
    quantities += [
        Quantity(metric, DATASET, (("factor", factor),)) for metric in ("top1", "error_ratio") for factor in FACTORS
    ]
    quantities += [
        Quantity(metric, DATASET, options=(("temperature", temperature),))
        for metric in ("ece", "ece_mass", "nll", "brier")
        for temperature in ("none", "fitted", "oracle")
    ]
    quantities += [
        Quantity(metric, UNSEEN, options=(("score", score),)) for metric in ("auroc", "fpr95") for score in SCORES
    ]
    quantities += [Quantity("auroc", UNSEEN, prompts=prompts) for prompts in ("1", "openai-80")]
    return [Cell(model, quantity) for quantity in quantities]


def measured(cells: Sequence[Cell], store: Path) -> tuple[Counter[str], float]:
    """Measure cells; return how many images were decoded and encoded, and the seconds."""
    events: list[str] = []
    bench = noting_bench(MeasureSettings(store=store, device="cpu"), events)
    started = time.perf_counter()
    found = bench.measure_all(cells)
    seconds = time.perf_counter() - started
    wrong = [found[cell] for cell in cells if not isinstance(found[cell], Score)]
    if wrong:
        raise SystemExit(f"{len(wrong)} of {len(cells)} checks have no score, the first: {wrong[0]}")
    return Counter(events), seconds


def noting_bench(settings: MeasureSettings, events: list[str]) -> Bench:
    """Return a bench that notes every image that is decoded and every one that is encoded."""

    def opening(*arguments: Any) -> Dataset:
        dataset: Any = open_dataset(*arguments)
        return dataclasses.replace(dataset, pictures=_Noted(dataset.pictures, events))

    def loading(ref: ModelRef, device: str, precision: Precision) -> LoadedModel:
        model = load_model(ref, device, precision)
        assert isinstance(model, ZeroShotModel)
        return _NotedModel(model, events)

    bench = Bench(settings, load=loading)
    bench.shelf.open = opening
    return bench


@dataclasses.dataclass
class _NotedModel:
    """A zero-shot model; the images that it encodes are noted."""

    inner: ZeroShotModel
    events: list[str]

    # Each attribute is written out: from Python 3.12 on, isinstance does not see what __getattr__ would find.
    def __post_init__(self) -> None:
        self.geometry, self.normalisation = self.inner.geometry, self.inner.normalisation
        self.logit_scale, self.logit_bias = self.inner.logit_scale, self.inner.logit_bias

    def encode_images(self, crops: Sequence[Any]) -> Any:
        self.events.extend(["encoded"] * len(crops))
        return self.inner.encode_images(crops)

    def encode_texts(self, texts: list[str]) -> Any:
        return self.inner.encode_texts(texts)


@dataclasses.dataclass(frozen=True)
class _Noted:
    """The images of a data set; those that are decoded, by whichever thread, are noted."""

    inner: Any
    events: list[str]

    def image(self, index: int) -> Any:
        self.events.append("decoded")
        return self.inner.image(index)


if __name__ == "__main__":
    main()
