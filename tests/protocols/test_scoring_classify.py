"""Accuracies against straight calculations: one set, a family, merged names, class masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from colour_data import fake
from scipy.special import softmax
from scoring_data import SIX, THREE, World, logits, make_world, painted

from robustcheck.datasets import Captions, Vocabulary, class_sets, expand
from robustcheck.stats.statistics import value_of

FOG = (("corruption", "fog"), ("severity", "2"))


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return make_world(tmp_path, painted("six"))


def mixed_columns() -> np.ndarray:
    """Return six ImageNet classes, of which the even places are among ImageNet-A's."""
    inside = class_sets.class_set_indices("imagenet-a")
    outside = np.setdiff1d(np.arange(1000), inside)
    return np.array([inside[0], outside[0], inside[1], outside[1], inside[2], outside[2]])


def accuracy(world: World, name: str) -> float:
    dataset = world.datasets[name]
    return float((logits(dataset).argmax(axis=1) == dataset.labels).mean())


def test_one_set(world: World) -> None:
    dataset = world.datasets["six"]
    z = logits(dataset)
    order = np.argsort(-z, axis=1, kind="stable")
    hits = order[:, 0] == dataset.labels
    assert 0.2 < hits.mean() < 0.9
    assert world.score("top1", "six").value == hits.mean()
    five = (order[:, :5] == dataset.labels[:, None]).any(axis=1).mean()
    assert world.score("top5", "six").value == five
    assert hits.mean() < five < 1
    recalls = [hits[dataset.labels == label].mean() for label in range(6)]
    assert world.score("mean_per_class_recall", "six").value == pytest.approx(np.mean(recalls), abs=1e-12)


def test_where_all_classes_are_among_the_best_no_answer_can_be_wrong(world: World) -> None:
    world.add(painted("three", 60, THREE))
    five, six = world.score("top5", "three"), world.score("top5", "six")
    said = "each of the 3 classes of three is among the 5 best: 100% whatever the model"
    assert (five.value, five.doubts, six.doubts) == (1.0, (said,), ())
    assert world.score("top1", "three").doubts == ()


def test_one_subset_of_a_family_is_a_set(world: World) -> None:
    world.add(painted("imagenet-c/fog/2", 60))
    found = world.score("top1", "imagenet-c", where=FOG)
    assert (found.value, found.n) == (accuracy(world, "imagenet-c/fog/2"), 60)
    assert found.samples is not None
    assert found.samples.clusters is None
    recalls = world.score("mean_per_class_recall", "imagenet-c", where=FOG)
    assert recalls.value == world.score("mean_per_class_recall", "imagenet-c/fog/2").value


def test_the_mean_over_the_subsets_of_a_family_is_unweighted(world: World) -> None:
    names, _ = expand("imagenet-c", (("severity", "1"),))
    world.add(*(painted(name, 12 + 6 * place, seed=place) for place, name in enumerate(names)))
    found = world.score("top1", "imagenet-c", where=(("severity", "1"),))
    means = [accuracy(world, name) for name in names]
    assert len(set(means)) > 5
    assert found.value == pytest.approx(np.mean(means), abs=1e-12)
    assert dict(found.provenance)["subsets"] == "the mean over 15 subsets"
    samples = found.samples
    assert samples is not None
    assert (samples.statistic, len(np.unique(samples.groups)), value_of(samples)) == ("group_mean", 15, found.value)
    assert samples.clusters is not None
    # Image i003 is there in every subset: all its copies are one cluster.
    of_one_image = [text.endswith("/i003") for text in samples.ids.tolist()]
    assert sum(of_one_image) == 15
    assert len(set(samples.clusters[of_one_image].tolist())) == 1
    assert samples.ids[0] == "imagenet-c/gaussian_noise/1/i000"
    assert len(set(samples.ids.tolist())) == len(samples.ids)


def test_a_mean_of_means_over_classes_is_refused(world: World) -> None:
    names, where = expand("imagenet-c", (("severity", "1"),))
    world.add(*(painted(name, 12) for name in names))
    assert where == ()
    text = world.refusal("mean_per_class_recall", "imagenet-c", where=(("severity", "1"),))
    assert "mean_per_class_recall has no mean over 15 subsets" in text


def test_a_family_lacks_a_subset_in_words(world: World) -> None:
    assert "imagenet-c/gaussian_noise/1 is not here" in world.refusal("top1", "imagenet-c")


