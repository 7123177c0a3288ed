"""Attacks that see scores only: the gradient is estimated from the margins at random points around the image.

    g = mean over u of (L(x + sigma u) - L(x - sigma u)) / (2 sigma) u,   L the margin loss

NES draws u from a normal distribution, SPSA from {-1, 1}. Both then climb g as BIM does. ``queries`` counts both
sides: 100 queries are 50 directions. Sources: Ilyas 2018 (NES), Uesato 2018 (SPSA; ours takes plain signed steps).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from robustcheck.protocols.attack.attack_losses import LOSSES
from robustcheck.protocols.attack.attempts import Attempt

if TYPE_CHECKING:
    import torch

SIGMA = 0.001

Draw = Callable[["torch.Size", "torch.Generator"], "torch.Tensor"]


@dataclass(frozen=True, slots=True)
class Queries:
    """How an attack asks: steps of ``step`` times eps, each from ``queries`` queries an image."""

    steps: int
    step: float
    queries: int
    is_normal: bool
    loss: str = "margin"


def ask(attempt: Attempt, how: Queries) -> torch.Tensor:
    """Return where each image was moved; those that are misclassified on the way stay where they are."""
    import torch

    balls, points = attempt.balls, attempt.balls.centres.clone()
    generators = attempt.generators("queries")
    done = torch.zeros(len(attempt), dtype=torch.bool, device=points.device)
    for _ in range(how.steps):
        done |= attempt.fooled(points)
        if done.all():
            break
        estimate = estimated_gradient(attempt, points, how, generators)
        moved = balls.project(points + how.step * balls.radii * balls.ascend(estimate))
        points = torch.where(done.view(-1, 1, 1, 1), points, moved)
    return points


def estimated_gradient(
    attempt: Attempt, points: torch.Tensor, how: Queries, generators: list[torch.Generator]
) -> torch.Tensor:
    """Return the estimate of the gradient of the loss (n, 3, h, w) at points."""
    import torch

    loss, total = LOSSES[how.loss], torch.zeros_like(points)
    draw = _normal if how.is_normal else _signs
    for _ in range(how.queries // 2):
        directions = torch.stack([draw(points.shape[1:], each) for each in generators]).to(points)
        above, below = (attempt.losses(points + side * SIGMA * directions, loss) for side in (1, -1))
        total += ((above - below) / (2 * SIGMA)).view(-1, 1, 1, 1) * directions
    return total / (how.queries // 2)


def _normal(shape: torch.Size, generator: torch.Generator) -> torch.Tensor:
    import torch

    return torch.randn(shape, generator=generator)


def _signs(shape: torch.Size, generator: torch.Generator) -> torch.Tensor:
    import torch

    return torch.randint(2, shape, generator=generator).float() * 2 - 1
