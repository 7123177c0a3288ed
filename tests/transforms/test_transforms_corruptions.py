"""Corruptions in memory (PROTOCOLS section 9).

Measured against imagecorruptions-imaug 1.1.5 (numpy 2.4, scikit-image 0.26, OpenCV 5.0) and, for
elastic_transform and pixelate, Hendrycks' make_imagenet_c.py; all with the same random numbers, on
scikit-image's astronaut at 224x224; the largest mean absolute difference over severities 1 to 5, in levels of 255:
0.000 gaussian_noise, shot_noise, impulse_noise, speckle_noise, glass_blur, gaussian_blur, motion_blur,
zoom_blur, fog, brightness, contrast, saturate, elastic_transform, pixelate, jpeg_compression, spatter (4, 5);
0.36 snow (flakes at the threshold in float32); 0.23 defocus_blur (1 to 3), 1.49 (4, 5: that kernel sums to 1.013);
3.04 spatter (1 to 3: an outline for Canny's edges). Frost has a texture of its own.
"""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter
from scipy.stats import poisson

from robustcheck.transforms import Scene, image_rng, parse_transform
from robustcheck.transforms.blur import streaked
from robustcheck.transforms.corruptions import CORRUPTIONS
from robustcheck.transforms.weather import plasma

NAMES = list(CORRUPTIONS)
# Steps after which the mean change need not grow, in the reference as here: see corruptions.py.
UNORDERED = {
    ("elastic_transform", 2),
    ("saturate", 2),
    *((name, s) for name in ("snow", "frost", "glass_blur") for s in range(1, 5)),
}
BY_THE_PIXEL = {name for name in NAMES if "noise" in name} | {"jpeg_compression", "pixelate"}


def apply(text: str, image: Image.Image, image_id: str = "x", seed: int = 7) -> np.ndarray:
    transform = parse_transform(text)
    assert transform is not None
    result = transform.apply(image, image_rng(seed, image_id), Scene(image_id, 0, ("a", "b")))
    return np.asarray(result, dtype=float)


