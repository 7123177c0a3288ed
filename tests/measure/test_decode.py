"""Other ways of decoding in a run: their own keys and crops, named in the score; what they do under a transform."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from colour_data import cell, fake
from PIL import Image

from robustcheck.errors import SetupError
from robustcheck.measure import Bench, CropPlace, MeasureSettings, logits_of, measure_cells
from robustcheck.measure.crop_cache import CropCache
from robustcheck.measure.jobs import Job
from robustcheck.measure.parts import ImageSet
from robustcheck.models.model_sets import resolve_models
from robustcheck.values import Cell, Quantity, Score


@pytest.fixture
def settings(tmp_path: Path) -> MeasureSettings:
    return MeasureSettings(store=tmp_path / "store", device="cpu", workers=1)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name, colour in (("red", (200, 20, 20)), ("blue", (20, 20, 200))):
        path = tmp_path / "data" / name / "one.jpg"
        path.parent.mkdir(parents=True)
        Image.new("RGB", (64, 48), colour).save(path)
    (tmp_path / "data" / "classnames.txt").write_text("blue\nred\n")
    return tmp_path / "data"


def measured(data: Path, settings: MeasureSettings) -> Score:
    asked = cell(fake(), data)
    found = measure_cells([asked], settings)[asked]
    assert isinstance(found, Score), found
    return found


def test_a_drafted_score_has_a_key_of_its_own_and_says_so(data: Path, settings: MeasureSettings) -> None:
    exact, draft = (measured(data, replace(settings, decode=decode)) for decode in ("exact", "draft"))
    assert exact.key != draft.key
    assert "decode" not in dict(exact.provenance)
    assert dict(draft.provenance)["decode"] == "draft"
    # The data are the same, so the two are compared; a note says how they differ.
    assert dict(exact.provenance)["dataset"] == dict(draft.provenance)["dataset"]
    assert draft.versions_since(exact) == "decode exact then, draft now"
    assert exact.versions_since(draft) == "decode draft then, exact now"
    assert draft.versions_since(draft) == ""


def test_heads_are_shared_and_outputs_are_not(data: Path, settings: MeasureSettings) -> None:
    asked = cell(fake(), data)
    exact, draft = (Bench(replace(settings, decode=decode)).recipes(asked)[0] for decode in ("exact", "draft"))
    assert exact.head is not None
    assert draft.head is not None
    assert exact.head.key == draft.head.key
    assert exact.outputs.key != draft.outputs.key
    assert (exact.outputs.images.decode, draft.outputs.images.decode) == ("exact", "draft")


def test_a_transform_is_refused_with_what_to_do(data: Path, settings: MeasureSettings) -> None:
    asked = cell(fake(), data, transform="gaussian_noise:3")
    error = measure_cells([asked], replace(settings, decode="draft"))[asked]
    assert isinstance(error, SetupError)
    assert "gaussian_noise:3 alters photographs at their full size" in error.found
    assert "--robust-decode exact" in str(error)
    assert isinstance(measure_cells([asked], settings)[asked], Score)


def test_torch_resizes_and_says_so(tmp_path: Path, settings: MeasureSettings) -> None:
    rng, data = np.random.default_rng(0), tmp_path / "noise"
    for name in ("blue", "red"):
        (data / name).mkdir(parents=True)
        Image.fromarray(rng.integers(0, 256, size=(70, 90, 3), dtype=np.uint8)).save(data / name / "one.png")
    (data / "classnames.txt").write_text("blue\nred\n")
    asked = Cell(resolve_models(("zoo:vit-plain-100",))[0], Quantity("top1", str(data)))
    found = {}
    for decode in ("exact", "torch"):
        bench = Bench(replace(settings, decode=decode))
        score = bench.measure(asked)
        assert isinstance(score, Score), score
        found[decode] = (score, logits_of(asked, bench).values)
    (exact, sharp), (torch, other) = found["exact"], found["torch"]
    assert exact.key != torch.key
    assert dict(torch.provenance)["decode"] == "torch"
    assert torch.versions_since(exact) == "decode exact then, torch now"
    assert not np.array_equal(sharp, other)
    np.testing.assert_allclose(other, sharp, atol=0.1)


def test_a_transform_under_torch_is_what_it_always_was(data: Path, settings: MeasureSettings) -> None:
    asked = cell(fake(), data, transform="gaussian_noise:3")
    exact, torch = (measure_cells([asked], replace(settings, decode=decode))[asked] for decode in ("exact", "torch"))
    assert isinstance(exact, Score)
    assert isinstance(torch, Score)
    assert torch.key == exact.key
    assert "decode" not in dict(torch.provenance)


def test_locks_and_kept_crops_of_the_two_are_apart(tmp_path: Path) -> None:
    exact = Job(ImageSet("set", "print", 5), 4, 0, ())
    draft = replace(exact, images=replace(exact.images, decode="draft"))
    assert exact.lock_key != draft.lock_key
    cache, crops = CropCache(CropPlace(tmp_path, 2**20)), [np.zeros((8, 8, 3), dtype=np.uint8)] * 4
    cache.write(draft, "geometry", crops)
    assert cache.read(exact, "geometry") is None
    assert cache.read(draft, "geometry") is not None
