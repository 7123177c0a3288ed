"""Attacks from end to end, on a CLIP model of the zoo and on a real classifier, image by image as second libraries say.

The second side shares nothing with robustcheck but what is drawn at random: open_clip or timm builds the model, and
foolbox, pyautoattack or a loop in plain torch moves the images. See tests/attack_references.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from attack_references import (
    Attack,
    Stage,
    apgd_ce,
    apgd_t,
    autoattack,
    by_scores,
    deepfool,
    foolbox_attack,
    foolbox_pgd,
    momentum,
    robust,
    timm_stage,
    zoo_stage,
)
from foolbox.attacks import LinfBasicIterativeAttack, LinfFastGradientAttack
from real_classifier import ARCHITECTURE, PHOTOS, require_photographs, write_checkpoint
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


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Both:
    return on_digits(tmp_path_factory.mktemp("zoo"), 16)


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


ATTACKS: dict[str, tuple[str, Attack, dict[str, object]]] = {
    "fgsm": ("4/255", foolbox_attack(LinfFastGradientAttack()), {}),
    "bim": ("4/255", foolbox_attack(LinfBasicIterativeAttack(rel_stepsize=0.15, steps=6)), {"steps": 6}),
    "mim": ("4/255", momentum(0.15, 6), {"steps": 6}),
    "dim": ("4/255", momentum(0.15, 6, diverse=True), {"steps": 6}),
    "deepfool": ("4/255", deepfool(), {}),
    "pgd": ("4/255", foolbox_pgd(0.4, 6), {"steps": 6, "step": 0.4, "restarts": 1}),
    "apgd-ce": ("4/255", apgd_ce(10), {"steps": 10}),
    "apgd-t": ("3/255", apgd_t(4, 9), {"steps": 4}),
    "nes": ("16/255", by_scores(0.3, 4, 20, normal=True), {"steps": 4, "step": 0.3, "queries": 20}),
    "spsa": ("16/255", by_scores(0.3, 4, 20, normal=False), {"steps": 4, "step": 0.3, "queries": 20}),
}


@pytest.mark.parametrize("name", list(ATTACKS))
def test_on_a_clip_model_each_attack_is_that_of_a_second_implementation(zoo: Both, name: str) -> None:
    eps, theirs, asked = ATTACKS[name]
    robust_images = zoo.agree(name, eps, theirs, **asked)
    # Some images fall and some stand, so that agreement says something.
    assert 0 < robust_images.sum() < zoo.stage.right(zoo.stage.pixels).sum()


def test_autoattack_with_another_seed_fools_the_same_images(tmp_path: Path) -> None:
    """All of them here, where one step of the gradient does not: what stands after APGD takes 5,000 queries more."""
    few = on_digits(tmp_path, 3)
    assert not few.agree("autoattack", "5/255", autoattack).any()
    assert few.agree("fgsm", "5/255", foolbox_attack(LinfFastGradientAttack())).any()


@pytest.fixture(scope="module")
def lite0(tmp_path_factory: pytest.TempPathFactory) -> Both:
    """Three photographs that a real classifier is asked about, among the 250 classes of their folders."""
    require_photographs()
    place = tmp_path_factory.mktemp("lite0")
    weights = write_checkpoint(place / "lite0.safetensors")
    bench = Bench(MeasureSettings(store=place / "store", device="cpu"))
    ref = parse_reference(f"timm:{ARCHITECTURE}@{weights}")
    ids = chosen(bench, ref, str(PHOTOS), 3)
    folders = sorted(path.name for path in PHOTOS.iterdir() if path.is_dir())
    columns = [imagenet_wnids().index(name) for name in folders]
    photos = [PHOTOS / name for name in ids]
    labels = [folders.index(photo.parent.name) for photo in photos]
    return Both(bench, ref, str(PHOTOS), 3, timm_stage(ARCHITECTURE, weights, photos, columns, labels))


REAL: dict[str, tuple[str, Attack, dict[str, object]]] = {
    "fgsm": ("1/255", foolbox_attack(LinfFastGradientAttack()), {}),
    "bim": ("1/510", foolbox_attack(LinfBasicIterativeAttack(rel_stepsize=0.6, steps=2)), {"steps": 2, "step": 0.6}),
    "pgd": ("1/510", foolbox_pgd(0.6, 2), {"steps": 2, "step": 0.6, "restarts": 1}),
    "apgd-ce": ("1/510", apgd_ce(2), {"steps": 2}),
    "deepfool": ("1/510", deepfool(candidates=2), {"candidates": 2}),
}


@pytest.mark.parametrize("name", list(REAL))
def test_on_a_real_classifier_each_attack_is_that_of_a_second_implementation(lite0: Both, name: str) -> None:
    eps, theirs, asked = REAL[name]
    lite0.agree(name, eps, theirs, **asked)
