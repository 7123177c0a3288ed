"""What falls on a picture: drawn on a canvas with a short side of 224 and fitted to the image."""

from __future__ import annotations

import numpy as np

from robustcheck.transforms.blur import enlarged, smoothed, streaked
from robustcheck.transforms.pixels import Pixels, canvas_shape, fitted

_LUMA = np.array([0.299, 0.587, 0.114])
_WATER = np.array([175, 238, 238]) / 255  # pale turquoise
_MUD = np.array([63, 42, 20]) / 255
_FROST = np.array([-0.07, 0.01, 0.06])  # a bluish grey, as in the photographs of the reference


def snow(pixels: Pixels, severity: int, rng: np.random.Generator) -> Pixels:
    """Let flakes fall, slanted, over a whitened picture."""
    mean, spread, size, threshold, radius, sigma, kept = (
        (0.1, 0.3, 3, 0.5, 10, 4, 0.8),
        (0.2, 0.3, 2, 0.5, 12, 4, 0.7),
        (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
        (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
        (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
    )[severity - 1]
    flakes = enlarged(rng.normal(mean, spread, size=canvas_shape(pixels)), size)
    flakes = np.floor(np.clip(np.where(flakes < threshold, 0, flakes), 0, 1) * 255) / 255
    layer = streaked(flakes, radius, sigma, rng.uniform(-135, -45))
    grey = (pixels @ _LUMA)[..., None]
    whitened = kept * pixels + (1 - kept) * np.maximum(pixels, grey * 1.5 + 0.5)
    return np.asarray(whitened + fitted(layer + np.rot90(layer, 2), pixels)[..., None])


def frost(pixels: Pixels, severity: int, rng: np.random.Generator) -> Pixels:
    """Lay a drawn texture of frost over the picture."""
    kept, laid = ((1, 0.4), (0.8, 0.6), (0.7, 0.7), (0.65, 0.7), (0.6, 0.75))[severity - 1]
    texture = fitted(_needles(canvas_shape(pixels), rng), pixels)[..., None] + _FROST
    return np.asarray(kept * pixels + laid * np.clip(texture, 0, 1))


def fog(pixels: Pixels, severity: int, rng: np.random.Generator) -> Pixels:
    """Add a cloud and scale back to the range of the picture."""
    strength, decay = ((1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4))[severity - 1]
    height, width = canvas_shape(pixels)
    cloud = plasma(1 << (max(height, width) - 1).bit_length(), decay, rng)[:height, :width]
    brightest = pixels.max()
    return np.asarray((pixels + strength * fitted(cloud, pixels)[..., None]) * brightest / (brightest + strength))


def spatter(pixels: Pixels, severity: int, rng: np.random.Generator) -> Pixels:
    """Spatter the picture with water (severities 1 to 3) or mud (4 and 5)."""
    mean, spread, sigma, threshold, strength = (
        (0.65, 0.3, 4, 0.69, 0.6),
        (0.65, 0.3, 3, 0.68, 0.6),
        (0.65, 0.3, 2, 0.68, 0.5),
        (0.65, 0.3, 1, 0.65, 1.5),
        (0.67, 0.4, 1, 0.65, 1.5),
    )[severity - 1]
    liquid = smoothed(rng.normal(mean, spread, size=canvas_shape(pixels)), sigma)
    liquid = np.where(liquid < threshold, 0, liquid)
    if severity <= 3:
        return pixels + fitted(strength * _shine(liquid), pixels)[..., None] * _WATER
    mud = smoothed((liquid > threshold).astype(np.float64), strength)
    cover = fitted(np.where(mud < 0.8, 0, mud), pixels)[..., None]
    return np.asarray(pixels * (1 - cover) + cover * _MUD)


def plasma(side: int, decay: float, rng: np.random.Generator) -> Pixels:
    """Return a cloud in [0, 1] by the diamond-square algorithm; side is a power of two."""
    cloud = np.zeros((side, side))
    step, wobble = side, 100.0
    while step >= 2:
        half = step // 2
        corners = cloud[::step, ::step]
        across = corners + np.roll(corners, -1, axis=0)
        cloud[half::step, half::step] = _wobbled(across + np.roll(across, -1, axis=1), wobble, rng)
        middles = cloud[half::step, half::step]
        beside = middles + np.roll(middles, 1, axis=0) + corners + np.roll(corners, -1, axis=1)
        cloud[::step, half::step] = _wobbled(beside, wobble, rng)
        below = middles + np.roll(middles, 1, axis=1) + corners + np.roll(corners, -1, axis=0)
        cloud[half::step, ::step] = _wobbled(below, wobble, rng)
        step, wobble = half, wobble / decay
    cloud -= cloud.min()
    return np.asarray(cloud / cloud.max())


def _wobbled(total: Pixels, wobble: float, rng: np.random.Generator) -> Pixels:
    return np.asarray(total / 4 + wobble * rng.uniform(-wobble, wobble, size=total.shape))


def _needles(shape: tuple[int, int], rng: np.random.Generator) -> Pixels:
    """Return crossing needles in patches, with the range of means and the spread of the reference's photographs."""
    streaks = [streaked(rng.normal(size=shape), 24, 16, angle) for angle in rng.uniform(0, 180, size=4)]
    needles = _standard(np.max([_standard(streak) for streak in streaks], axis=0))
    patches = _standard(smoothed(rng.normal(size=shape), 20))
    return np.asarray(rng.uniform(0.48, 0.81) + 0.11 * _standard(needles + patches))


def _standard(layer: Pixels) -> Pixels:
    return np.asarray((layer - layer.mean()) / layer.std())


def _shine(liquid: Pixels) -> Pixels:
    """Return how much each pixel of the drops shines, at most 1: a relief lit from one corner.

    The reference finds the rim of the drops with Canny's edges, which here are their outline.
    """
    from scipy.ndimage import binary_erosion, convolve, distance_transform_edt, uniform_filter

    wet = liquid > 0
    rim = wet & ~binary_erosion(wet, border_value=1)
    if not rim.any():
        return np.zeros_like(liquid)
    depth = np.minimum(distance_transform_edt(~rim), 20)
    height = _equalised(np.rint(uniform_filter(depth, 3, mode="mirror")).astype(np.int64))
    light = np.array([[-2, -1, 0], [-1, 1, 1], [0, 1, 2]])
    # scipy convolves with the kernel turned around, OpenCV correlates.
    lit = np.clip(convolve(height, light[::-1, ::-1], mode="mirror"), 0, 255)
    shine = np.floor(liquid * 255) * uniform_filter(lit, 3, mode="mirror")
    return np.asarray(shine / max(shine.max(), 1e-9))


def _equalised(levels: np.ndarray) -> Pixels:
    """Return 8-bit levels spread over 0 to 255 by their ranks."""
    counts = np.bincount(levels.ravel())
    below = counts.cumsum() - counts[counts.nonzero()[0][0]]
    return np.asarray(np.rint(below / max(below[-1], 1) * 255)[levels])
