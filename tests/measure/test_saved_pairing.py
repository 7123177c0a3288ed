"""Saved outputs of more or other classes than the set's: paired by the rule that holds for live models too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scoring_data import World, make_world, painted

from robustcheck.datasets.class_sets import imagenet_class_names, imagenet_wnids
from robustcheck.datasets.label_lists import label_list_of
from robustcheck.models.reference import parse_reference
from robustcheck.values import PAIRING_REMARK, ModelRef

COLUMNS = np.array([1, 0, 389, 152])
NAMES = tuple(imagenet_class_names()[place] for place in COLUMNS)
IDS = tuple(imagenet_wnids()[place] for place in COLUMNS)
ROWS = 24


@pytest.fixture
def world(tmp_path: Path) -> World:
    every = sorted(imagenet_class_names())
    return make_world(
        tmp_path,
        painted("some", ROWS, NAMES, columns=COLUMNS),
        painted("every", ROWS, every, labels=np.arange(ROWS)),
    )


def saved(world: World, dataset: str, tmp_path: Path, **arrays: Any) -> ModelRef:
    directory = tmp_path / "saved"
    directory.mkdir(exist_ok=True)
    np.savez(directory / f"{dataset}.npz", allow_pickle=False, ids=world.datasets[dataset].ids, **arrays)
    return parse_reference(f"predictions:{directory}")


def logits(world: World, outputs: int, column_of: Any) -> np.ndarray:
    """Return logits of many outputs in which the column of each sample's label is best, for three quarters of them."""
    rng = np.random.default_rng(0)
    values = rng.normal(size=(ROWS, outputs))
    for row, label in enumerate(world.datasets["some"].labels.tolist()):
        values[row, column_of(label)] = 9.0 if row % 4 else -9.0
    return values


@pytest.mark.parametrize("count", [1000, 1001, 21843])
def test_logits_of_a_published_list_by_number(world: World, tmp_path: Path, count: int) -> None:
    published = label_list_of(count)
    assert published is not None
    values = logits(world, count, lambda label: published.labels.index(IDS[label]))
    score = world.score("top1", "some", saved(world, "some", tmp_path, logits=values))
    assert score.value == 0.75
    assert dict(score.provenance)["outputs"].endswith(f"in the order of {published.name}")


def test_a_class_that_a_published_list_lacks_is_never_predicted_and_the_verdict_says_so(
    world: World, tmp_path: Path
) -> None:
    published = label_list_of(11821)
    assert published is not None
    assert IDS[3] not in published.labels
    values = logits(world, 11821, lambda label: published.labels.index(IDS[min(label, 2)]))
    score = world.score("top1", "some", saved(world, "some", tmp_path, logits=values))
    labels = world.datasets["some"].labels
    assert score.value == np.mean((labels < 3) & (np.arange(ROWS) % 4 > 0))
    assert "1 of 4 classes are not an output of ImageNet-12k" in dict(score.provenance)[PAIRING_REMARK]


@pytest.mark.parametrize("names", [IDS[::-1], ("Japanese_spaniel", "snoek", "Tinca tinca", "Carassius auratus")])
def test_columns_by_other_names_of_the_classes(world: World, tmp_path: Path, names: tuple[str, ...]) -> None:
    values = logits(world, 4, lambda label: 3 - label)
    ref = saved(world, "some", tmp_path, logits=values, class_names=np.array(names))
    assert world.score("top1", "some", ref).value == 0.75


def test_best_classes_by_wordnet_id(world: World, tmp_path: Path) -> None:
    labels = world.datasets["some"].labels
    predicted = np.array([IDS[label] if row % 4 else IDS[(label + 1) % 4] for row, label in enumerate(labels.tolist())])
    assert world.score("top1", "some", saved(world, "some", tmp_path, predicted=predicted)).value == 0.75


@pytest.mark.parametrize(
    "arrays", [{"logits": np.eye(ROWS, 1000)}, {"predicted": np.arange(ROWS)}], ids=["logits", "best"]
)
def test_a_thousand_numbers_that_may_be_the_sets_or_imagenets_are_refused(
    world: World, tmp_path: Path, arrays: dict[str, np.ndarray]
) -> None:
    text = world.refusal("top1", "every", saved(world, "every", tmp_path, **arrays))
    assert "1,000 classes by number, which may be the places of every's classes or of ImageNet's" in text


def test_a_number_of_columns_that_means_nothing_is_refused(world: World, tmp_path: Path) -> None:
    text = world.refusal("top1", "some", saved(world, "some", tmp_path, logits=np.eye(ROWS, 7)[:, ::-1] + np.arange(7)))
    assert "a classifier with 7 outputs, and 4 classes" in text
    assert "class_names" in text
