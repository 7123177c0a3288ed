"""The command estimate, and trend over several sets at once."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from command import Robustcheck, refused
from scipy.special import ndtr, ndtri
from scipy.stats import linregress

from robustcheck.measure import Bench, MeasureSettings
from robustcheck.models.model_sets import resolve_one
from robustcheck.values import Cell, Quantity, Score

MODELS = tuple(f"predictions:{name}" for name in "abcd")
KNOWN, OTHER = "imagenet-v2", "imagenet-sketch"


@pytest.fixture
def sets(robustcheck: Robustcheck) -> tuple[str, str]:
    """Write what four models say of two sets: harder images are wrong more often, and wrong answers are alike."""
    rng, n = np.random.default_rng(0), 2_000
    labels = np.arange(n) % 1_000
    ids = np.array([f"{label}/{number}.jpg" for number, label in enumerate(labels)])
    for name, shift in ((KNOWN, 0.0), (OTHER, 0.5)):
        hardness = rng.normal(size=n)
        for place, model in enumerate("abcd"):
            right = hardness + rng.normal(size=n) < 0.5 + 0.4 * place - shift
            Path(model).mkdir(exist_ok=True)
            predicted = np.where(right, labels, (labels + 1 + (rng.random(n) < 0.3)) % 1_000)
            np.savez(Path(model) / f"{name}.npz", ids=ids, predicted=predicted, labels=labels)
    return KNOWN, OTHER


def measured(metric: str, model: str, dataset: str, **options: str) -> float:
    cell = Cell(resolve_one(model), Quantity(metric, dataset, options=tuple(options.items())))
    found = Bench(MeasureSettings(Path("store"))).measure(cell)
    assert isinstance(found, Score), found
    return found.value


def test_accuracies_are_carried_over_by_the_line_of_agreements(robustcheck: Robustcheck, sets: tuple[str, str]) -> None:
    known, other = sets
    said = robustcheck("estimate", other, "--like", known, "--models", ",".join(MODELS), "--json").json
    pairs = list(combinations(MODELS, 2))
    agreements = [
        [measured("agreement", one, place, **{"with": two}) for one, two in pairs] for place in (known, other)
    ]
    kept = [place for place in range(len(pairs)) if all(0 < side[place] < 1 for side in agreements)]
    line = linregress(*(ndtri(np.array(side)[kept]) for side in agreements))
    assert said["pairs"] == len(kept)
    assert (said["slope"], said["intercept"]) == pytest.approx((line.slope, line.intercept), abs=1e-9)
    for model in MODELS:
        found = said["models"][resolve_one(model).id]
        assert found["known"] == measured("top1", model, known)
        assert found["estimate"] == pytest.approx(ndtr(line.intercept + line.slope * ndtri(found["known"])), abs=1e-9)


def test_it_says_what_it_rests_on(robustcheck: Robustcheck, sets: tuple[str, str]) -> None:
    said = robustcheck("estimate", sets[1], "--like", sets[0], "--models", ",".join(MODELS))
    assert said.code == 0
    assert said.out.count("so about") == len(MODELS)
    assert "agreements: slope" in said.out


def test_sets_of_other_classes_are_refused(robustcheck: Robustcheck) -> None:
    said = robustcheck("estimate", "shapes", "--like", "digits", "--models", "zoo")
    refused(said, "shapes has other classes than digits", "these images and nothing else")


def test_two_models_have_no_line(robustcheck: Robustcheck) -> None:
    refused(
        robustcheck("estimate", "a", "--like", "b", "--models", "openclip:RN50/openai,openclip:ViT-B-32/openai"),
        "2 models",
        "at least 3",
    )


def test_a_trend_over_two_sets_has_a_slope_for_each(robustcheck: Robustcheck) -> None:
    words = ["trend", "openclip", "--y", "imagenet-sketch/top1", "--x", "imagenet-val/top1", "--x", "imagenet-v2/top1"]
    said = robustcheck(*words, "--model", "ViT-B-32/openai", "--json").json
    assert {"slope of imagenet-val/top1", "slope of imagenet-v2/top1", "residual", "low", "high"} <= set(said)
    assert said["low"] < said["expected"] < said["high"]
    assert said["residual"] == pytest.approx(said["y"] - said["expected"])
    whole = robustcheck(*words)
    assert "slope of imagenet-v2/top1" in whole.out
    refused(robustcheck(*words, "--model", "ViT-B-23/openai"), "has no 'ViT-B-23/openai'")
