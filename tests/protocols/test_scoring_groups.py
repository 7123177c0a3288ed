"""Worst-group accuracy, macro-F1, agreement and the risk-coverage area against straight calculations."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.special import softmax
from scoring_data import World, logits, make_world, options, painted

from robustcheck.models.reference import parse_reference
from robustcheck.values import ModelRef

REGIONS = np.array([("africa", "asia", "europe", "asia")[row % 4] for row in range(60)])


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path, painted("places", 60, groups={"region": REGIONS}))


def right(world: World) -> np.ndarray:
    dataset = world.datasets["places"]
    return logits(dataset).argmax(axis=1) == dataset.labels


def test_the_worst_group_is_that_of_a_column(world: World) -> None:
    shares = {name: right(world)[name == REGIONS].mean() for name in np.unique(REGIONS)}
    worst = min(shares, key=lambda name: shares[name])
    found = world.score("worst_group_accuracy", "places", options=options(group="region"))
    assert found.value == pytest.approx(shares[worst])
    assert found.low < found.value < found.high
    told = dict(found.provenance)["worst group"]
    assert told == f"region {worst}, {(worst == REGIONS).sum()} images of 3 groups"


def test_the_worst_group_among_the_k_best_classes(world: World) -> None:
    """The score of Dollar Street in DataComp's evaluation: the worst income's top-5 accuracy."""
    scores, labels = logits(world.datasets["places"]), world.datasets["places"].labels
    among = (np.argsort(-scores, axis=1)[:, :3] == labels[:, None]).any(axis=1)
    found = world.score("worst_group_accuracy", "places", options=options(group="region", k="3"))
    assert found.value == pytest.approx(min(among[name == REGIONS].mean() for name in np.unique(REGIONS)))
    assert not found.doubts
    (said,) = world.score("worst_group_accuracy", "places", options=options(group="region", k="6")).doubts
    assert said == "each of the 6 classes of places is among the 6 best: 100% whatever the model"


def test_by_default_the_groups_are_the_classes(world: World) -> None:
    labels = world.datasets["places"].labels
    found = world.score("worst_group_accuracy", "places")
    assert found.value == pytest.approx(min(right(world)[labels == label].mean() for label in range(6)))
    said = world.refusal("worst_group_accuracy", "places", options=options(group="regoin"))
    assert "places has no column 'regoin'" in said
    assert "region" in said


def test_macro_f1_is_that_of_scikit_learn(world: World) -> None:
    from sklearn.metrics import f1_score

    dataset = world.datasets["places"]
    predicted = logits(dataset).argmax(axis=1)
    expected = f1_score(dataset.labels, predicted, average="macro", zero_division=0)
    found = world.score("macro_f1", "places")
    assert found.value == pytest.approx(expected)
    assert found.low < found.value < found.high


def test_agreement_asks_both_models_and_no_label(world: World) -> None:
    dataset = world.datasets["places"]
    expected = (logits(dataset).argmax(axis=1) == logits(dataset, seed="c").argmax(axis=1)).mean()
    found = world.score("agreement", "places", options=options(**{"with": "fake:zero-shot@c"}))
    assert found.value == pytest.approx(expected)
    assert found.value < 1
    assert "agreement is between two models" in world.refusal("agreement", "places")


def test_agreement_on_images_alone_asks_another_set_for_the_classes(world: World) -> None:
    places, both = world.datasets["places"], {"with": "fake:zero-shot@c"}
    nothing = np.zeros(len(places), np.int64)
    world.add(replace(places, name="alone", layout="unlabelled", task="ood", class_names=("unknown",), labels=nothing))
    expected = world.score("agreement", "places", options=options(**both))
    found = world.score("agreement", "alone", options=options(known="places", **both))
    assert 0 < found.value == expected.value < 1
    assert (found.samples.scores == expected.samples.scores).all()  # type: ignore[union-attr]
    refused = world.refusal("agreement", "alone", options=options(**both))
    assert "agreement needs to know what an image shows, and these are images alone" in refused


def test_the_risk_coverage_area_is_the_mean_risk(world: World) -> None:
    confidence = softmax(logits(world.datasets["places"]), axis=1).max(axis=1)
    wrong = ~right(world)[np.argsort(-confidence, kind="stable")]
    found = world.score("aurc", "places")
    assert found.value == pytest.approx(np.mean(np.cumsum(wrong) / np.arange(1, 61)), abs=1e-9)


def test_error_consistency_is_cohens_kappa_of_being_right(world: World) -> None:
    from sklearn.metrics import cohen_kappa_score

    dataset = world.datasets["places"]
    other = logits(dataset, seed="c").argmax(axis=1) == dataset.labels
    found = world.score("error_consistency", "places", options=options(**{"with": "fake:zero-shot@c"}))
    assert found.value == pytest.approx(cohen_kappa_score(right(world), other))
    assert found.low < found.value < found.high
    told = dict(found.provenance)["both right or both wrong"]
    assert told == f"{(right(world) == other).sum()} of 60 images"
    assert "error_consistency is between two models" in world.refusal("error_consistency", "places")


# --- two models whose outputs were saved in other orders ------------------------------------------------


def saved_twice(tmp_path: Path, order: np.ndarray, **second: Any) -> tuple[ModelRef, str]:
    """Return the references of two models on a set that is not here: six images of three classes, in two orders."""
    ids = np.array([f"{row}.jpg" for row in range(6)])
    labels = np.array([0, 0, 1, 1, 2, 2])
    write(tmp_path / "one", ids, np.array(["cat", "dog", "fox"]), labels, np.array([0, 1, 1, 1, 2, 0]))
    facts = {"ids": ids, "names": np.array(["fox", "cat", "dog"]), "labels": (labels + 1) % 3, **second}
    predicted = (np.array([0, 1, 1, 2, 2, 2]) + 1) % 3
    write(tmp_path / "other", facts["ids"][order], facts["names"], facts["labels"][order], predicted[order])
    return parse_reference(f"predictions:{tmp_path / 'one'}"), f"predictions:{tmp_path / 'other'}"


def write(directory: Path, ids: np.ndarray, names: np.ndarray, labels: np.ndarray, predicted: np.ndarray) -> None:
    directory.mkdir()
    np.savez(directory / "mine.npz", ids=ids, class_names=names, labels=labels, predicted=predicted)


@pytest.mark.parametrize("order", [np.arange(6), np.array([5, 0, 3, 1, 4, 2])])
def test_images_are_paired_by_id_and_answers_by_name(tmp_path: Path, order: np.ndarray) -> None:
    one, other = saved_twice(tmp_path, order)
    world = make_world(tmp_path)
    both = options(**{"with": other})
    # The answers are cat dog dog dog fox cat, and cat dog dog fox fox fox.
    assert world.score("agreement", "mine", one, options=both).value == pytest.approx(4 / 6)
    # Right are 1 0 1 1 1 0, and 1 0 1 0 1 1.
    expected = (4 / 6 - (4 * 4 + 2 * 2) / 36) / (1 - (4 * 4 + 2 * 2) / 36)
    assert world.score("error_consistency", "mine", one, options=both).value == pytest.approx(expected)


def test_two_models_on_other_images_do_not_agree_by_place(tmp_path: Path) -> None:
    one, other = saved_twice(tmp_path, np.arange(6), ids=np.array([f"{row}.png" for row in range(6)]))
    said = make_world(tmp_path).refusal("agreement", "mine", one, options=options(**{"with": other}))
    assert "are not on the same samples: 6, such as 0.jpg, and 6, such as 0.png" in said


@pytest.mark.parametrize("metric", ["agreement", "error_consistency"])
def test_two_models_beside_other_labels_are_not_compared(metric: str, tmp_path: Path) -> None:
    one, other = saved_twice(tmp_path, np.arange(6), labels=np.zeros(6, int))
    said = make_world(tmp_path).refusal(metric, "mine", one, options=options(**{"with": other}))
    assert "label 4 samples otherwise: 0.jpg is cat, and fox" in said


@pytest.mark.parametrize("blank", ["", " ", "nan", "NaN"])
def test_a_group_without_a_name_is_not_the_worst_one(blank: str, tmp_path: Path) -> None:
    ids, labels = np.array([f"{row}.jpg" for row in range(8)]), np.array([0, 1] * 4)
    where = np.array(["north", "south", blank, "north", "south", "north", "south", blank])
    (tmp_path / "one").mkdir()
    names = np.array(["cat", "dog"])
    np.savez(tmp_path / "one" / "mine.npz", ids=ids, class_names=names, labels=labels, predicted=labels, region=where)
    model = parse_reference(f"predictions:{tmp_path / 'one'}")
    said = make_world(tmp_path).refusal("worst_group_accuracy", "mine", model, options=options(group="region"))
    assert "2 of 8 images have no group in the column 'region', such as 2.jpg" in said
