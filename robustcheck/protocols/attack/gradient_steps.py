"""Attacks that climb a gradient step by step: FGSM, BIM, MIM, DIM and PGD are one loop with other settings.

    g_t = gradient of the loss at x_t (for DIM: at a randomly resized and padded x_t)
    m_t = mu m_(t-1) + g_t / mean|g_t|       (MIM and DIM, mu = 1; else m_t = g_t)
    x_(t+1) = project(x_t + alpha eps d(m_t)),   d = sign (linf) or the unit vector (l2)

Sources: Goodfellow 2015 (FGSM), Kurakin 2017 (BIM), Dong 2018 (MIM), Xie 2019 (DIM), Madry 2018 (PGD).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from robustcheck.protocols.attack.attack_losses import LOSSES
from robustcheck.protocols.attack.attempts import Attempt, Logits

if TYPE_CHECKING:
    import torch

# DIM: how often an image is resized, and the smallest side it is resized to, as a share of its own.
DIVERSITY, SMALLEST = 0.5, 0.9


@dataclass(frozen=True, slots=True)
class Climb:
    """How an attack climbs: ``step`` is a share of eps; without ``decay`` there is no momentum."""

    steps: int
    step: float
    loss: str = "ce"
    decay: float | None = None
    is_diverse: bool = False
    is_random: bool = False
    restarts: int = 1


def climb(attempt: Attempt, how: Climb) -> torch.Tensor:
    """Return where each image was moved: the first success of the restarts, else where the last one ended."""
    import torch

    points = attempt.balls.centres.clone()
    open_rows = torch.arange(len(attempt), device=points.device)
    for restart in range(how.restarts):
        points[open_rows] = _climb_once(attempt.take(open_rows), how, restart)
        if restart + 1 < how.restarts:
            open_rows = open_rows[~attempt.take(open_rows).fooled(points[open_rows])]
        if not len(open_rows):
            break
    return points


def _climb_once(attempt: Attempt, how: Climb, restart: int) -> torch.Tensor:
    import torch

    balls, loss = attempt.balls, LOSSES[how.loss]
    points = balls.start(attempt.generators(f"start {restart}")) if how.is_random else balls.centres.clone()
    change = partial(_resized, attempt.generators(f"diversity {restart}")) if how.is_diverse else None
    momentum = torch.zeros_like(points)
    done = torch.zeros(len(attempt), dtype=torch.bool, device=points.device)
    for _ in range(how.steps):
        _, gradient, logits = attempt.loss_and_gradient(points, loss, change)
        done |= _is_found(attempt, points, logits, change)
        if done.all():
            break
        momentum = _followed(gradient, momentum, how.decay)
        moved = balls.project(points + how.step * balls.radii * balls.ascend(momentum))
        points = torch.where(done.view(-1, 1, 1, 1), points, moved)
    return points


def _is_found(attempt: Attempt, points: torch.Tensor, logits: torch.Tensor, change: Logits | None) -> torch.Tensor:
    """Return which images are already misclassified: a white box shows it on the way, and they stay where they are.

    A substitute does not know whether the model itself is fooled, so an attack by transfer goes on to its end.
    """
    import torch

    if not attempt.victim.is_white_box:
        return torch.zeros_like(attempt.labels, dtype=torch.bool)
    return attempt.fooled(points) if change is not None else logits.argmax(dim=1) != attempt.labels


def _followed(gradient: torch.Tensor, momentum: torch.Tensor, decay: float | None) -> torch.Tensor:
    if decay is None:
        return gradient
    size = gradient.abs().mean(dim=(1, 2, 3), keepdim=True).clamp_min(1e-12)
    return decay * momentum + gradient / size


def _resized(generators: list[torch.Generator], points: torch.Tensor) -> torch.Tensor:
    """Return images of which some are shrunk and padded with zeros to their size, at a random place."""
    import torch

    return torch.cat([_shrunk(points[row : row + 1], each) for row, each in enumerate(generators)])


def _shrunk(image: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    import torch
    from torch.nn import functional

    def draw(stop: int) -> int:
        return int(torch.randint(stop, (), generator=generator))

    side = image.shape[-1]
    if float(torch.rand((), generator=generator)) >= DIVERSITY:
        return image
    smallest = int(side * SMALLEST)
    new = smallest + draw(max(1, side - smallest))
    left, top = draw(side - new + 1), draw(side - new + 1)
    small = functional.interpolate(image, size=(new, new), mode="bilinear", align_corners=False)
    return functional.pad(small, (left, side - new - left, top, side - new - top))
