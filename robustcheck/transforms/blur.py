"""Blurs, in pixels of a 224-pixel side and scaled to the image's short side."""

from __future__ import annotations

import math

import numpy as np

from robustcheck.transforms.pixels import Pixels, side_scale


def gaussian_blur(pixels: Pixels, severity: int, rng: np.random.Generator) -> Pixels:
    """Blur with a Gaussian."""
    # A 32-pixel image blurred by 6 pixels would be gone: keep the blur the same part of the picture.
    return smoothed(pixels, (1, 2, 3, 4, 6)[severity - 1] * side_scale(pixels))


def defocus_blur(pixels: Pixels, severity: int, rng: np.random.Generator) -> Pixels:
    """Blur with a disk, as a lens out of focus does."""
    from scipy.signal import fftconvolve

    kernel = _disk((3, 4, 6, 8, 10)[severity - 1] * side_scale(pixels))
    reach = len(kernel) // 2
    padded = np.pad(pixels, ((reach, reach), (reach, reach), (0, 0)), mode="reflect")
    return np.asarray(fftconvolve(padded, kernel[..., None], mode="valid", axes=(0, 1)))


def glass_blur(pixels: Pixels, severity: int, rng: np.random.Generator) -> Pixels:
    """Blur, copy each pixel from a near one, and blur again."""
    sigma, reach, rounds = ((0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2))[severity - 1]
    scale = side_scale(pixels)
    blurred = np.floor(smoothed(pixels, sigma * scale) * 255) / 255
    return smoothed(_scattered(blurred, max(1, round(reach * scale)), rounds, rng), sigma * scale)


def motion_blur(pixels: Pixels, severity: int, rng: np.random.Generator) -> Pixels:
    """Blur along a line within 45 degrees of level."""
    radius, sigma = ((10, 3), (15, 5), (15, 8), (15, 12), (20, 15))[severity - 1]
    scale = side_scale(pixels)
    return streaked(pixels, radius * scale, sigma * scale, rng.uniform(-45, 45))


def zoom_blur(pixels: Pixels, severity: int, rng: np.random.Generator) -> Pixels:
    """Average the picture with enlarged copies of itself."""
    stop, step = ((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03))[severity - 1]
    factors = np.arange(1, stop, step)
    total = sum((enlarged(pixels, float(factor)) for factor in factors), start=pixels)
    return np.asarray(total / (len(factors) + 1))


def smoothed(pixels: Pixels, sigma: float) -> Pixels:
    """Return pixels convolved with a Gaussian over height and width, edges continued."""
    from scipy.ndimage import gaussian_filter

    sigmas = (sigma, sigma, 0)[: pixels.ndim]
    return np.asarray(gaussian_filter(pixels, sigma=sigmas, mode="nearest", truncate=4.0))


def streaked(pixels: Pixels, radius: float, sigma: float, angle: float) -> Pixels:
    """Return pixels blurred along a line by half a Gaussian, as ImageMagick's motion blur does."""
    steps = np.arange(2 * math.ceil(radius) + 1)
    weights = np.exp(-(steps**2) / (2 * sigma**2))
    weights /= weights.sum()
    rows, columns = np.arange(pixels.shape[0]), np.arange(pixels.shape[1])
    total = np.zeros_like(pixels)
    for step, weight in zip(steps.tolist(), weights.tolist(), strict=True):
        down = math.ceil(step * math.sin(math.radians(angle)) - 0.5)
        across = math.ceil(step * math.cos(math.radians(angle)) - 0.5)
        near = pixels[np.clip(rows + down, 0, len(rows) - 1)]
        total += weight * near[:, np.clip(columns + across, 0, len(columns) - 1)]
    return total


def enlarged(pixels: Pixels, factor: float) -> Pixels:
    """Return the middle of a picture at the size of the whole."""
    from scipy.ndimage import zoom

    height, width = pixels.shape[:2]
    factors = (factor, factor, 1)[: pixels.ndim]
    grown = zoom(_middle(pixels, math.ceil(height / factor), math.ceil(width / factor)), factors, order=1)
    return _middle(grown, height, width)


def _middle(pixels: Pixels, height: int, width: int) -> Pixels:
    top, left = (pixels.shape[0] - height) // 2, (pixels.shape[1] - width) // 2
    return pixels[top : top + height, left : left + width]


def _disk(radius: float) -> Pixels:
    """Return a disk as the share of each pixel that it covers, summing to 1.

    The reference takes whole pixels and softens their edge, and its kernels of radius 8 and 10 sum to 1.013
    and 1.011, which brightens the picture. Covered shares also serve a radius below one.
    """
    fine = 16
    reach = math.ceil(radius + 0.5) - 1
    at = (np.arange((2 * reach + 1) * fine) + 0.5) / fine - reach - 0.5
    inside = (at[:, None] ** 2 + at**2 <= radius**2).astype(np.float64)
    covered = inside.reshape(2 * reach + 1, fine, 2 * reach + 1, fine).mean(axis=(1, 3))
    return np.asarray(covered / covered.sum())


def _scattered(pixels: Pixels, reach: int, rounds: int, rng: np.random.Generator) -> Pixels:
    """Return pixels where each, in turn, became a near one as it then was.

    The reference means to swap the two, but swaps views of one array, which copies.
    """
    height, width = pixels.shape[:2]
    order = list(range(height * width))
    rows, columns = np.arange(height - reach, reach, -1), np.arange(width - reach, reach, -1)
    places = (rows[:, None] * width + columns).ravel()
    for _ in range(rounds):
        across, down = rng.integers(-reach, reach, size=(places.size, 2)).T
        for here, there in zip(places.tolist(), (places + down * width + across).tolist(), strict=True):
            order[here] = order[there]
    return pixels.reshape(height * width, -1)[order].reshape(pixels.shape)
