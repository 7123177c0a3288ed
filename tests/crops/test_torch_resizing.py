"""Resizing by torch: nearly Pillow's pixels, from its own memory or a copy; what torch cannot do stays Pillow's."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from torchvision import transforms

from robustcheck.models.torch_geometry import split_transform
from robustcheck.models.torch_resizing import resize_by_torch

BILINEAR, BICUBIC = Image.Resampling.BILINEAR, Image.Resampling.BICUBIC
# Smaller, larger, one side of each, and so small that only an edge is left.
SIZES = [(57, 41), (200, 311), (57, 311), (1, 9)]


def photograph(wide: int, high: int, seed: int = 0) -> Image.Image:
    """Return a picture that is smooth in places, noisy in others, and reaches both ends of the range."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(-60, 316, size=(max(high // 9, 1), max(wide // 9, 1), 3)).clip(0, 255).astype(np.uint8)
    picture = np.array(Image.fromarray(coarse).resize((wide, high), BICUBIC))
    picture[: high // 2] = rng.integers(0, 256, size=(high // 2, wide, 3))
    return Image.fromarray(picture)


def evaluation(*steps: Any) -> Any:
    return transforms.Compose([*steps, transforms.ToTensor(), transforms.Normalize((0, 0, 0), (1, 1, 1))])


def differences(found: npt.NDArray[np.uint8], expected: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    assert (found.shape, found.dtype) == (expected.shape, np.uint8)
    return np.abs(found.astype(np.int64) - expected)


@pytest.mark.parametrize("resampling", [BILINEAR, BICUBIC])
@pytest.mark.parametrize("size", SIZES)
def test_pixels_are_those_of_pillow_but_for_a_few_by_one(size: tuple[int, int], resampling: Image.Resampling) -> None:
    picture = photograph(150, 97)
    away = differences(resize_by_torch(picture, size, resampling), np.asarray(picture.resize(size, resampling)))
    assert away.max() <= 2
    assert (away == 1).mean() < 0.05
    assert (away == 2).mean() < 0.001


def test_a_picture_that_has_the_size_stays_as_it_is() -> None:
    picture = photograph(30, 20)
    np.testing.assert_array_equal(resize_by_torch(picture, (30, 20), BICUBIC), np.asarray(picture))


@pytest.mark.parametrize("without", ["pyarrow", "Pillow's own part of it"])
def test_a_copy_gives_what_the_memory_of_the_picture_gives(without: str, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = photograph(150, 97)
    expected = resize_by_torch(picture, (40, 26), BICUBIC)
    if without == "pyarrow":
        monkeypatch.setitem(sys.modules, "pyarrow", None)
    else:
        monkeypatch.delattr(Image.Image, "__arrow_c_array__")
    np.testing.assert_array_equal(resize_by_torch(picture, (40, 26), BICUBIC), expected)


def test_a_picture_in_several_pieces_of_memory_is_resized_too() -> None:
    picture = photograph(2500, 2400)
    assert 4 * picture.width * picture.height > 16 * 2**20, "Pillow divides what is larger"
    away = differences(resize_by_torch(picture, (60, 58), BICUBIC), np.asarray(picture.resize((60, 58), BICUBIC)))
    assert away.max() <= 1


@pytest.mark.parametrize(
    "steps",
    [
        (transforms.Resize(24, BICUBIC), transforms.CenterCrop(24)),
        (transforms.Resize(24, BILINEAR), transforms.CenterCrop((20, 30))),
        (transforms.Resize((24, 30), BICUBIC),),
    ],
    ids=["shortest", "black beside it", "squashed"],
)
def test_a_geometry_resizes_by_torch_and_cuts_as_ever(steps: tuple[Any, ...]) -> None:
    geometry, _ = split_transform(evaluation(*steps), "here")
    assert geometry.by_torch is not None
    for seed, size in enumerate(((150, 97), (97, 150), (30, 30), (10, 12))):
        picture = photograph(*size, seed)
        away = differences(geometry.by_torch(picture), geometry.crop(picture))
        assert away.max() <= 2
        assert (away > 0).mean() < 0.1


@pytest.mark.parametrize(
    "steps",
    [
        (transforms.Resize(24, Image.Resampling.LANCZOS), transforms.CenterCrop(24)),
        (transforms.Resize(24, Image.Resampling.NEAREST),),
        (transforms.CenterCrop(24), transforms.Resize(20, BICUBIC)),
        (transforms.CenterCrop(24),),
        (transforms.Resize(24, BICUBIC, max_size=90), transforms.CenterCrop(24)),
    ],
    ids=["lanczos", "nearest", "cut first", "no resize", "a longest side"],
)
def test_what_torch_cannot_do_as_pillow_does_stays_pillows(steps: tuple[Any, ...]) -> None:
    assert split_transform(evaluation(*steps), "here")[0].by_torch is None
