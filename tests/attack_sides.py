"""Models and images that robustcheck attacks on one side, and a second implementation on the other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from attack_references import Attack, Stage, robust, timm_stage, zoo_stage
from real_classifier import ARCHITECTURE, PHOTOS, write_checkpoint
from scoring_data import options

from robustcheck.datasets import open_dataset
from robustcheck.datasets.class_sets import imagenet_wnids
from robustcheck.measure import Bench, MeasureSettings
from robustcheck.models.reference import parse_reference
from robustcheck.values import Cell, ModelRef, Quantity, Score


@dataclass
class Both:
    """A model and images, as robustcheck measures them and as a stage of the second side."""

    bench: Bench
    ref: ModelRef
    dataset: str
    images: int
    stage: Stage
    prompts: str | None = None

    def ours(self, attack: str, eps: str, **asked: object) -> np.ndarray:
        """Return which images robustcheck finds robust, in the stage's order."""
        given = options(attack=attack, eps=eps, images=self.images, **asked)
        quantity = Quantity("robust_accuracy", self.dataset, prompts=self.prompts, options=tuple(sorted(given)))
        cell = Cell(self.ref, quantity)
        found = self.bench.measure(cell)
        assert isinstance(found, Score), found
        samples = self.bench.samples(cell)
        assert samples.ids.tolist() == list(self.stage.ids)
        return samples.scores.astype(bool)

    def agree(self, attack: str, eps: str, theirs: Attack, **asked: object) -> np.ndarray:
        """Hold both sides against each other, and return which images are robust."""
        top, bottom = map(int, eps.split("/"))
        expected = robust(self.stage, theirs, top / bottom)
        np.testing.assert_array_equal(self.ours(attack, eps, **asked), expected)
        return expected


def chosen(bench: Bench, ref: ModelRef, dataset: str, images: int) -> list[str]:
    """Return the ids of the images that a check of so many attacks."""
    given = tuple(sorted(options(attack="fgsm", eps="0", images=images)))
    (recipe,) = bench.recipes(Cell(ref, Quantity("robust_accuracy", dataset, options=given)))
    return recipe.dataset.ids[list(recipe.chosen)].tolist()


def on_digits(place: Path, images: int) -> Both:
    """Return a CLIP model of the zoo and so many digits."""
    (place / "prompt.txt").write_text("a photo of the digit {c}.\n", encoding="utf-8")
    bench = Bench(MeasureSettings(store=place / "store", device="cpu"))
    ref, digits = parse_reference("zoo:vit-plain-1000"), open_dataset("digits", ())
    ids = chosen(bench, ref, "digits", images)
    rows = [digits.ids.tolist().index(name) for name in ids]
    pictures = [np.asarray(digits.image(row).convert("RGB")) for row in rows]
    texts = [f"a photo of the digit {name}." for name in digits.class_names]
    stage = zoo_stage(Path(str(ref.weights)), pictures, digits.labels[rows].tolist(), ids, texts)
    return Both(bench, ref, "digits", images, stage, str(place / "prompt.txt"))


def on_photographs(place: Path, images: int) -> Both:
    """Return a real classifier and so many photographs, among the 250 classes of their folders."""
    weights = write_checkpoint(place / "lite0.safetensors")
    bench = Bench(MeasureSettings(store=place / "store", device="cpu"))
    ref = parse_reference(f"timm:{ARCHITECTURE}@{weights}")
    ids = chosen(bench, ref, str(PHOTOS), images)
    folders = sorted(path.name for path in PHOTOS.iterdir() if path.is_dir())
    columns = [imagenet_wnids().index(name) for name in folders]
    photos = [PHOTOS / name for name in ids]
    labels = [folders.index(photo.parent.name) for photo in photos]
    return Both(bench, ref, str(PHOTOS), images, timm_stage(ARCHITECTURE, weights, photos, columns, labels))
