"""Attacks from end to end, on a CLIP model of the zoo and on a real classifier, image by image as second libraries say.

The second side shares nothing with robustcheck but what is drawn at random: open_clip or timm builds the model, and
foolbox, pyautoattack or a loop in plain torch moves the images. See tests/attack_references.py;
scripts/compare_attacks.py does the same on the classifier with more images and steps, and for all eleven attacks.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from attack_references import (
    Attack,
    apgd_ce,
    apgd_t,
    autoattack,
    by_scores,
    deepfool,
    foolbox_attack,
    foolbox_pgd,
    momentum,
)
from attack_sides import Both, on_digits, on_photographs
from foolbox.attacks import LinfBasicIterativeAttack, LinfFastGradientAttack
from real_classifier import require_photographs


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Both:
    return on_digits(tmp_path_factory.mktemp("zoo"), 16)


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
    require_photographs()
    return on_photographs(tmp_path_factory.mktemp("lite0"), 3)


REAL: dict[str, tuple[str, Attack, dict[str, object]]] = {
    "fgsm": ("1/255", foolbox_attack(LinfFastGradientAttack()), {}),
    "bim": ("1/510", foolbox_attack(LinfBasicIterativeAttack(rel_stepsize=0.6, steps=2)), {"steps": 2, "step": 0.6}),
    "mim": ("1/510", momentum(0.6, 2), {"steps": 2, "step": 0.6}),
    "nes": ("32/255", by_scores(0.5, 2, 4, normal=True), {"steps": 2, "step": 0.5, "queries": 4}),
    "pgd": ("1/510", foolbox_pgd(0.6, 2), {"steps": 2, "step": 0.6, "restarts": 1}),
    "apgd-ce": ("1/510", apgd_ce(2), {"steps": 2}),
    "spsa": ("32/255", by_scores(0.5, 2, 4, normal=False), {"steps": 2, "step": 0.5, "queries": 4}),
    "deepfool": ("1/510", deepfool(candidates=2), {"candidates": 2}),
}


@pytest.mark.parametrize("name", list(REAL))
def test_on_a_real_classifier_each_attack_is_that_of_a_second_implementation(lite0: Both, name: str) -> None:
    eps, theirs, asked = REAL[name]
    lite0.agree(name, eps, theirs, **asked)
