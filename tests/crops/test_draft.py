"""Draft decoding: JPEG files at a part of their size, only where a geometry makes them smaller anyway."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from robustcheck.crops import Preparation
from robustcheck.crops.decode_process import portable
from robustcheck.datasets import Dataset, choose_samples, open_dataset
from robustcheck.datasets.decoding import decode_image
from robustcheck.models.geometry import WHOLE, Geometry
from robustcheck.models.picture_steps import CutCentre, ShortSide, Steps
from robustcheck.models.torch_geometry import split_transform

BICUBIC = Image.Resampling.BICUBIC
SMALL = Geometry("20", Steps(ShortSide(20, BICUBIC), CutCentre((20, 20))), least=20)
MIDDLE = Geometry("50", Steps(ShortSide(50, BICUBIC), CutCentre((50, 50))), least=50)
UNKNOWN = Geometry("unknown", Steps(ShortSide(20, BICUBIC)))
ALL = {geometry.key: geometry for geometry in (SMALL, MIDDLE, UNKNOWN, WHOLE)}
LARGE, TINY, PNG, GREY = range(4)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Return a large and a small JPEG, a PNG, and a JPEG in grey, each in a class of its own."""
    directory, rng = tmp_path_factory.mktemp("pictures"), np.random.default_rng(0)
    for place, (name, size) in enumerate((("a.jpg", (240, 180)), ("b.jpg", (39, 60)), ("c.png", (240, 180)))):
        (directory / str(place)).mkdir()
        noise = Image.fromarray(rng.integers(0, 256, size=(12, 16, 3), dtype=np.uint8))
        noise.resize(size, BICUBIC).save(directory / str(place) / name, quality=95)
    (directory / "3").mkdir()
    Image.open(directory / "2" / "c.png").convert("L").save(directory / "3" / "d.jpg", quality=95)
    (directory / "classnames.txt").write_text("large\nsmall\nlossless\ngrey\n")
    return open_dataset(str(directory), ())


def crops(dataset: Dataset, decode: str, index: int, *geometries: Geometry) -> dict[str, np.ndarray]:
    found = Preparation(dataset, decode=decode).crops(index, {each.key: each for each in geometries})  # type: ignore[arg-type]
    assert not any(isinstance(crop, Exception) for crop in found.values())
    return found  # type: ignore[return-value]


def scaled_image(dataset: Dataset, index: int, least: int) -> Image.Image:
    encoded = dataset.encoded(index)
    assert encoded is not None
    return decode_image(*encoded, least)


@pytest.mark.parametrize(("least", "factor"), [(180, 1), (91, 1), (90, 2), (46, 2), (45, 4), (23, 4), (22, 8), (1, 8)])
def test_a_jpeg_is_scaled_as_far_as_its_short_side_allows(pictures: Dataset, least: int, factor: int) -> None:
    whole, scaled = pictures.image(LARGE), scaled_image(pictures, LARGE, least)
    assert scaled.size == (-(-240 // factor), -(-180 // factor))
    # A scaled decode is the mean of the pixels that it stands for, but for rounding and the colours' own grid.
    high, wide = (180 // factor, 240 // factor)
    means = np.asarray(whole, dtype=float)[: high * factor, : wide * factor]
    means = means.reshape(high, factor, wide, factor, 3).mean(axis=(1, 3))
    assert np.abs(means - np.asarray(scaled, dtype=float)[:high, :wide]).mean() < 1.5


def test_what_is_small_or_no_jpeg_is_decoded_exactly(pictures: Dataset) -> None:
    for index, least in ((TINY, 20), (PNG, 20), (LARGE, 100), (GREY, 100)):
        scaled, exact = scaled_image(pictures, index, least), pictures.image(index)
        np.testing.assert_array_equal(np.asarray(scaled), np.asarray(exact))
    assert scaled_image(pictures, TINY, 19).size == (20, 30)
    grey = scaled_image(pictures, GREY, 40)
    assert (grey.size, grey.mode) == ((60, 45), "RGB")


def test_a_cmyk_jpeg_is_scaled_and_converted(tmp_path: Path) -> None:
    path = tmp_path / "c.jpg"
    Image.new("CMYK", (64, 48), (10, 80, 200, 30)).save(path)
    exact, scaled = (decode_image(path.read_bytes(), "here", least) for least in (None, 24))
    assert (scaled.size, scaled.mode) == ((32, 24), "RGB")
    assert np.abs(np.asarray(exact, dtype=int)[::2, ::2] - np.asarray(scaled, dtype=int)).max() <= 2


def test_a_geometry_gets_the_same_crop_whatever_others_are_beside_it(pictures: Dataset) -> None:
    for index in range(4):
        together = crops(pictures, "draft", index, *ALL.values())
        for geometry in ALL.values():
            alone = crops(pictures, "draft", index, geometry)
            np.testing.assert_array_equal(alone[geometry.key], together[geometry.key])


def test_pixels_differ_only_where_the_picture_was_scaled(pictures: Dataset) -> None:
    differs = {
        (index, key)
        for index in range(4)
        for key, geometry in ALL.items()
        if not np.array_equal(
            crops(pictures, "draft", index, geometry)[key], crops(pictures, "exact", index, geometry)[key]
        )
    }
    assert differs == {(LARGE, "20"), (LARGE, "50"), (GREY, "20"), (GREY, "50")}


def test_chosen_samples_in_another_process_give_the_same_crops(pictures: Dataset) -> None:
    chosen = choose_samples(pictures, [GREY, LARGE])
    sent = portable(Preparation(chosen, decode="draft"))
    assert sent is not None
    found = pickle.loads(sent).prepare([0, 1], {"20": SMALL}).crops
    for index, image in zip((GREY, LARGE), found, strict=True):
        np.testing.assert_array_equal(image["20"], crops(pictures, "draft", index, SMALL)["20"])


@pytest.mark.parametrize(
    ("size", "least"), [(40, 40), ([40], 40), ((30, 50), 50), (None, None)], ids=["short", "listed", "whole", "none"]
)
def test_the_least_side_is_that_of_the_first_resize(size: object, least: int | None) -> None:
    transforms = pytest.importorskip("torchvision.transforms")
    resize = [] if size is None else [transforms.Resize(size, transforms.InterpolationMode.BICUBIC)]
    end = [transforms.CenterCrop(32), transforms.ToTensor(), transforms.Normalize((0.5,) * 3, (0.5,) * 3)]
    geometry, _ = split_transform(transforms.Compose([*resize, *end]), "here")
    assert geometry.least == least
