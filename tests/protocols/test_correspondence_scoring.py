"""Recall of correspondences, from feature maps to a score."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from robustcheck.datasets import ImageDataset, PairGeometry, SurfacePairs
from robustcheck.datasets.shapes.view_pairs import open_views, plane_geometry
from robustcheck.errors import DataError
from robustcheck.measure import Bench, MeasureSettings
from robustcheck.measure.reading import reading_named
from robustcheck.models.model_sets import resolve_models
from robustcheck.protocols.correspondence.feature_maps import FEATURE_MAPS
from robustcheck.values import Cell, Quantity, Score

pytest.importorskip("torch")
ZOO = resolve_models(("zoo:vit-augmented-1000",))[0]


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(MeasureSettings(store=tmp_path_factory.mktemp("store"), device="cpu"))


def ask(bench: Bench, metric: str = "correspondence_recall", dataset: str = "shapes-views", **options: str) -> object:
    return bench.measure(Cell(ZOO, Quantity(metric=metric, dataset=dataset, options=tuple(sorted(options.items())))))


def recall(bench: Bench, **options: str) -> float:
    found = ask(bench, **options)
    assert isinstance(found, Score), found
    return found.value


def test_the_reading_has_a_name() -> None:
    assert reading_named("feature_map") is FEATURE_MAPS


def test_recall_falls_with_the_angle_and_grows_with_the_threshold(bench: Bench) -> None:
    bins = [recall(bench, viewpoint=name) for name in ("0-15", "15-30", "30-60", "60-180")]
    assert bins[0] > bins[2] > bins[3]
    # Twelve pairs in each of the first two, 24 in the others.
    assert recall(bench) == pytest.approx(np.average(bins, weights=[12, 12, 24, 24]))
    assert recall(bench, threshold="2") < recall(bench, threshold="8") < recall(bench, threshold="32")
    assert recall(bench, threshold="500") == 1.0


def test_a_bin_without_a_pair_is_not_applicable(bench: Bench) -> None:
    found = ask(bench, viewpoint="90-120", threshold="4")
    assert isinstance(found, Score)
    dataset = open_views()
    assert isinstance(dataset.pairs, SurfacePairs)
    few = Bench(bench.settings)
    few.shelf.open = lambda name, roots, index: replace(  # type: ignore[method-assign]
        dataset, fingerprint="few", pairs=replace(dataset.pairs, angles=np.full(72, 10.0))
    )
    found = ask(few, viewpoint="60-180")
    assert isinstance(found, DataError)
    assert "not applicable: no pair has an angle from 60 to 180 degrees" in str(found)


def test_identical_views_have_a_recall_of_all_in_every_bin(tmp_path: Path) -> None:
    dataset = open_views()
    assert isinstance(dataset.pairs, SurfacePairs)

    def geometry(number: int) -> PairGeometry:
        return plane_geometry(np.eye(3), 128, 32)

    same: ImageDataset = replace(
        dataset, fingerprint="same", pairs=replace(dataset.pairs, second=dataset.pairs.first, geometry=geometry)
    )
    bench = Bench(MeasureSettings(store=tmp_path / "store", device="cpu"))
    bench.shelf.open = lambda name, roots, index: same  # type: ignore[method-assign]
    for name in ("all", "0-15", "15-30", "30-60", "60-180"):
        assert recall(bench, viewpoint=name, threshold="0.001") == 1.0


@pytest.mark.parametrize(
    ("options", "said"),
    [({"unit": "m"}, "no errors in m"), ({"metric": "pck"}, "means nothing on a correspondence data set")],
)
def test_a_question_that_makes_no_sense_is_refused(options: dict[str, str], said: str, bench: Bench) -> None:
    found = ask(bench, **options)
    assert isinstance(found, DataError)
    assert said in str(found)


def test_a_transform_or_a_slice_is_refused(bench: Bench) -> None:
    quantity = Quantity(metric="correspondence_recall", dataset="shapes-views", where=(("pair", "shapes-views-00"),))
    found = bench.measure(Cell(ZOO, quantity))
    assert isinstance(found, DataError)
    assert "over pairs of images as they are" in str(found)


def test_pictures_may_be_shown_at_the_models_own_size(bench: Bench) -> None:
    """Another reading with other maps: a key of its own, and another value."""
    shown = ask(bench)
    own = ask(bench, pictures="own")
    assert isinstance(shown, Score)
    assert isinstance(own, Score)
    assert shown.key != own.key
    assert shown.value != own.value
