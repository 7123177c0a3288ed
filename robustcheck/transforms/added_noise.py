"""Noise in every value of a picture: x in [0, 1], one draw per pixel and channel."""

from __future__ import annotations

import numpy as np

from robustcheck.transforms.pixels import Pixels


def gaussian_noise(pixels: Pixels, severity: int, rng: np.random.Generator) -> Pixels:
    """Add normal noise of one spread."""
    scale = (0.08, 0.12, 0.18, 0.26, 0.38)[severity - 1]
    return pixels + rng.normal(scale=scale, size=pixels.shape)


def shot_noise(pixels: Pixels, severity: int, rng: np.random.Generator) -> Pixels:
    """Count photons: the fewer of them make white, the coarser the picture."""
    photons = (60, 25, 12, 5, 3)[severity - 1]
    return np.asarray(rng.poisson(pixels * photons) / photons)


def impulse_noise(pixels: Pixels, severity: int, rng: np.random.Generator) -> Pixels:
    """Set a share of the values to 0 or 1, each as likely."""
    share = (0.03, 0.06, 0.09, 0.17, 0.27)[severity - 1]
    hit = rng.random(pixels.shape) <= share
    salt = rng.random(pixels.shape) <= 0.5
    return np.where(hit, salt.astype(np.float64), pixels)


def speckle_noise(pixels: Pixels, severity: int, rng: np.random.Generator) -> Pixels:
    """Add normal noise in proportion to the value."""
    scale = (0.15, 0.2, 0.35, 0.45, 0.6)[severity - 1]
    return pixels + pixels * rng.normal(scale=scale, size=pixels.shape)
