"""Averages over data sets: the mean of the members' own scores, and how sure it is, against plain calculations."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from scoring_data import THREE, World, make_world, options, painted

from robustcheck.datasets import catalogue, known_datasets, open_dataset
from robustcheck.datasets.doctor import examine
from robustcheck.datasets.presence import presence
from robustcheck.errors import DataError
from robustcheck.measure.averages import average_samples, member_cells
from robustcheck.stats.intervals import covariance
from robustcheck.stats.statistics import value_of
from robustcheck.values import Samples, Score

MEMBERS = {
    "two": (("one", ()), ("other", ())),
    "far": (("near", ("auroc=class_auroc",)), ("beyond", ())),
    "found": (("pictures", ()), ("photos", ())),
}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    base = known_datasets()
    entries = {
        name: dataclasses.replace(base["drawn-average"], name=name, members=members)
        for name, members in MEMBERS.items()
    }
    monkeypatch.setattr("robustcheck.measure.averages.known_datasets", lambda: {**base, **entries})
    far = {"task": "ood", "id_dataset": "one"}
    return make_world(
        tmp_path,
        painted("one", 90),
        painted("other", 40, seed=4, noise=1.2),
        painted("near", 30, THREE, seed=8, **far),
        painted("beyond", 50, THREE, seed=9, **far),
    )


def test_the_value_is_the_mean_of_the_members(world: World) -> None:
    for metric in ("top1", "ece", "nll"):
        parts = [world.score(metric, name) for name in ("one", "other")]
        found = world.score(metric, "two")
        assert found.value == pytest.approx(np.mean([part.value for part in parts]), abs=1e-12)
        assert found.n == 130
        told = dict(found.provenance)["the mean of"]
        assert told == ", ".join(f"{metric} {part.value:.4f} on {part.cell.quantity.dataset}" for part in parts)


def test_of_independent_members_the_variance_is_a_quarter_of_the_sum(world: World) -> None:
    for metric in ("top1", "ece"):
        parts = [_samples(world, metric, name) for name in ("one", "other")]
        whole = _samples(world, metric, "two")
        assert covariance(whole, whole) == pytest.approx(sum(covariance(part, part) for part in parts) / 4)


def test_members_that_share_images_vary_together(world: World) -> None:
    """The known images are the same for both unseen sets; a member may be scored by a metric of its own."""
    parts = [_samples(world, metric, name) for metric, name in (("class_auroc", "near"), ("auroc", "beyond"))]
    whole = _samples(world, "auroc", "far")
    assert len(whole.ids) == 90 + 30 + 50
    assert value_of(whole) == pytest.approx(np.mean([value_of(part) for part in parts]))
    apart = sum(covariance(part, part) for part in parts) / 4
    assert covariance(whole, whole) > 1.05 * apart


def test_a_difference_of_two_averages_is_paired() -> None:
    rng = np.random.default_rng(0)
    hits = [[(rng.random(n) < share).astype(float) for n in (300, 80)] for share in (0.6, 0.7)]
    ids = [np.arange(n).astype(str) for n in (300, 80)]
    zeros = [np.zeros(n, np.int64) for n in (300, 80)]
    one, other = (
        average_samples([Samples(*column) for column in zip(ids, side, zeros, strict=True)], ("a/", "b/"))
        for side in hits
    )
    changes = [after - before for before, after in zip(*hits, strict=True)]
    assert one.ids.tolist() == other.ids.tolist()
    assert value_of(other) - value_of(one) == pytest.approx(np.mean([change.mean() for change in changes]))
    change = other.scores - one.scores
    expected = sum(part.var() / part.size for part in changes) / 4
    assert change.var() / change.size == pytest.approx(expected, rel=1e-9)


def test_clusters_of_a_member_stay_clusters() -> None:
    ids, zeros = np.arange(4).astype(str), np.zeros(4, np.int64)
    plain = Samples(ids, np.array([1.0, 0, 1, 1]), zeros)
    frames = dataclasses.replace(plain, clusters=np.array([0, 0, 1, 1]))
    whole = average_samples([plain, frames], ("a/", "b/"))
    assert whole.clusters is not None
    names = [sorted(whole.ids[whole.clusters == cluster].tolist()) for cluster in np.unique(whole.clusters)]
    assert sorted(names) == [["a/0"], ["a/1"], ["a/2"], ["a/3"], ["b/0", "b/1"], ["b/2", "b/3"]]


def test_a_score_has_its_own_key_and_slices_are_refused(world: World) -> None:
    assert len({world.score("top1", name).key for name in ("one", "other", "two")}) == 3
    assert "an average has no slices" in world.refusal("top1", "two", where=(("class", "red"),))
    bins = options(bins=10)
    assert world.score("ece", "two", options=bins).value != world.score("ece", "two").value


def test_the_shipped_averages_are_those_of_table_iv() -> None:
    shifts = known_datasets()["holistic-shifts-average"]
    assert [name for name, _ in shifts.members] == [
        *("imagenet-val", "imagenet-v2", "imagenet-sketch", "objectnet", "imagenet-a", "imagenet-r"),
        "imagenet-vid-robust",
    ]
    assert (shifts.member_metric("imagenet-vid-robust", "top1"), shifts.member_metric("imagenet-r", "top1")) == (
        *("pm0", "top1"),
    )
    detection = known_datasets()["holistic-ood-average"]
    assert [name for name, _ in detection.members] == ["ninco", "inaturalist", "textures", "places", "sun"]
    assert detection.member_metric("ninco", "fpr95") == "class_fpr95"


def test_where_an_average_is_and_that_it_has_no_images() -> None:
    assert presence("drawn-average", ()).place == "an average over 2 data sets"
    assert "averages ninco: put it in" in presence("holistic-ood-average", ()).advice
    assert [one.level for one in examine("drawn-average", ())] == ["ok", "ok"]
    with pytest.raises(DataError, match="drawn-average is an average over digits, shapes: it has no images"):
        open_dataset("drawn-average", ())


def test_every_member_of_a_shipped_average_is_a_data_set(world: World) -> None:
    for entry in catalogue.known_datasets().values():
        metric = {"ood": "auroc", "retrieval": "retrieval_recall@5"}.get(entry.task, "top1")
        cells = member_cells(world.cell(metric, entry.name)) if entry.members else ()
        assert all(cell.quantity.dataset in known_datasets() for cell in cells)
        assert len(cells) == len(entry.members)


def _samples(world: World, metric: str, dataset: str) -> Samples:
    bench = world.bench()
    cell = world.cell(metric, dataset)
    assert isinstance(bench.measure(cell), Score)
    return bench.samples(cell)
