"""Detection against straight calculations: every score, both orientations, the in-distribution side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from colour_data import fake
from scipy.special import log_softmax
from scoring_data import SIX, THREE, World, cosines, make_world, options, painted, straight_scores
from sklearn.metrics import roc_auc_score, roc_curve

from robustcheck.datasets import class_sets
from robustcheck.datasets.dataset import ImageDataset

SCORES = ("mcm", "msp", "max_logit", "energy", "entropy")


def unseen(name: str = "unseen", n: int = 45, **changes: Any) -> ImageDataset:
    """Return greyish images of three classes of their own."""
    rng = np.random.default_rng(3)
    colours = (rng.uniform(20, 230, size=(n, 1)) + rng.uniform(-60, 60, size=(n, 3))).clip(0, 255).astype(np.uint8)
    pixels = np.tile(colours[:, None, None, :], (1, 4, 4, 1))
    facts = {
        "task": "ood",
        "id_dataset": "known",
        "labels": np.arange(n) % 3,
        "groups": {"site": np.array(["n", "s"])[np.arange(n) % 2]},
    }
    return painted(name, n, ("fog", "smoke", "mist"), pixels=pixels, **{**facts, **changes})


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return make_world(tmp_path, painted("known", 60), unseen(), painted("other", 36, THREE, seed=8))


def both(world: World, names: tuple[str, ...] = SIX, **how: Any) -> list[Any]:
    return [straight_scores(cosines(world.datasets[name], names, **how)) for name in ("known", "unseen")]


def auroc(inside: np.ndarray, outside: np.ndarray) -> float:
    truth = np.repeat([1, 0], [len(inside), len(outside)])
    return float(roc_auc_score(truth, np.concatenate([inside, outside])))


def fpr(inside: np.ndarray, outside: np.ndarray) -> float:
    truth = np.repeat([1, 0], [len(inside), len(outside)])
    rates, recalls, _ = roc_curve(truth, np.concatenate([inside, outside]), drop_intermediate=False)
    return float(rates[recalls >= 0.95].min())


@pytest.mark.parametrize("name", SCORES)
def test_every_score(world: World, name: str) -> None:
    inside, outside = (scores[name] for scores in both(world))
    asked = options(score=name)
    found = world.score("auroc", "unseen", options=asked)
    assert found.value == pytest.approx(auroc(inside, outside), abs=1e-9)
    assert world.score("fpr95", "unseen", options=asked).value == pytest.approx(fpr(inside, outside), abs=1e-9)
    turned = world.score("fpr95_openood", "unseen", options=asked).value
    assert turned == pytest.approx(fpr(-outside, -inside), abs=1e-9)
    classes = world.datasets["unseen"].labels
    means = [auroc(inside, outside[classes == label]) for label in range(3)]
    assert world.score("class_auroc", "unseen", options=asked).value == pytest.approx(np.mean(means), abs=1e-9)
    rates = [fpr(inside, outside[classes == label]) for label in range(3)]
    assert world.score("class_fpr95", "unseen", options=asked).value == pytest.approx(np.mean(rates), abs=1e-9)
    facts = dict(found.provenance)
    assert (facts["score"], facts["in distribution"]) == (name, "known, 60 images")


def test_the_scores_differ(world: World) -> None:
    values = [world.score("auroc", "unseen", options=options(score=name)).value for name in SCORES]
    assert len(set(values)) > 3
    rates = [world.score(metric, "unseen", options=options(score="msp")).value for metric in ("fpr95", "fpr95_openood")]
    assert rates[0] != rates[1]


def test_samples_name_their_side(world: World) -> None:
    samples = world.score("auroc", "unseen").samples
    assert samples is not None
    assert samples.ids[0] == "known/i000"
    assert samples.ids[60] == "unseen/i000"
    assert samples.groups.tolist() == [-1] * 60 + world.datasets["unseen"].labels.tolist()


def test_auto_is_mcm_for_texts_and_msp_for_classifiers(world: World) -> None:
    assert world.score("auroc", "unseen").value == world.score("auroc", "unseen", options=options(score="mcm")).value
    three = painted("known", 60, THREE)
    world.add(three)
    found = world.score("auroc", "unseen", fake("classifier"))
    outputs = [
        np.array(
            [np.asarray(data.image(row), dtype=np.float32).mean(axis=(0, 1))[::-1] / 255 for row in range(len(data))]
        )
        for data in (three, world.datasets["unseen"])
    ]
    inside, outside = (log_softmax(z.astype(np.float64), axis=1).max(axis=1) for z in outputs)
    assert found.value == pytest.approx(auroc(inside, outside), abs=1e-6)
    assert dict(found.provenance)["score"] == "msp"
    text = world.refusal("auroc", "unseen", fake("classifier"), options=options(score="mcm"))
    assert "cosines of a zero-shot model" in text


def test_another_in_distribution_set(world: World) -> None:
    found = world.score("auroc", "unseen", options=options(id_dataset="other"))
    inside, outside = (straight_scores(cosines(world.datasets[name], THREE))["mcm"] for name in ("other", "unseen"))
    assert found.value == pytest.approx(auroc(inside, outside), abs=1e-9)
    world.add(unseen("nowhere", id_dataset=""))
    assert "no in-distribution set is known" in world.refusal("auroc", "nowhere")
    found = world.score("auroc", "nowhere", options=options(id_dataset="other"))
    assert found.value == pytest.approx(auroc(inside, outside), abs=1e-9)


def test_prompts_apply_to_both_sides(world: World) -> None:
    asked = ("a photo of a {c}",)
    found = world.score("auroc", "unseen", prompts="1")
    inside, outside = (scores["mcm"] for scores in both(world, templates=asked))
    assert found.value == pytest.approx(auroc(inside, outside), abs=1e-9)
    world.add(unseen(templates=("nonsense {c}",)))
    inside, outside = (scores["mcm"] for scores in both(world))
    # The texts are those of the known classes: the unseen set's own templates are for other names.
    assert world.score("auroc", "unseen").value == pytest.approx(auroc(inside, outside), abs=1e-9)


@pytest.mark.parametrize("name", ["mcm", "energy"])
def test_a_mask_is_of_the_known_classes(world: World, name: str) -> None:
    inside_a = class_sets.class_set_indices("imagenet-a")
    outside_a = np.setdiff1d(np.arange(1000), inside_a)
    columns = np.array([inside_a[0], outside_a[0], inside_a[1], outside_a[1], inside_a[2], outside_a[2]])
    known = painted("known", 60, columns=columns)
    world.add(known)
    kept = np.array([0, 2, 4])
    rows = np.isin(known.labels, kept)
    inside, outside = (
        straight_scores(cosines(world.datasets[side], SIX)[:, kept])[name] for side in ("known", "unseen")
    )
    found = world.score("auroc", "unseen", where=(("classes", "imagenet-a"),), options=options(score=name))
    assert found.value == pytest.approx(auroc(inside[rows], outside), abs=1e-9)
    assert found.n == 30 + 45


def test_other_conditions_are_of_the_unseen_set(world: World) -> None:
    found = world.score("auroc", "unseen", where=(("site", "s"),))
    inside, outside = (scores["mcm"] for scores in both(world))
    assert found.value == pytest.approx(auroc(inside, outside[1::2]), abs=1e-9)
    assert found.n == 60 + 22


def test_what_is_not_unseen_is_refused(world: World) -> None:
    assert "auroc means nothing on a classification data set" in world.refusal("auroc", "known")
    text = world.refusal("auroc", "unseen", options=options(id_dataset="unseen"))
    assert "a data set for classification" in text


def test_every_image_set_is_measured_once_for_all_scores(world: World) -> None:
    for name in SCORES:
        world.score("auroc", "unseen", options=options(score=name))
        world.score("fpr95", "unseen", options=options(score=name), prompts="mcm-5")
    assert world.score("top1", "known").n == 60
    assert world.decodes() == {"known": 60, "unseen": 45, "other": 0}
