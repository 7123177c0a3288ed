"""Visual factors against straight shares: error ratios and the worst factor, by either annotation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scoring_data import World, logits, make_world, options, painted

from robustcheck.stats.statistics import value_of

TOP = np.array([("pose", "size", "", "colour", "pose")[row % 5] for row in range(60)])
MULTI = np.array([("pose;size", "size", "", "colour;pose;size", "pose")[row % 5] for row in range(60)])


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    groups = {"factor": TOP, "factors": MULTI, "site": np.array(list("ab" * 30))}
    return make_world(tmp_path, painted("annotated", 60, groups=groups), painted("plain"))


def hits(world: World) -> np.ndarray:
    dataset = world.datasets["annotated"]
    return logits(dataset).argmax(axis=1) == dataset.labels


def has(column: np.ndarray, name: str) -> np.ndarray:
    return np.array([name in text.split(";") for text in column])


@pytest.mark.parametrize(("key", "column"), [("factor", TOP), ("factors", MULTI)])
@pytest.mark.parametrize("name", ["pose", "size", "colour"])
def test_the_error_ratio_is_that_of_error_rates(world: World, key: str, column: np.ndarray, name: str) -> None:
    right = hits(world)
    expected = (1 - right[has(column, name)].mean()) / (1 - right.mean())
    found = world.score("error_ratio", "annotated", where=((key, name),))
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert found.samples is not None
    assert (found.n, value_of(found.samples)) == (60, found.value)
    assert found.low < found.value < found.high
    assert dict(found.provenance)["images of the factor"] == str(has(column, name).sum())
    accuracy = world.score("top1", "annotated", where=((key, name),))
    assert (1 - accuracy.value) / (1 - right.mean()) == pytest.approx(found.value, abs=1e-12)


@pytest.mark.parametrize(("annotation", "column"), [("top", TOP), ("multi", MULTI)])
def test_the_worst_factor(world: World, annotation: str, column: np.ndarray) -> None:
    shares = {name: hits(world)[has(column, name)].mean() for name in ("pose", "size", "colour")}
    found = world.score("worst_factor", "annotated", options=options(annotation=annotation))
    assert found.value == pytest.approx(min(shares.values()), abs=1e-12)
    worst = min(shares, key=lambda name: shares[name])
    assert dict(found.provenance)["worst factor"] == f"{worst}, {has(column, worst).sum()} images"
    assert found.samples is not None
    assert found.samples.clusters is not None
    assert found.n == sum(int(has(column, name).sum()) for name in shares)
    assert len(set(found.samples.clusters.tolist())) == (column != "").sum()
    assert len(set(found.samples.ids.tolist())) == found.n


def test_a_slice_of_factors_is_refused_where_it_would_be_left_out(world: World) -> None:
    assert "over all images" in world.refusal("worst_factor", "annotated", where=(("site", "a"),))
    assert "needs a factor" in world.refusal("error_ratio", "annotated")
    mask = (("factor", "pose"), ("classes", "imagenet-a"))
    assert "among all classes" in world.refusal("error_ratio", "annotated", where=mask)


def test_data_without_factors_or_errors(world: World) -> None:
    for metric in ("worst_factor", "error_ratio"):
        assert f"{metric} needs annotated factors" in world.refusal(metric, "plain")
    assert "did you mean 'pose'" in world.refusal("error_ratio", "annotated", where=(("factor", "posse"),))
    groups = {"factor": TOP, "factors": MULTI}
    world.add(painted("annotated", 60, groups=groups, noise=0.0))
    text = world.refusal("error_ratio", "annotated", where=(("factor", "pose"),))
    assert "the model makes no error" in text


def test_factors_share_one_pass(world: World) -> None:
    world.score("worst_factor", "annotated")
    for name in ("pose", "size", "colour"):
        world.score("error_ratio", "annotated", where=(("factor", name),))
    assert world.decodes()["annotated"] == 60
