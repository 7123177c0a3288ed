"""Small victims of attacks: a linear model, whose attacks have closed forms, and a network of a few layers."""

from __future__ import annotations

import numpy as np
import torch

from robustcheck.protocols.attack.attempts import Attempt, Logits, Victim
from robustcheck.protocols.attack.spaces import PIXEL, Balls, Norm

SHAPE = (3, 6, 6)


class Linear:
    """Logits W x + b; pixels are drawn from the middle of the box, which then binds no attack."""

    def __init__(self, classes: int = 5, n: int = 32, scale: float = 1.0, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.weights = rng.normal(size=(classes, int(np.prod(SHAPE)))).astype(np.float32) * scale
        self.bias = rng.normal(size=classes).astype(np.float32) * scale
        self.pixels = rng.uniform(0.2, 0.8, size=(n, *SHAPE)).astype(np.float32)
        self.labels = self.numpy_logits(self.pixels).argmax(axis=1)

    def logits(self, points: torch.Tensor) -> torch.Tensor:
        return points.flatten(1) @ torch.tensor(self.weights).T + torch.tensor(self.bias)

    def numpy_logits(self, pixels: np.ndarray) -> np.ndarray:
        return pixels.reshape(len(pixels), -1).astype(np.float64) @ self.weights.T + self.bias

    def distances(self, norm: Norm) -> np.ndarray:
        """Return min_k (z_y - z_k) / ||w_y - w_k||_q of every image, q the dual of the norm."""
        logits, own = self.numpy_logits(self.pixels), self.labels
        gaps = logits[np.arange(len(own)), own][:, None] - logits
        slopes = np.linalg.norm(self.weights[own][:, None] - self.weights, ord=1 if norm == "linf" else 2, axis=2)
        ratios = np.divide(gaps, slopes, out=np.full_like(gaps, np.inf), where=slopes > 0)
        return ratios.min(axis=1)

    def slopes(self, points: np.ndarray) -> np.ndarray:
        """Return the gradient of the cross-entropy, W' (softmax(z) - e_y), written out."""
        logits = self.numpy_logits(points)
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        p[np.arange(len(p)), self.labels] -= 1
        return (p @ self.weights).reshape(points.shape)


def network(classes: int = 6, seed: int = 0) -> Logits:
    """Return a small convolutional network with random weights, in double the usual spread."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        found = torch.nn.Sequential(
            torch.nn.Conv2d(3, 8, 3, padding=1),
            torch.nn.Tanh(),
            torch.nn.Flatten(),
            torch.nn.Linear(8 * SHAPE[1] * SHAPE[2], classes),
        )
    for weights in found.parameters():
        weights.data *= 2
    return found.eval()


def attempt_on(
    logits: Logits,
    pixels: np.ndarray,
    labels: np.ndarray,
    eps: float,
    norm: Norm = "linf",
    surrogate: Logits | None = None,
    loss_scale: float = 1.0,
) -> Attempt:
    """Return an attempt on images; with a surrogate it never sees on the way whether it has succeeded."""
    points = torch.tensor(np.asarray(pixels, dtype=np.float32))
    balls = Balls(points, torch.full((len(points),), eps), norm, PIXEL)
    victim = Victim(logits, logits if surrogate is None else surrogate, loss_scale)
    return Attempt(victim, balls, torch.tensor(np.asarray(labels)), [f"0|image {row}" for row in range(len(points))])
