"""Logits for those who want them themselves: each kind of data set, its classes and its samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from colour_data import fake
from scipy.special import softmax
from scoring_data import SIX, THREE, World, cosines, logits, make_world, options, painted

from robustcheck.datasets import Captions, Vocabulary
from robustcheck.errors import DataError, DataMissing
from robustcheck.measure import Logits, logits_of

SITES = np.array(list("ab" * 30))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    known = painted("known", 60, groups={"site": SITES})
    unseen = painted("unseen", 45, ("fog", "mist", "rain"), seed=4, task="ood", id_dataset="known")
    return make_world(tmp_path, known, unseen)


def found(world: World, name: str, metric: str = "top1", **quantity: object) -> Logits:
    return logits_of(world.cell(metric, name, **quantity), world.bench())


@pytest.mark.parametrize("metric", ["top1", "nll", "attack_success"])
def test_of_a_classification_set_whatever_the_metric(world: World, metric: str) -> None:
    dataset, one = world.datasets["known"], found(world, "known", metric)
    np.testing.assert_allclose(one.values, logits(dataset), atol=1e-9)
    assert (one.class_names, one.ids.tolist()) == (SIX, dataset.ids.tolist())
    assert one.labels is not None
    assert one.labels.tolist() == dataset.labels.tolist()
    assert one.groups["site"].tolist() == SITES.tolist()


def test_prompts_and_transforms_are_those_of_the_cell(world: World) -> None:
    plain = found(world, "known")
    asked = found(world, "known", prompts="1")
    np.testing.assert_allclose(
        asked.values, 100 * cosines(world.datasets["known"], SIX, templates=("a photo of a {c}",)), atol=1e-9
    )
    changed = found(world, "known", transform="gaussian_noise:3")
    assert not np.allclose(changed.values, plain.values)


def test_of_a_slice_every_sample(world: World) -> None:
    """A condition is the metric's: the logits are of the whole data set."""
    assert len(found(world, "known", where=(("site", "a"),)).values) == 60


def test_an_unseen_set_has_the_classes_of_the_known_one(world: World) -> None:
    one = found(world, "unseen")
    np.testing.assert_allclose(one.values, 100 * cosines(world.datasets["unseen"], SIX), atol=1e-9)
    assert (one.class_names, one.labels) == (SIX, None)
    assert found(world, "unseen", "auroc", options=options(score="msp")).values.shape == (45, 6)


@pytest.mark.parametrize("merge", ["max", "mean_probability"])
def test_names_are_merged_into_classes(world: World, merge: str) -> None:
    members = (np.array([2]), np.array([1, 3, 4]), np.array([0, 5]))
    dataset = painted(
        "cues", 45, THREE, task="cue-conflict", groups={"texture": np.array(THREE)[(np.arange(45) // 3) % 3]},
        vocabulary=Vocabulary(SIX, members, merge),  # type: ignore[arg-type]
    )  # fmt: skip
    world.add(dataset)
    one, z = found(world, "cues"), logits(dataset, SIX)
    if merge == "max":
        expected = np.stack([z[:, places].max(axis=1) for places in members], axis=1)
    else:
        expected = np.log(np.stack([softmax(z, axis=1)[:, places].mean(axis=1) for places in members], axis=1))
    np.testing.assert_allclose(one.values, expected, atol=1e-9)
    assert one.class_names == THREE


def test_an_unseen_set_beside_merged_names(world: World) -> None:
    members = (np.array([2]), np.array([1, 3, 4]), np.array([0, 5]))
    world.add(painted("known", 45, THREE, vocabulary=Vocabulary(SIX, members, "max")))
    one = found(world, "unseen")
    assert one.values.shape == (45, 3)
    assert one.class_names == THREE


def test_of_a_classifier(world: World) -> None:
    world.add(painted("three", 30, THREE))
    dataset = world.datasets["three"]
    one = logits_of(world.cell("top1", "three", fake("classifier")), world.bench())
    means = [np.asarray(dataset.image(row), dtype=np.float32).mean(axis=(0, 1))[::-1] / 255 for row in range(30)]
    np.testing.assert_allclose(one.values, np.stack(means), atol=1e-6)


def test_what_has_none(world: World) -> None:
    texts = Captions(("red",), np.array([0]))
    pixels = np.zeros((1, 4, 4, 3), dtype=np.uint8)
    world.add(painted("told", 1, (), labels=np.arange(1), pixels=pixels, task="retrieval", captions=texts))
    with pytest.raises(DataError, match="a retrieval set has no logits"):
        found(world, "told")
    with pytest.raises(DataMissing):
        found(world, "nowhere")
