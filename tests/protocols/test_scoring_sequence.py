"""Flip rates and top-5 distances of frames in disorder against straight loops; video anchors beside them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax
from scoring_data import THREE, World, logits, make_world, options, painted

from robustcheck.datasets.dataset import ImageDataset
from robustcheck.protocols.calibrate.temperature import fit_temperature, stratified_halves
from robustcheck.stats import calibration

LENGTHS = (12, 9, 11)


def frames(name: str, seed: int) -> ImageDataset:
    """Return the frames of three videos, shuffled; frame 10 must come after frame 9."""
    video = np.repeat(["b", "a", "c"], LENGTHS)
    number = np.concatenate([np.arange(length) for length in LENGTHS])
    order = np.random.default_rng(seed).permutation(len(video))
    groups = {"video": video[order], "frame": number[order].astype(str)}
    return painted(
        name, len(video), seed=seed, task="sequences", groups=groups, labels=np.zeros(len(video), dtype=np.int64)
    )


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    names = ("imagenet-p/gaussian_noise", "imagenet-p/rotate")
    return make_world(tmp_path, *(frames(name, seed) for seed, name in enumerate(names)))


def in_order(dataset: ImageDataset) -> list[np.ndarray]:
    rows = range(len(dataset))
    key = lambda row: int(dataset.groups["frame"][row])  # noqa: E731
    return [
        np.array(sorted((row for row in rows if dataset.groups["video"][row] == video), key=key)) for video in "abc"
    ]


def flips(dataset: ImageDataset, noise: bool) -> list[float]:
    best = logits(dataset).argmax(axis=1)
    values = []
    for rows in in_order(dataset):
        pairs = [(rows[place], rows[0] if noise else rows[place - 1]) for place in range(1, len(rows))]
        values.append(float(np.mean([best[now] != best[before] for now, before in pairs])))
    return values


def distances(dataset: ImageDataset, noise: bool) -> list[float]:
    z = logits(dataset)
    ranks = np.argsort(np.argsort(-z, axis=1, kind="stable"), axis=1)
    values = []
    for rows in in_order(dataset):
        pairs = [(rows[place], rows[0] if noise else rows[place - 1]) for place in range(1, len(rows))]
        steps = []
        for now, before in pairs:
            best = np.argsort(-z[before], kind="stable")[:5]
            steps.append(sum(abs(place - min(int(ranks[now][label]), 5)) for place, label in enumerate(best)))
        values.append(float(np.mean(steps)))
    return values


@pytest.mark.parametrize(("metric", "straight"), [("flip_rate", flips), ("top5_distance", distances)])
def test_one_perturbation(world: World, metric: str, straight) -> None:  # type: ignore[no-untyped-def]
    for name, noise in (("gaussian_noise", True), ("rotate", False)):
        dataset = world.datasets[f"imagenet-p/{name}"]
        values = straight(dataset, noise)
        assert values != straight(dataset, not noise)
        by_name, by_part = (
            world.score(metric, "imagenet-p", where=(("perturbation", name),)),
            world.score(metric, f"imagenet-p/{name}"),
        )
        assert by_name.value == by_part.value == pytest.approx(np.mean(values), abs=1e-12)
        assert by_name.n == 3
        assert by_name.samples is not None
        assert by_name.samples.scores == pytest.approx(values, abs=1e-12)
        assert dict(by_name.provenance)["perturbations"] == name


def test_the_mean_over_perturbations(world: World) -> None:
    from robustcheck.datasets import expand

    names, _ = expand("imagenet-p", ())
    world.add(*(frames(name, seed) for seed, name in enumerate(names)))
    found = world.score("flip_rate", "imagenet-p")
    means = [np.mean(flips(world.datasets[name], name.endswith("noise"))) for name in names]  # type: ignore[arg-type]
    assert found.value == pytest.approx(np.mean(means), abs=1e-12)
    assert found.samples is not None
    assert found.samples.clusters is not None
    # The perturbed videos are of the same sources.
    assert (found.n, sorted(set(found.samples.clusters.tolist()))) == (30, [0, 1, 2])


def test_protocols_9_mfr_is_divided_by_alexnet_only_when_asked_to(world: World) -> None:
    assert "is not verified" in world.refusal("mfr", "imagenet-p/rotate")
    asked = options(baseline="alexnet-unverified")
    rates = [
        world.score("flip_rate", f"imagenet-p/{name}").value / alexnet
        for name, alexnet in (("gaussian_noise", 0.2365), ("rotate", 0.1310))
    ]
    where = (("perturbation", "gaussian_noise"),)
    assert world.score("mfr", "imagenet-p", options=asked, where=where).value == pytest.approx(rates[0])
    assert world.score("mfr", "imagenet-p/rotate", options=asked).value == pytest.approx(rates[1])


def test_a_condition_that_is_no_perturbation_is_refused(world: World) -> None:
    where = (("perturbation", "rotate"), ("video", "a"))
    assert "whole sequences" in world.refusal("flip_rate", "imagenet-p", where=where)


def test_five_classes_are_needed(world: World) -> None:
    world.add(
        painted(
            "rotate",
            6,
            THREE,
            task="sequences",
            groups={"video": np.array(list("aaabbb")), "frame": np.array(list("012012"))},
        )
    )
    assert "at least 5 classes" in world.refusal("top5_distance", "rotate")
    world.add(painted("plain"))
    assert "flip_rate means nothing on a classification data set" in world.refusal("flip_rate", "plain")


# --- video anchors ---------------------------------------------------------------------------------

ANCHORS = (10, 30, 45)
OWN = {10: "0", 30: "1;2", 45: "2"}


def clips(bare: bool = False) -> ImageDataset:
    """Return three anchors of two videos; the first two have frames around them, the third none."""
    n = 50
    near = {row: [str(anchor)] for anchor in ANCHORS[:2] for row in range(anchor - 4, anchor + 5) if row != anchor}
    near[14] = ["10", "30"]
    labels = {row: "" if bare else str(row % 3) for row in near} | OWN
    ids = np.array([str(row) for row in range(n)])
    groups = {
        "video": np.array(["v0" if row < 40 else "v1" for row in range(n)]),
        "role": np.array(["anchor" if row in ANCHORS else "frame" for row in range(n)]),
        "labels": np.array([labels.get(row, "0") for row in range(n)]),
        "anchors": np.array([";".join(near.get(row, [])) for row in range(n)]),
        "frame": np.array([str(row) for row in range(n)]),
    }
    return painted("clips", n, THREE, noise=0.5, labels=np.arange(n) % 3, ids=ids, groups=groups, task="video")


def straight_hits(dataset: ImageDataset, k: int | None) -> list[float]:
    best, groups = logits(dataset).argmax(axis=1), dataset.groups
    hits = []
    for anchor in ANCHORS:
        accepted = {int(label) for label in OWN[anchor].split(";")}
        right = best[anchor] in accepted
        for row in range(len(dataset)):
            if k == 0 or str(anchor) not in groups["anchors"][row].split(";") or (k and abs(row - anchor) > k):
                continue
            own = {int(label) for label in groups["labels"][row].split(";") if label} or accepted
            right = right and best[row] in own
        hits.append(float(right))
    return hits


@pytest.mark.parametrize("bare", [False, True])
def test_anchors_and_the_frames_around_them(world: World, bare: bool) -> None:
    world.add(clips(bare))
    dataset = clips(bare)
    found = world.score("pm0", "clips")
    assert (found.value, found.n) == (pytest.approx(np.mean(straight_hits(dataset, 0))), 3)
    values = {}
    for k in ("all", "1", "2"):
        scored = world.score("pm_k", "clips", options=options(k=k))
        assert scored.value == pytest.approx(np.mean(straight_hits(dataset, None if k == "all" else int(k))))
        values[k] = scored.value
    assert values["all"] <= values["2"] <= values["1"] <= found.value
    assert world.score("pm_k", "clips").value == values["all"]
    assert found.samples is not None
    assert found.samples.clusters is not None
    assert found.samples.clusters.tolist() == [0, 0, 1]
    assert world.decodes()["clips"] == len(dataset)


def test_anchors_are_all_or_none(world: World) -> None:
    world.add(clips())
    assert "over all anchors" in world.refusal("pm0", "clips", where=(("video", "v0"),))
    assert "pm0 means nothing on a sequences data set" in world.refusal("pm0", "imagenet-p/rotate")


# --- calibration of anchors ------------------------------------------------------------------------


def test_anchors_are_calibrated_with_every_class_that_is_right(world: World) -> None:
    """Right where the best class is accepted; the likelihood is that of any accepted class."""
    data = clips()
    world.add(data)
    z = logits(data)[list(ANCHORS)]
    accepted = np.array([[str(label) in OWN[anchor].split(";") for label in range(3)] for anchor in ANCHORS])
    p = softmax(z, axis=1)
    found = world.score("nll", "clips")
    assert (found.value, found.n) == (pytest.approx(-np.log((p * accepted).sum(axis=1)).mean()), 3)
    right = accepted[np.arange(3), z.argmax(axis=1)]
    assert world.score("ece", "clips").value == pytest.approx(calibration.ece(p.max(axis=1), right, bins=15))
    assert found.samples is not None
    assert found.samples.clusters is not None
    assert found.samples.clusters.tolist() == [0, 0, 1]
    assert dict(found.provenance)["scored"] == "3 anchor frames"


def test_anchors_take_the_temperature_of_other_images(world: World) -> None:
    world.add(clips(), painted("known", 90, THREE))
    fitted = options(temperature="fitted", fitted_on="known")
    found = world.score("nll", "clips", options=fitted)
    temperature = float(dict(found.provenance)["temperature"].split(",")[0])
    z, labels = logits(world.datasets["known"]), world.datasets["known"].labels  # type: ignore[arg-type]
    half = stratified_halves(labels)[0]
    assert temperature == pytest.approx(fit_temperature(z[half], labels[half]).value, abs=1e-4)
    scaled = softmax(logits(clips())[list(ANCHORS)] / temperature, axis=1)
    first = [int(OWN[anchor][0]) for anchor in (10, 45)]
    likelihood = [scaled[0, first[0]], scaled[1, 1] + scaled[1, 2], scaled[2, first[1]]]
    assert found.value == pytest.approx(-np.log(likelihood).mean(), abs=1e-4)
    for wrong in (options(temperature="fitted"), options(temperature="oracle", fitted_on="known")):
        assert "fit no temperature" in world.refusal("ece", "clips", options=wrong)
    assert "over all anchors" in world.refusal("ece", "clips", where=(("video", "v0"),))
    assert "brier means nothing on a video data set" in world.refusal("brier", "clips")
