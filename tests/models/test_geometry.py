"""Geometry and normalisation, apart, against the whole transforms of open_clip and timm."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from robustcheck.errors import ModelError
from robustcheck.models.geometry import WHOLE
from robustcheck.models.picture_steps import CutCentre, Steps, known_step, known_steps
from robustcheck.models.torch_geometry import split_transform
from robustcheck.models.torch_running import normalised, stack_pixels

torch = pytest.importorskip("torch")
transform_of_open_clip = pytest.importorskip("open_clip.transform")
timm_data = pytest.importorskip("timm.data")

OPENAI = {"mean": (0.48145466, 0.4578275, 0.40821073), "std": (0.26862954, 0.26130258, 0.27577711)}
HALF = {"mean": (0.5, 0.5, 0.5), "std": (0.5, 0.5, 0.5)}


def of_open_clip(**changes: Any) -> Any:
    configuration = transform_of_open_clip.PreprocessCfg(**{"size": 32, **OPENAI, **changes})
    return transform_of_open_clip.image_transform_v2(configuration, is_train=False)


def of_timm(**changes: Any) -> Any:
    configuration = {"input_size": (3, 32, 32), "interpolation": "bicubic", "crop_pct": 1.0, **OPENAI, **changes}
    return timm_data.create_transform(**configuration, is_training=False)


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    rng = np.random.default_rng(0)
    sides = [(32, 32), (40, 50), (9, 70), (100, 33), (31, 31)]
    return [Image.fromarray(rng.integers(0, 256, size=(*side, 3), dtype=np.uint8)) for side in sides]


@pytest.mark.parametrize(
    "transform",
    [
        of_open_clip(),
        of_open_clip(resize_mode="squash", **HALF),
        of_open_clip(resize_mode="longest", fill_color=7, interpolation="bilinear"),
        of_open_clip(size=(24, 40), mean=(0.1, 0.2, 0.3)),
        of_timm(),
        of_timm(crop_pct=0.875, interpolation="bilinear", **HALF),
        of_timm(crop_mode="squash"),
        of_timm(crop_mode="border", crop_pct=0.9),
    ],
    ids=str,
)
def test_the_two_halves_make_the_same_bits_as_the_whole(transform: Any, pictures: list[Image.Image]) -> None:
    geometry, normalisation = split_transform(transform, "here")
    crops = [geometry.crop(picture) for picture in pictures]
    assert all(crop.dtype == np.uint8 for crop in crops)
    found = normalised(stack_pixels(crops, torch.device("cpu")), normalisation)
    expected = torch.stack([transform(picture) for picture in pictures])
    assert torch.equal(found[: len(pictures)], expected)
    assert found.is_contiguous()


@pytest.mark.parametrize("size", [7, 24, (24, 40), (60, 8)])
@pytest.mark.parametrize("step", ["Resize", "CenterCrop"])
def test_steps_as_values_make_the_bytes_of_torchvision(step: str, size: int | tuple[int, int]) -> None:
    from torchvision import transforms

    rng = np.random.default_rng(1)
    theirs = getattr(transforms, step)(size)
    ours = known_step(theirs)
    assert ours is not None
    for shape in rng.integers(1, 90, size=(40, 2)):
        picture = Image.fromarray(rng.integers(0, 256, size=(*shape, 3), dtype=np.uint8))
        found = ours.apply(np.asarray(picture)) if isinstance(ours, CutCentre) else ours.apply(picture)
        np.testing.assert_array_equal(np.asarray(found), np.asarray(theirs(picture)))


def test_steps_that_are_not_known_stay_torchvisions() -> None:
    from torchvision import transforms

    assert known_step(transforms.Resize(9, max_size=11)) is None
    assert known_step(transforms.Grayscale(3)) is None
    assert known_step(lambda image: image) is None
    resize, cut = transforms.Resize(9), transforms.CenterCrop(7)
    assert known_steps([resize, transforms.Grayscale(3)]) is None
    assert known_steps([cut, resize]) is None
    assert known_steps([]) == Steps()
    assert known_steps([resize, cut]) == Steps(known_step(resize), known_step(cut))  # type: ignore[arg-type]


def test_pixels_are_filled_up_to_whole_groups_on_a_processor(pictures: list[Image.Image]) -> None:
    pixels = stack_pixels([np.full((2, 3, 3), 51, dtype=np.uint8)], torch.device("cpu"))
    assert pixels.shape == (16, 3, 2, 3)
    assert torch.equal(pixels, torch.full((16, 3, 2, 3), 0.2))


def test_models_that_differ_in_mean_and_std_only_share_a_crop() -> None:
    keys = {split_transform(transform, "")[0].key for transform in (of_open_clip(), of_open_clip(**HALF), of_timm())}
    assert len(keys) == 1


def test_every_setting_of_a_geometry_is_in_its_key() -> None:
    transforms = [
        of_open_clip(),
        of_open_clip(size=33),
        of_open_clip(interpolation="bilinear"),
        of_open_clip(resize_mode="squash"),
        of_open_clip(resize_mode="longest"),
        of_open_clip(resize_mode="longest", fill_color=7),
        of_timm(crop_pct=0.875),
        of_timm(crop_mode="border"),
        of_timm(crop_mode="border", **HALF),
    ]
    assert len({split_transform(transform, "")[0].key for transform in transforms}) == len(transforms)


def test_a_transform_that_cannot_be_split_is_refused() -> None:
    whole = of_open_clip()
    whole.transforms.append(lambda tensor: tensor * 2)
    with pytest.raises(ModelError, match=r"a-model: its preprocessing cannot be split"):
        split_transform(whole, "a-model")


def test_the_whole_image_is_its_pixels(pictures: list[Image.Image]) -> None:
    crop = WHOLE.crop(pictures[1])
    assert crop.dtype == np.uint8
    np.testing.assert_array_equal(crop, np.asarray(pictures[1]))


@pytest.mark.parametrize(
    ("transform", "shape"),
    [
        (of_open_clip(), (32, 32, 3)),
        (of_open_clip(size=(24, 40)), (24, 40, 3)),
        (of_open_clip(resize_mode="longest"), (32, 32, 3)),
        (of_timm(crop_pct=0.875, interpolation="bilinear"), (32, 32, 3)),
        (of_timm(crop_mode="border", crop_pct=0.9), (32, 32, 3)),
    ],
    ids=str,
)
def test_a_square_picture_is_resized_whole_to_the_crop(transform: Any, shape: tuple[int, int, int]) -> None:
    geometry, _ = split_transform(transform, "")
    square = np.zeros((96, 96, 3), dtype=np.uint8)
    square[:3] = 255  # what a centre crop would cut off
    crop = geometry.crop_square(Image.fromarray(square))
    assert crop.shape == shape
    assert geometry.side == min(shape[:2])
    assert crop[0].min() > 100


def test_a_square_picture_of_the_models_size_is_not_touched(pictures: list[Image.Image]) -> None:
    geometry, _ = split_transform(of_timm(crop_pct=0.875), "")
    np.testing.assert_array_equal(geometry.crop_square(pictures[0]), np.asarray(pictures[0]))


def test_a_square_picture_is_resized_as_the_model_resizes() -> None:
    square = Image.fromarray(np.random.default_rng(0).integers(0, 256, size=(20, 20, 3), dtype=np.uint8))
    for name, resampling in (("bilinear", Image.Resampling.BILINEAR), ("bicubic", Image.Resampling.BICUBIC)):
        crop = split_transform(of_open_clip(interpolation=name), "")[0].crop_square(square)
        np.testing.assert_array_equal(crop, np.asarray(square.resize((32, 32), resampling)))