@pytest.mark.parametrize("metric", ["top1", "top5", "mean_per_class_recall"])
def test_other_kinds_of_sets_are_refused(world: World, metric: str) -> None:
    texts = Captions(("red", "green"), np.array([0, 1]))
    world.add(
        painted("unseen", task="ood", id_dataset="known"),
        painted(
            "told",
            2,
            (),
            task="retrieval",
            captions=texts,
            labels=np.arange(2),
            pixels=np.zeros((2, 4, 4, 3), dtype=np.uint8),
        ),
    )
    assert f"{metric} means nothing on an ood data set" in world.refusal(metric, "unseen")
    assert f"{metric} means nothing on a retrieval data set" in world.refusal(metric, "told")


@pytest.mark.parametrize("merge", ["max", "mean_probability"])
def test_several_names_for_one_class(world: World, merge: str) -> None:
    members = (np.array([0, 3]), np.array([1, 4]), np.array([2, 5]))
    dataset = painted("merged", 60, THREE, vocabulary=Vocabulary(SIX, members, merge))  # type: ignore[arg-type]
    world.add(dataset)
    z = logits(dataset, SIX)
    if merge == "max":
        scores = np.stack([z[:, places].max(axis=1) for places in members], axis=1)
    else:
        scores = np.stack([softmax(z, axis=1)[:, places].mean(axis=1) for places in members], axis=1)
    hits = scores.argmax(axis=1) == dataset.labels
    assert world.score("top1", "merged").value == hits.mean()
    plain = painted("merged", 60, THREE)
    assert hits.mean() != (logits(plain).argmax(axis=1) == plain.labels).mean()


def test_names_with_columns_are_merged_for_a_classifier(world: World) -> None:
    """The three outputs of the fake classifier are blue, green and red; here blue and red are one class."""
    vocabulary = Vocabulary(THREE, (np.array([0, 2]), np.array([1])), "max")
    labels = np.arange(60) % 2
    base = painted("base", 60, ("blue red", "green"), labels=labels)
    dataset = painted("two", 60, ("blue red", "green"), labels=labels, vocabulary=vocabulary, columns=np.arange(3))
    world.add(dataset, base)
    colours = np.array([np.asarray(dataset.image(row), dtype=float).mean(axis=(0, 1)) for row in range(60)])
    decided = (colours[:, 1] > colours[:, [0, 2]].max(axis=1)).astype(int)
    assert world.score("top1", "two", fake("classifier")).value == (decided == labels).mean()
    assert "1 of 2 classes are not an output: blue red" in world.refusal("top1", "base", fake("classifier"))


def test_a_class_mask_cuts_samples_and_competitors(world: World) -> None:
    dataset = painted("masked", 60, columns=mixed_columns())
    world.add(dataset)
    found = world.score("top1", "masked", where=(("classes", "imagenet-a"),))
    kept = np.array([0, 2, 4])
    rows = np.flatnonzero(np.isin(dataset.labels, kept))
    decided = kept[logits(dataset)[rows][:, kept].argmax(axis=1)]
    assert (found.value, found.n) == ((decided == dataset.labels[rows]).mean(), 30)
    unmasked = (logits(dataset).argmax(axis=1) == dataset.labels)[rows].mean()
    assert found.value > unmasked
    assert found.samples is not None
    assert found.samples.groups.tolist() == dataset.labels[rows].tolist()


def test_a_mask_of_merged_names_keeps_classes(world: World) -> None:
    members = (np.array([0, 3]), np.array([1]), np.array([5]))
    vocabulary = Vocabulary(SIX, members, "max")
    world.add(painted("both", 60, ("red", "green", "blue red"), vocabulary=vocabulary, columns=mixed_columns()))
    dataset = world.datasets["both"]
    found = world.score("top1", "both", where=(("classes", "imagenet-a"),))
    # Place 0 alone of the names is of ImageNet-A, so the first class is kept, and no other has competitors.
    assert (found.value, found.n) == (1.0, (dataset.labels == 0).sum())


def test_two_data_sets_of_one_name_keep_their_own_classes(world: World) -> None:
    first, second = painted("val", 60), painted("val", 60, SIX[::-1])
    world.datasets = {"/a/val": first, "/b/val": second}
    cells = [world.cell("top1", name) for name in world.datasets]
    found = [world.bench().measure_all(cells)[one] for one in cells]
    straight = [(logits(dataset).argmax(axis=1) == dataset.labels).mean() for dataset in (first, second)]
    assert [getattr(one, "value", one) for one in found] == straight


@pytest.mark.parametrize("metric", ["top1", "ece", "macro_f1"])
def test_one_class_is_no_question(metric: str, tmp_path: Path) -> None:
    """Every model is right on every image of it, so a check would be green whatever the model is."""
    world = make_world(tmp_path, painted("known", 12, ("images",)))
    found = world.refusal(metric, "known", fake())
    assert "known: there is one class only, images: every answer would be right" in found