def noise_picture(size: tuple[int, int], seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def scene_picture(side: int = 224, seed: int = 0) -> Image.Image:
    """Draw soft patches with some edges, which have a photograph's mix of frequencies."""
    rng = np.random.default_rng(seed)
    soft = sum(gaussian_filter(rng.normal(size=(side, side, 3)), (s, s, 0)) * s for s in (1, 3, 9, 27))
    image = Image.fromarray(np.clip(128 + 60 * np.asarray(soft), 10, 245).astype(np.uint8))
    image.paste((200, 60, 40), (side // 4, side // 4, side // 2, side // 2))
    return image


def grey(side: int, level: int = 128) -> Image.Image:
    return Image.new("RGB", (side, side), (level, level, level))


def test_protocols_9_the_fifteen_and_the_four_in_order() -> None:
    published = (
        "gaussian_noise shot_noise impulse_noise defocus_blur glass_blur motion_blur zoom_blur snow frost fog "
        "brightness contrast elastic_transform pixelate jpeg_compression "
    )
    assert " ".join(NAMES) == published + "speckle_noise gaussian_blur spatter saturate"


@pytest.mark.parametrize("name", NAMES)
def test_severities_are_ordered(name: str) -> None:
    images = [scene_picture(seed=seed) for seed in range(2)]

    def change(severity: int) -> float:
        made = [apply(f"{name}:{severity}", image, f"i{i}") - np.asarray(image) for i, image in enumerate(images)]
        return float(np.abs(made).mean())

    changes = [change(severity) for severity in range(1, 6)]
    assert min(changes) > 0.3
    assert changes[0] < changes[4] or name == "elastic_transform"
    for severity in range(1, 5):
        if (name, severity) not in UNORDERED:
            assert changes[severity - 1] < changes[severity], f"{severity} to {severity + 1}: {changes}"


@pytest.mark.parametrize("name", sorted(set(NAMES) - BY_THE_PIXEL))
def test_small_and_large_pictures_are_changed_alike(name: str) -> None:
    image = scene_picture(448)

    def change(side: int) -> float:
        small = image.resize((side, side), Image.Resampling.BOX)
        return float(np.abs(apply(f"{name}:4", small) - np.asarray(small)).mean())

    assert change(448) / change(224) == pytest.approx(1, abs=0.25)
    assert change(112) / change(224) == pytest.approx(1, abs=0.35)


@pytest.mark.parametrize("level", [0, 255])
@pytest.mark.parametrize("name", NAMES)
def test_black_and_white_pictures_stay_in_range(name: str, level: int) -> None:
    result = apply(f"{name}:5", grey(32, level))
    assert ((result >= 0) & (result <= 255)).all()


# --- noise -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("severity", "scale"), [(1, 0.08), (2, 0.12), (3, 0.18)])
def test_noise_has_the_stated_spread(severity: int, scale: float) -> None:
    noise = (apply(f"gaussian_noise:{severity}", grey(200)) - 128) / 255
    # 120,000 draws: the standard error of the spread is 0.2%; clipping at 2.8 sd or more costs under 1%.
    assert noise.std() == pytest.approx(scale, rel=0.015)
    assert noise.mean() == pytest.approx(0, abs=4 * scale / np.sqrt(noise.size) + 0.001)


def test_noise_is_independent_between_pixels_channels_and_images() -> None:
    first, second = apply("gaussian_noise:1", grey(100), "a"), apply("gaussian_noise:1", grey(100), "b")
    pairs = [(first, second), (first[..., 0], first[..., 1]), (first[1:], first[:-1])]
    for one, other in pairs:
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.05


def test_the_first_three_corruptions_keep_their_results() -> None:
    """Stored figures rest on these pixels: they were computed before the others were added."""
    image = noise_picture((48, 40))
    draws = image_rng(7, "x").normal(scale=0.18, size=(40, 48, 3))
    expected = np.rint(np.clip(np.asarray(image) / 255 + draws, 0, 1) * 255)
    np.testing.assert_array_equal(apply("gaussian_noise:3", image), expected)
    sigma = 3 * 40 / 224
    blurred = gaussian_filter(np.asarray(image) / 255, (sigma, sigma, 0), mode="nearest", truncate=4.0)
    np.testing.assert_array_equal(apply("gaussian_blur:3", image), np.rint(np.clip(blurred, 0, 1) * 255))


@pytest.mark.parametrize(("severity", "photons"), [(1, 60), (5, 3)])
def test_shot_noise_counts_photons(severity: int, photons: int) -> None:
    result = apply(f"shot_noise:{severity}", grey(200, 64)) / 255
    counts = np.arange(200)
    seen, chance = np.minimum(counts / photons, 1), poisson.pmf(counts, 64 / 255 * photons)
    assert result.mean() == pytest.approx(seen @ chance, rel=0.01)
    assert result.std() == pytest.approx(np.sqrt(seen**2 @ chance - (seen @ chance) ** 2), rel=0.01)
    assert len(np.unique(result)) <= photons + 1


@pytest.mark.parametrize(("severity", "share"), [(1, 0.03), (5, 0.27)])
def test_impulse_noise_hits_the_stated_share(severity: int, share: float) -> None:
    result = apply(f"impulse_noise:{severity}", grey(200))
    assert (result == 0).mean() == pytest.approx(share / 2, rel=0.05)
    assert (result == 255).mean() == pytest.approx(share / 2, rel=0.05)
    assert (result == 128).mean() == pytest.approx(1 - share, rel=0.01)


def test_speckle_noise_is_proportional_to_the_value() -> None:
    dark, light = (apply("speckle_noise:1", grey(200, level)).std() for level in (40, 120))
    assert light / dark == pytest.approx(3, rel=0.03)


# --- blur --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("severity", "sigma"), [(1, 1), (3, 3), (5, 6)])
def test_blur_spreads_a_point_by_sigma_at_224_pixels(severity: int, sigma: float) -> None:
    pixels = np.zeros((224, 224, 3), dtype=np.uint8)
    pixels[:, 112] = 255
    profile = apply(f"gaussian_blur:{severity}", Image.fromarray(pixels))[100, :, 0]
    offsets = np.arange(224) - 112
    expected = 255 * np.exp(-(offsets**2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(profile, expected, atol=1.0)


@pytest.mark.parametrize(("severity", "radius"), [(1, 3), (3, 6), (5, 10)])
def test_defocus_spreads_a_point_over_a_disk(severity: int, radius: int) -> None:
    pixels = np.zeros((224, 224, 3), dtype=np.uint8)
    pixels[100:125, 100:125] = 255
    result = apply(f"defocus_blur:{severity}", Image.fromarray(pixels))[..., 0]
    assert result.sum() == pytest.approx(25 * 25 * 255, rel=0.01)
    assert result[112, 112 - 12 - radius - 1] == 0
    assert result[112, 112 - 12 - radius + 1] > 0


def test_glass_copies_pixels_within_reach() -> None:
    # Stripes wider than the reach keep their middles: nothing came from farther than 4 + 1 pixels and the blur.
    pixels = np.zeros((224, 224, 3), dtype=np.uint8)
    pixels[:, 112:] = 200
    result = apply("glass_blur:5", Image.fromarray(pixels))[..., 0]
    assert (result[:, :80] == 0).all()
    assert (result[:, 145:] >= 199).all()
    assert 0 < result[:, 110].mean() < 200


def test_motion_blur_is_half_a_gaussian_along_its_line() -> None:
    row = np.zeros((1, 61, 1))
    row[0, 30] = 1
    steps = np.arange(21)
    weights = np.exp(-(steps**2) / 18)
    # ImageMagick looks ahead: what is at 30 is seen from the pixels before it.
    np.testing.assert_allclose(streaked(row, 10, 3, 0.0)[0, 30:9:-1, 0], weights / weights.sum(), atol=1e-15)
    assert streaked(row, 10, 3, 0.0).sum() == pytest.approx(1)


def test_zoom_blur_leaves_the_centre_and_smears_the_rim() -> None:
    image = noise_picture((225, 225))
    result, clean = apply("zoom_blur:1", image), np.asarray(image, dtype=float)
    middle, rim = (slice(110, 115), slice(110, 115)), (slice(0, 15), slice(0, 15))
    assert result[rim].std() < 0.5 * clean[rim].std()
    assert np.abs(result - clean)[middle].mean() < np.abs(result - clean)[rim].mean()


# --- digital -----------------------------------------------------------------------------------


def test_contrast_by_hand() -> None:
    pixels = np.array([[[0, 10, 255], [100, 30, 255]]], dtype=np.uint8)
    result = apply("contrast:2", Image.fromarray(pixels))
    # Means 50, 20, 255; factor 0.3: 50 -+ 15, 20 -+ 3, 255.
    np.testing.assert_array_equal(result, [[[35, 17, 255], [65, 23, 255]]])


def test_brightness_and_saturation_are_those_of_hsv() -> None:
    import colorsys

    image = noise_picture((20, 20))
    bright, colourful = apply("brightness:3", image), apply("saturate:4", image)
    for y, x in np.ndindex(20, 20):
        hue, saturation, value = colorsys.rgb_to_hsv(*(np.asarray(image)[y, x] / 255))
        expected = colorsys.hsv_to_rgb(hue, saturation, min(value + 0.3, 1))
        np.testing.assert_allclose(bright[y, x] / 255, expected, atol=0.51 / 255)
        expected = colorsys.hsv_to_rgb(hue, min(saturation * 5 + 0.1, 1), value)
        np.testing.assert_allclose(colourful[y, x] / 255, expected, atol=0.51 / 255)


def test_grey_turns_red_under_saturation_as_in_the_reference() -> None:
    np.testing.assert_array_equal(apply("saturate:5", grey(2, 100))[0, 0], [100, 80, 80])
    np.testing.assert_array_equal(apply("saturate:1", grey(2, 100))[0, 0], [100, 100, 100])


@pytest.mark.parametrize(("side", "severity", "blocks"), [(224, 1, 134), (224, 5, 56), (448, 5, 56), (40, 5, 10)])
def test_pixelate_leaves_the_stated_number_of_blocks(side: int, severity: int, blocks: int) -> None:
    pixels = np.zeros((8, side, 3), dtype=np.uint8)
    pixels[:] = np.random.default_rng(0).integers(0, 256, (1, side, 1))
    tall = Image.fromarray(pixels).resize((side, side), Image.Resampling.NEAREST)
    result = apply(f"pixelate:{severity}", tall)[side // 2, :, 0]
    # A block that a box-resize splits over a pixel shows as one more step.
    steps = np.count_nonzero(np.diff(result)) + 1
    assert blocks * 0.8 < steps <= 2 * blocks if side % blocks else steps == pytest.approx(blocks, abs=4)


@pytest.mark.parametrize(("severity", "quality"), [(1, 25), (5, 7)])
def test_jpeg_is_pillows_own_at_the_stated_quality(severity: int, quality: int) -> None:
    image, coded = scene_picture(64), io.BytesIO()
    image.save(coded, "JPEG", quality=quality)
    np.testing.assert_array_equal(apply(f"jpeg_compression:{severity}", image), np.asarray(Image.open(coded)))


@pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])
def test_elastic_moves_pixels_and_makes_no_new_values(severity: int) -> None:
    image = scene_picture()
    result = apply(f"elastic_transform:{severity}", image)
    assert result.min() >= np.asarray(image).min() - 1
    assert result.max() <= np.asarray(image).max() + 1
    np.testing.assert_array_equal(apply(f"elastic_transform:{severity}", grey(50)), 128)


# --- weather -----------------------------------------------------------------------------------


def test_clouds_fill_their_range_and_are_smooth() -> None:
    cloud = plasma(256, 2.0, image_rng(0, "x"))
    assert (cloud.min(), cloud.max()) == (0.0, 1.0)
    assert np.abs(np.diff(cloud, axis=0)).mean() < 0.05


def test_fog_narrows_the_range() -> None:
    image = scene_picture()
    result = apply("fog:3", image)
    assert result.std() < np.asarray(image).std()
    assert result.max() <= np.asarray(image).max() + 1


def test_snow_whitens() -> None:
    image = scene_picture()
    assert (apply("snow:1", image) >= np.asarray(image) - 1).all()


def test_water_lightens_and_mud_covers() -> None:
    white, black = grey(224, 255), grey(224, 0)
    assert apply("spatter:2", black).max() > 50
    assert (apply("spatter:2", white) == 255).all()
    muddy = apply("spatter:5", white)
    assert muddy.min() < 64
    darkest = muddy.reshape(-1, 3)[muddy.sum(axis=2).argmin()]
    np.testing.assert_allclose(darkest, [63, 42, 20], atol=2)


def test_frost_has_the_levels_of_the_references_photographs() -> None:
    # Severity 1 keeps the picture and adds 0.4 of the texture: means .48 to .81 of 255, bluish.
    textures = np.stack([apply("frost:1", grey(96, 0), f"i{i}") for i in range(6)]) / 0.4
    assert 0.45 * 255 < textures.mean() < 0.85 * 255
    red, green, blue = textures.mean(axis=(0, 1, 2))
    assert red < green < blue
