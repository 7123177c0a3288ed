"""Views of an image as the source of Tip-Adapter draws them, and the keys that are made of them."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from torch.nn import functional
from torchvision.transforms import InterpolationMode, RandomResizedCrop
from torchvision.transforms import functional as pictures

from robustcheck.adapters.augmented_views import draw_box, stacked_views
from robustcheck.datasets import open_dataset
from robustcheck.measure import Bench, MeasureSettings
from robustcheck.measure.learnt import read_head
from robustcheck.models.encoders import load_model
from robustcheck.models.reference import parse_reference
from robustcheck.values import Cell, Quantity, Score

BASE = "zoo:vit-plain-100"


def crop(image: Image.Image) -> np.ndarray:
    return np.asarray(image.resize((24, 24), Image.Resampling.BICUBIC))


def picture(seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 255, size=(40, 60, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def test_parts_are_drawn_as_torchvision_draws_them() -> None:
    """The same law: shares of the area and ratios of sides have the same quantiles."""
    rng = np.random.default_rng(0)
    ours = np.array([draw_box(300, 200, rng) for _ in range(3000)])
    wide, high = ours[:, 2] - ours[:, 0], ours[:, 3] - ours[:, 1]
    assert (ours[:, :2] >= 0).all()
    assert (ours[:, 2:] <= (300, 200)).all()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        image = torch.zeros(3, 200, 300)
        drawn = [RandomResizedCrop.get_params(image, [0.5, 1.0], [3 / 4, 4 / 3]) for _ in range(3000)]
    theirs = np.array(drawn)
    shares = [np.quantile(each / 60_000, [0.1, 0.5, 0.9]) for each in (wide * high, theirs[:, 2] * theirs[:, 3])]
    np.testing.assert_allclose(*shares, atol=0.02)
    ratios = [np.quantile(each, [0.1, 0.5, 0.9]) for each in (wide / high, theirs[:, 3] / theirs[:, 2])]
    np.testing.assert_allclose(*ratios, atol=0.04)
    np.testing.assert_allclose(ours[:, 0].mean(), theirs[:, 1].mean(), atol=2.5)
    # A picture whose sides allow no such part shows the largest one in its middle.
    assert draw_box(1000, 10, rng) == middle_part(1000, 10)


def middle_part(width: int, height: int) -> tuple[int, int, int, int]:
    top, left, high, wide = RandomResizedCrop.get_params(torch.zeros(3, height, width), [0.999, 1.0], [3 / 4, 4 / 3])
    return left, top, left + wide, top + high


def test_a_view_is_the_resized_part_mirrored_half_of_the_time() -> None:
    image, views = picture(), 12
    stack = np.split(stacked_views(crop, views, 3, image), views + 1)
    np.testing.assert_array_equal(stack[0], crop(image))
    rng = np.random.default_rng([3, zlib.crc32(image.tobytes())])
    mirrored = 0
    for view in stack[1:]:
        left, top, right, bottom = draw_box(*image.size, rng)
        part = pictures.resized_crop(image, top, left, bottom - top, right - left, [24, 24], InterpolationMode.BICUBIC)
        is_mirrored = rng.uniform() < 0.5
        mirrored += is_mirrored
        np.testing.assert_array_equal(view, np.asarray(pictures.hflip(part) if is_mirrored else part))
    assert 2 <= mirrored <= 10


def test_views_depend_on_seed_and_content_alone() -> None:
    first = stacked_views(crop, 4, 1, picture())
    np.testing.assert_array_equal(first, stacked_views(crop, 4, 1, picture()))
    assert (first != stacked_views(crop, 4, 2, picture())).any()
    assert (first != stacked_views(crop, 4, 1, picture(1))).any()


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(MeasureSettings(store=tmp_path_factory.mktemp("store"), device="cpu"))


def asked(text: str) -> Cell:
    return Cell(parse_reference(text), Quantity("top1", "digits"))


def test_a_key_is_the_mean_of_raw_features_brought_to_unit_norm(bench: Bench) -> None:
    """Against open_clip's own tower on the same pictures; what settings are chosen on is shown as it is."""
    cell = asked(f"{BASE}+tip-adapter:shots=2:views=3:search=true:seed=4")
    found = bench.measure(cell)
    assert isinstance(found, Score), found
    (recipe,) = bench.recipes(cell)
    learnt = recipe.learnt
    assert learnt is not None
    rows = bench.memo.rows(learnt.basis.outputs).take(np.arange(len(learnt.places)))
    keys = read_head(learnt, bench.memo).state.array
    digits, model = open_dataset("digits-train", ()), load_model(parse_reference(BASE), "cpu")
    own = model.geometry.crop
    tower = open_clip.create_model(f"local-dir:{Path(str(parse_reference(BASE).weights))}").eval()
    for at in (0, 7):
        image = digits.image(learnt.places[at]).convert("RGB")
        stack = torch.tensor(np.stack(np.split(stacked_views(own, 3, 4, image), 4)).transpose(0, 3, 1, 2) / 255).float()
        with torch.no_grad():
            raw = tower.encode_image((stack - 0.5) / 0.35)
        np.testing.assert_allclose(rows[at, 1], functional.normalize(raw[0], dim=0), atol=1e-6)
        np.testing.assert_allclose(rows[at, 0], functional.normalize(raw[1:].mean(dim=0), dim=0), atol=1e-6)
        np.testing.assert_allclose(keys[at], rows[at, 0])
    assert len(keys) == 20
    assert dict(found.provenance)["tip-adapter"].startswith("learnt from 60 images of digits-train; alpha ")


def test_views_are_in_the_key_and_none_is_as_it_was(bench: Bench) -> None:
    plain, none, three, other = (
        bench.recipes(asked(f"{BASE}+tip-adapter:shots=2{more}"))[0].key
        for more in ("", ":views=0", ":views=3", ":views=3:seed=2")
    )
    assert plain == none
    assert len({plain, three, other}) == 3
