"""The square picture on which corruptions act: a corruption is as strong on a large photograph as on a small one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from robustcheck.transforms import Scene, image_rng, known_transforms, parse_transform, reference_picture

REAL = Path(__file__).parents[3] / "shared" / "real" / "imagenet250"
SIDES = (256, 375, 500, 1000, 2000)


def ramp(width: int, height: int) -> Image.Image:
    """Return a picture whose red is the place from left to right and whose green that from top to bottom."""
    red, green = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([red, green, 0 * red], axis=-1).round().astype(np.uint8))


@pytest.mark.parametrize("size", [(256, 256), (400, 300), (300, 400), (300, 1500), (1000, 257)])
@pytest.mark.parametrize("side", [224, 32])
def test_it_is_the_centre_of_the_short_side(size: tuple[int, int], side: int) -> None:
    picture = np.asarray(reference_picture(ramp(*size), side), dtype=float)
    assert picture.shape == (side, side, 3)
    for channel, length in enumerate(size):
        line = picture[..., channel].mean(axis=channel)
        assert np.ptp(line) / 255 == pytest.approx(0.875 * min(size) / length, abs=0.06)
        assert line.mean() == pytest.approx(127.5, abs=5)


@pytest.mark.parametrize(("short", "kept"), [(8, 1), (100, 1), (224, 1), (240, 224 / 240), (256, 0.875), (900, 0.875)])
def test_a_small_picture_is_not_enlarged_in_order_to_be_cut(short: int, kept: float) -> None:
    picture = np.asarray(reference_picture(ramp(short, short), 224), dtype=float)
    assert np.ptp(picture[0, :, 0]) / 255 == pytest.approx(kept, abs=0.02)


def test_a_picture_of_the_side_is_not_touched() -> None:
    image = ramp(32, 32)
    np.testing.assert_array_equal(reference_picture(image, 32), np.asarray(image))


def test_at_imagenets_size_it_is_a_mere_crop() -> None:
    image = ramp(256, 256)
    np.testing.assert_array_equal(reference_picture(image, 224), np.asarray(image)[16:240, 16:240])


def test_corruptions_have_a_reference_side_and_other_transforms_none() -> None:
    made = [parse_transform(f"{name}:{variants[0]}") for name, variants in known_transforms().items()]
    sides = {transform.name: transform.reference_side for transform in made if transform is not None}
    assert [name for name, side in sides.items() if side is None and "typographic" not in name] == ["near_duplicate"]
    assert list(sides.values()).count(224) == 19


def change(text: str, photograph: Image.Image, short: int) -> float:
    """Return the mean change in grey levels at 224 pixels, of a photograph whose short side has ``short`` pixels."""
    scale = short / min(photograph.size)
    size = (round(photograph.width * scale), round(photograph.height * scale))
    picture = reference_picture(photograph.resize(size, Image.Resampling.BICUBIC), 224)
    transform = parse_transform(text)
    assert transform is not None
    corrupted = transform.apply(picture, image_rng(0, "x"), Scene("x", -1, ()))
    return float(np.abs(np.asarray(corrupted, dtype=float) - np.asarray(picture, dtype=float)).mean())


@pytest.mark.skipif(not REAL.is_dir(), reason="the real photographs of ../shared/real are not here")
@pytest.mark.parametrize("text", ["gaussian_noise:3", "jpeg_compression:3"])
def test_a_corruption_of_a_real_photograph_does_not_fade_with_its_size(text: str) -> None:
    with Image.open(sorted(REAL.rglob("*.JPEG"))[0]) as photograph:
        changes = [change(text, photograph.convert("RGB"), short) for short in SIDES]
    assert max(changes) / min(changes) < 1.1
