"""Calibration against scipy and stats/calibration.py on straight logits: temperatures, halves, views, transfer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from scoring_data import World, logits, make_world, options, painted

from robustcheck.datasets import class_sets
from robustcheck.datasets.dataset import ImageDataset
from robustcheck.protocols.calibrate.temperature import stratified_halves
from robustcheck.stats import calibration

METRICS = ("ece", "ece_mass", "nll", "brier")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return make_world(tmp_path, painted("known", 90), painted("shifted", 60, seed=5, noise=1.2, id_dataset="known"))


def straight(metric: str, z: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    p = softmax(z, axis=1)
    if metric == "nll":
        return float(-log_softmax(z, axis=1)[np.arange(len(labels)), labels].mean())
    if metric == "brier":
        return float(((p - np.eye(z.shape[1])[labels]) ** 2).sum(axis=1).mean())
    return float(getattr(calibration, metric)(p.max(axis=1), z.argmax(axis=1) == labels, bins=bins))


def best_temperature(z: np.ndarray, labels: np.ndarray) -> float:
    def loss(t: float) -> float:
        return float(-log_softmax(z / np.exp(t), axis=1)[np.arange(len(labels)), labels].mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-5, 5), method="bounded", options={"xatol": 1e-10}).x))


def facts(found: Any) -> dict[str, str]:
    return dict(found.provenance)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("dataset", ["known", "shifted"])
def test_without_a_temperature_every_image_counts(world: World, metric: str, dataset: str) -> None:
    found, data = world.score(metric, dataset), world.datasets[dataset]
    assert found.n == len(data)
    assert found.value == pytest.approx(straight(metric, logits(data), data.labels), abs=1e-9)
    assert facts(found)["temperature"] == "1, not scaled"


@pytest.mark.parametrize("bins", [10, 25])
@pytest.mark.parametrize("metric", ["ece", "ece_mass"])
def test_the_number_of_bins(world: World, metric: str, bins: int) -> None:
    how = {"temperature": "oracle", "half": "all"}
    found, data = world.score(metric, "known", options=options(bins=bins, **how)), world.datasets["known"]
    z = logits(data) / best_temperature(logits(data), data.labels)
    assert found.value == pytest.approx(straight(metric, z, data.labels, bins), abs=1e-6)
    assert found.value != pytest.approx(world.score(metric, "known", options=options(**how)).value, abs=1e-6)


@pytest.mark.parametrize("metric", METRICS)
def test_the_half_not_fitted_on_is_scored_with_its_temperature(world: World, metric: str) -> None:
    found, data = world.score(metric, "known", options=options(temperature="fitted")), world.datasets["known"]
    first, second = stratified_halves(data.labels)
    z, labels = logits(data), data.labels
    assert not set(first) & set(second)
    temperature = best_temperature(z[first], labels[first])
    assert abs(np.log(temperature)) > 0.5
    assert found.n == len(second) == 45
    assert found.samples is not None
    assert found.samples.ids.tolist() == data.ids[second].tolist()
    assert found.value == pytest.approx(straight(metric, z[second] / temperature, labels[second]), abs=1e-6)
    assert facts(found)["temperature"].startswith(f"{temperature:.4f}, fitted on 45 images of known")


def test_halves_are_a_choice(world: World) -> None:
    data = world.datasets["known"]
    _, second = stratified_halves(data.labels)
    z, labels = logits(data), data.labels
    before = world.score("nll", "known", options=options(half="test"))
    assert (before.n, before.value) == (45, pytest.approx(straight("nll", z[second], labels[second]), abs=1e-9))
    both = world.score("nll", "known", options=options(half="all", temperature="fitted"))
    assert both.n == 90


@pytest.mark.parametrize("metric", METRICS)
def test_the_temperature_is_carried_over_unchanged(world: World, metric: str) -> None:
    known, data = world.datasets["known"], world.datasets["shifted"]
    first, _ = stratified_halves(known.labels)
    temperature = best_temperature(logits(known)[first], known.labels[first])
    found = world.score(metric, "shifted", options=options(temperature="fitted"))
    assert found.n == len(data)
    assert found.value == pytest.approx(straight(metric, logits(data) / temperature, data.labels), abs=1e-6)
    assert "of known" in facts(found)["temperature"]


def test_the_temperature_of_clean_images_serves_transformed_ones(world: World) -> None:
    """The same image is scored and fitted on in two forms: the fitted half is left out all the same."""
    found = world.score("nll", "known", transform="gaussian_noise:5", options=options(temperature="fitted"))
    clean = world.score("nll", "known", options=options(temperature="fitted"))
    assert facts(found)["temperature"] == facts(clean)["temperature"]
    assert (found.n, found.value != clean.value) == (45, True)


def test_the_oracle_is_fitted_on_what_is_scored(world: World) -> None:
    data = world.datasets["shifted"]
    temperature = best_temperature(logits(data), data.labels)
    found = world.score("nll", "shifted", options=options(temperature="oracle"))
    assert found.value == pytest.approx(straight("nll", logits(data) / temperature, data.labels), abs=1e-6)
    assert "a bound, not a result" in facts(found)["temperature"]
    for how in ("none", "fitted"):
        assert found.value < world.score("nll", "shifted", options=options(temperature=how)).value


def test_the_oracle_scores_the_images_of_the_temperature_that_it_bounds(world: World) -> None:
    """Fitted elsewhere, both score all of a shift; fitted on it, both score the other half, and the half is said."""
    for given, scored in (
        ({"fitted_on": "known"}, "60 images"),
        ({"fitted_on": "shifted"}, "half that temperature: fitted would score"),
    ):
        ids = []
        for how in ("fitted", "oracle"):
            found = world.score("nll", "shifted", options=options(temperature=how, **given))
            assert found.samples is not None
            ids.append(found.samples.ids.tolist())
        assert ids[0] == ids[1]
        assert scored in facts(found)["scored"]


def test_another_set_can_be_fitted_on(world: World) -> None:
    world.add(painted("third", 60, seed=9))
    third, data = world.datasets["third"], world.datasets["shifted"]
    first, _ = stratified_halves(third.labels)
    temperature = best_temperature(logits(third)[first], third.labels[first])
    found = world.score("nll", "shifted", options=options(temperature="fitted", fitted_on="third"))
    assert found.value == pytest.approx(straight("nll", logits(data) / temperature, data.labels), abs=1e-6)


def view_of(base: ImageDataset, rows: np.ndarray) -> ImageDataset:
    return painted(
        "part",
        base=base,
        rows=rows,
        labels=base.labels[rows],
        pixels=base.pictures.pixels[rows],  # type: ignore[attr-defined]
        ids=base.ids[rows],
        id_dataset=base.name,
    )


def test_a_view_is_not_scored_on_what_was_fitted_on(world: World) -> None:
    base = world.datasets["known"]
    rows = np.arange(5, 65)
    world.add(view_of(base, rows))  # type: ignore[arg-type]
    first, second = stratified_halves(base.labels)
    scored = rows[np.isin(rows, second)]
    temperature = best_temperature(logits(base)[first], base.labels[first])
    found = world.score("nll", "part", options=options(temperature="fitted"))
    assert found.samples is not None
    assert found.samples.ids.tolist() == base.ids[scored].tolist()
    expected = straight("nll", logits(base)[scored] / temperature, base.labels[scored])
    assert found.value == pytest.approx(expected, abs=1e-6)
    assert world.decodes()["part"] == 0


def test_a_mask_comes_before_the_temperature(world: World) -> None:
    inside = class_sets.class_set_indices("imagenet-a")
    outside = np.setdiff1d(np.arange(1000), inside)
    columns = np.array([inside[0], outside[0], inside[1], outside[1], inside[2], outside[2]])
    world.add(painted("masked", 90, columns=columns))
    data, kept = world.datasets["masked"], np.array([0, 2, 4])
    first, second = stratified_halves(data.labels)
    z, labels = logits(data), data.labels
    temperature = best_temperature(z[first], labels[first])
    rows = second[np.isin(labels[second], kept)]
    for metric in METRICS:
        mask = (("classes", "imagenet-a"),)
        found = world.score(metric, "masked", where=mask, options=options(temperature="fitted"))
        expected = straight(metric, z[rows][:, kept] / temperature, labels[rows] // 2)
        assert (found.n, found.value) == (len(rows), pytest.approx(expected, abs=1e-6))
        oracle = world.score(metric, "masked", where=mask, options=options(temperature="oracle", half="all"))
        rows_all = np.flatnonzero(np.isin(labels, kept))
        own = best_temperature(z[rows_all][:, kept], labels[rows_all] // 2)
        expected = straight(metric, z[rows_all][:, kept] / own, labels[rows_all] // 2)
        assert (oracle.n, oracle.value) == (len(rows_all), pytest.approx(expected, abs=1e-6))


def test_a_condition_on_the_half_that_keeps_nothing_is_an_error(world: World) -> None:
    sites = np.array(["a"] * 90)
    first, _ = stratified_halves(world.datasets["known"].labels)
    sites[first[0]] = "b"
    world.add(painted("sites", 90, groups={"site": sites}))
    # The only image of site b is one that the temperature was fitted on.
    text = world.refusal("nll", "sites", where=(("site", "b"),), options=options(temperature="fitted"))
    assert "0 samples" in text


def test_other_kinds_of_sets_are_refused(world: World) -> None:
    world.add(painted("unseen", task="ood", id_dataset="known"))
    assert "ece means nothing on an ood data set" in world.refusal("ece", "unseen")
