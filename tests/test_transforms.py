from __future__ import annotations

import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

from robustcheck.errors import SetupError
from robustcheck.transforms import Transform, image_rng, known_transforms, parse_transform

ALL = [Transform(name, severity) for name in sorted(known_transforms()) for severity in range(1, 6)]


def picture(size: tuple[int, int] = (48, 40), seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def apply(text: str, image: Image.Image, image_id: str = "x", seed: int = 7) -> np.ndarray:
    transform = parse_transform(text)
    assert transform is not None
    return np.asarray(transform.apply(image, image_rng(seed, image_id)), dtype=float)


def test_parses_what_it_writes() -> None:
    assert [parse_transform(str(transform)) for transform in ALL] == ALL
    assert parse_transform(None) is None
    assert "in memory" in ALL[0].label


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("gausian_noise:3", "did you mean 'gaussian_noise'"),
        ("gaussian_noise", "has no severity"),
        ("gaussian_noise:", "the severity ''"),
        ("gaussian_noise:6", "(?s)the severity '6'.*expected: gaussian_noise:1 to gaussian_noise:5"),
        ("gaussian_noise:03", "the severity '03'"),
        ("", "unknown transform ''"),
    ],
)
def test_wrong_texts_are_errors(text: str, message: str) -> None:
    with pytest.raises(SetupError, match=message):
        parse_transform(text)


@pytest.mark.parametrize("transform", ALL, ids=str)
def test_keeps_size_and_mode_and_changes_the_picture(transform: Transform) -> None:
    image = picture()
    result = transform.apply(image, image_rng(0, "x"))
    assert (result.size, result.mode) == (image.size, "RGB")
    if str(transform) != "gaussian_blur:1":  # a fifth of a pixel at this size
        assert result.tobytes() != image.tobytes()
    assert image.tobytes() == picture().tobytes()


@pytest.mark.parametrize(("severity", "scale"), [(1, 0.08), (2, 0.12), (3, 0.18)])
def test_noise_has_the_stated_spread(severity: int, scale: float) -> None:
    grey = Image.new("RGB", (200, 200), (128, 128, 128))
    noise = (apply(f"gaussian_noise:{severity}", grey) - 128) / 255
    # 120,000 draws: the standard error of the spread is 0.2%; clipping at 2.8 sd or more costs under 1%.
    assert noise.std() == pytest.approx(scale, rel=0.015)
    assert noise.mean() == pytest.approx(0, abs=4 * scale / np.sqrt(noise.size) + 0.001)


def test_noise_is_independent_between_pixels_channels_and_images() -> None:
    grey = Image.new("RGB", (100, 100), (128, 128, 128))
    first, second = apply("gaussian_noise:1", grey, "a"), apply("gaussian_noise:1", grey, "b")
    pairs = [(first, second), (first[..., 0], first[..., 1]), (first[1:], first[:-1])]
    for one, other in pairs:
        assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 0.05


def test_randomness_depends_on_seed_and_id_only() -> None:
    images = {f"image-{i}": picture(seed=i) for i in range(5)}
    forward = {key: apply("gaussian_noise:2", images[key], key) for key in images}
    backward = {key: apply("gaussian_noise:2", images[key], key) for key in reversed(images)}
    for key in images:
        np.testing.assert_array_equal(forward[key], backward[key])
    assert (apply("gaussian_noise:2", images["image-0"], "image-0", seed=8) != forward["image-0"]).any()


def test_the_generator_is_the_documented_one() -> None:
    sequence = np.random.SeedSequence([7, zlib.crc32(b"digits-1000")])
    expected = np.random.Generator(np.random.PCG64(sequence)).normal(size=4)
    np.testing.assert_array_equal(image_rng(7, "digits-1000").normal(size=4), expected)


def test_contrast_by_hand() -> None:
    pixels = np.array([[[0, 10, 255], [100, 30, 255]]], dtype=np.uint8)
    result = apply("contrast:2", Image.fromarray(pixels))
    # Means 50, 20, 255; factor 0.3: 50 -+ 15, 20 -+ 3, 255.
    np.testing.assert_array_equal(result, [[[35, 17, 255], [65, 23, 255]]])


@pytest.mark.parametrize(("severity", "sigma"), [(1, 1), (3, 3), (5, 6)])
def test_blur_spreads_a_point_by_sigma_at_224_pixels(severity: int, sigma: float) -> None:
    pixels = np.zeros((224, 224, 3), dtype=np.uint8)
    pixels[:, 112] = 255
    profile = apply(f"gaussian_blur:{severity}", Image.fromarray(pixels))[100, :, 0]
    offsets = np.arange(224) - 112
    expected = 255 * np.exp(-(offsets**2) / (2 * sigma**2)) / (sigma * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(profile, expected, atol=1.0)


def test_blur_is_scaled_to_small_images() -> None:
    image = picture((32, 32))
    kept = apply("gaussian_blur:5", image).std() / np.asarray(image, dtype=float).std()
    assert 0.2 < kept < 0.8


@pytest.mark.parametrize("name", sorted(known_transforms()))
def test_severities_are_ordered(name: str) -> None:
    image = picture((224, 224))
    clean = np.asarray(image, dtype=float)
    distances = [np.abs(apply(f"{name}:{severity}", image) - clean).mean() for severity in range(1, 6)]
    assert distances == sorted(distances)
    assert distances[0] > 0


def test_importing_needs_neither_pillow_nor_scipy_nor_torch() -> None:
    code = (
        "import sys; import robustcheck.transforms as t; t.parse_transform('contrast:1');"
        "print(sorted({'torch', 'PIL', 'scipy'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
