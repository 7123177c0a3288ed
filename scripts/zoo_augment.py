"""Augment training images strongly: turned, shifted, scaled, blurred, faded and noisy."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F  # noqa: N812
from torchvision.transforms.functional import gaussian_blur

MAX_ANGLE = math.radians(20)
MAX_SHIFT = 0.15  # of the half width
SCALES = (0.85, 1.15)
BLUR_SIGMA = 1.5  # pixels
CONTRASTS = (0.4, 1.0)
MAX_NOISE = 0.2  # standard deviation, pixels in [0, 1]


def augment(pixels: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
    """Return images of shape (n, 3, h, w) in [0, 1], each altered by its own random amounts."""
    moved = _move(pixels, rng)
    strength = _uniform(len(pixels), 0.0, 1.0, rng) * _coin(len(pixels), rng)
    blurred = torch.lerp(moved, gaussian_blur(moved, [7, 7], [BLUR_SIGMA, BLUR_SIGMA]), strength)
    faded = _fade(blurred, rng)
    noise = torch.randn(faded.shape, generator=rng)
    return (faded + noise * _uniform(len(pixels), 0.0, MAX_NOISE, rng) * _coin(len(pixels), rng)).clamp(0, 1)


def _move(pixels: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
    n = len(pixels)
    angle = _uniform(n, -MAX_ANGLE, MAX_ANGLE, rng).flatten()
    scale = _uniform(n, *SCALES, rng).flatten()
    shift = (2 * torch.rand(n, 2, generator=rng) - 1) * MAX_SHIFT
    cosine, sine = scale * angle.cos(), scale * angle.sin()
    rows = torch.stack([cosine, -sine, shift[:, 0], sine, cosine, shift[:, 1]], dim=1)
    grid = F.affine_grid(rows.view(n, 2, 3), list(pixels.shape), align_corners=False)
    return F.grid_sample(pixels, grid, align_corners=False)


def _fade(pixels: torch.Tensor, rng: torch.Generator) -> torch.Tensor:
    mean = pixels.mean(dim=(1, 2, 3), keepdim=True)
    return mean + (pixels - mean) * _uniform(len(pixels), *CONTRASTS, rng)


def _uniform(n: int, low: float, high: float, rng: torch.Generator) -> torch.Tensor:
    return low + (high - low) * torch.rand(n, 1, 1, 1, generator=rng)


def _coin(n: int, rng: torch.Generator) -> torch.Tensor:
    return torch.randint(0, 2, (n, 1, 1, 1), generator=rng).float()
