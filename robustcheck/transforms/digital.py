"""Brightness, contrast, colour, warps and coding losses."""

from __future__ import annotations

import io

import numpy as np

from robustcheck.transforms.pixels import Pixels, canvas_shape, fitted, image_of, pixels_of, side_scale


def brightness(pixels: Pixels, severity: int, rng: np.random.Generator) -> Pixels:
    """Raise V of HSV by a constant."""
    value = pixels.max(axis=2, keepdims=True)
    raised = np.clip(value + (0.1, 0.2, 0.3, 0.4, 0.5)[severity - 1], 0, 1)
    # At a fixed hue and saturation the channels are proportional to V; black has neither.
    return np.asarray(np.where(value > 0, pixels * raised / np.where(value > 0, value, 1), raised))


def contrast(pixels: Pixels, severity: int, rng: np.random.Generator) -> Pixels:
    """Pull each channel towards its mean."""
    factor = (0.4, 0.3, 0.2, 0.1, 0.05)[severity - 1]
    mean = pixels.mean(axis=(0, 1), keepdims=True)
    return np.asarray(mean + factor * (pixels - mean))


def saturate(pixels: Pixels, severity: int, rng: np.random.Generator) -> Pixels:
    """Change S of HSV by a factor and a constant."""
    factor, offset = ((0.3, 0), (0.1, 0), (2, 0), (5, 0.1), (20, 0.2))[severity - 1]
    value = pixels.max(axis=2, keepdims=True)
    spread = value - pixels.min(axis=2, keepdims=True)
    saturation = spread / np.where(value > 0, value, 1)
    wanted = np.clip(saturation * factor + offset, 0, 1)
    # (V - channel) / (V - smallest) is the hue alone; grey has the hue 0, red, in the reference.
    hue = np.where(spread > 0, (value - pixels) / np.where(spread > 0, spread, 1), np.array([0.0, 1.0, 1.0]))
    return np.asarray(value * (1 - wanted * hue))


def elastic_transform(pixels: Pixels, severity: int, rng: np.random.Generator) -> Pixels:
    """Warp by an affine map and a smooth field of displacements."""
    # 244 is the reference's own slip for 224.
    strength, sigma, jitter = (
        244 * np.array(((2, 0.7, 0.1), (2, 0.08, 0.2), (0.05, 0.01, 0.02), (0.07, 0.01, 0.02), (0.12, 0.01, 0.02)))
    )[severity - 1]
    scale = side_scale(pixels)
    warped = _affine(pixels, rng.uniform(-jitter, jitter, size=(3, 2)) * scale)
    across, down = (_displacements(pixels, sigma, rng) * strength * scale for _ in range(2))
    rows, columns = np.indices(pixels.shape[:2])
    return _sampled(warped, rows + down, columns + across, "reflect")


def pixelate(pixels: Pixels, severity: int, rng: np.random.Generator) -> Pixels:
    """Shrink and enlarge again in blocks."""
    from PIL import Image

    # Blocks are the same part of a large picture as of one with 224 pixels, and never smaller than a pixel.
    factor = (0.6, 0.5, 0.4, 0.3, 0.25)[severity - 1] / max(1.0, side_scale(pixels))
    image = image_of(pixels)
    small = (max(1, int(image.width * factor)), max(1, int(image.height * factor)))
    return pixels_of(image.resize(small, Image.Resampling.BOX).resize(image.size, Image.Resampling.BOX))


def jpeg_compression(pixels: Pixels, severity: int, rng: np.random.Generator) -> Pixels:
    """Write and read as JPEG."""
    return jpeg_coded(pixels, (25, 18, 15, 10, 7)[severity - 1])


def jpeg_coded(pixels: Pixels, quality: int) -> Pixels:
    """Return pixels as JPEG of a quality keeps them."""
    from PIL import Image

    coded = io.BytesIO()
    image_of(pixels).save(coded, "JPEG", quality=quality)
    with Image.open(coded) as image:
        return pixels_of(image)


def _affine(pixels: Pixels, shifts: Pixels) -> Pixels:
    """Return pixels under the map that moves three corners of a middle square by (x, y) shifts."""
    height, width = pixels.shape[:2]
    half = min(height, width) // 3
    before = np.array([width // 2, height // 2]) + half * np.array([(1, 1), (1, -1), (-1, -1)])
    # Each pixel looks up where it came from: the map is solved from after to before.
    inverse = np.linalg.solve(np.column_stack([before + shifts, np.ones(3)]), before)
    rows, columns = np.indices((height, width))
    sources = np.stack([columns, rows, np.ones((height, width))], axis=-1) @ inverse
    return _sampled(pixels, sources[..., 1], sources[..., 0], "mirror")


def _displacements(pixels: Pixels, sigma: float, rng: np.random.Generator) -> Pixels:
    from scipy.ndimage import gaussian_filter

    drawn = rng.uniform(-1, 1, size=canvas_shape(pixels))
    return fitted(gaussian_filter(drawn, sigma, mode="reflect", truncate=3), pixels)


def _sampled(pixels: Pixels, rows: Pixels, columns: Pixels, edges: str) -> Pixels:
    from scipy.ndimage import map_coordinates

    channels = [map_coordinates(pixels[..., c], [rows, columns], order=1, mode=edges) for c in range(3)]
    return np.stack(channels, axis=2)
