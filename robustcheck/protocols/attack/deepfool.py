"""DeepFool: step by step to the nearest boundary of the linearised model (Moosavi-Dezfooli 2016).

With f_k = z_k - z_y and w_k its gradient, the nearest boundary is that of
    k* = argmin_k |f_k| / ||w_k||_q,   q = 1 for linf and 2 for l2
and the step towards it is |f_k*| / ||w_k*||_1 sign(w_k*) (linf) or |f_k*| / ||w_k*||_2^2 w_k* (l2). It looks for the
smallest change, not for one within eps: an image counts as robust at eps where the change is larger.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from robustcheck.protocols.attack.attempts import Attempt

if TYPE_CHECKING:
    import torch

# Added to each distance, as in foolbox: a step that ends exactly on a boundary never crosses it.
_BEYOND = 1e-4


@dataclass(frozen=True, slots=True)
class Approach:
    """How far DeepFool goes: ``candidates`` are the classes that it steps towards, 0 for all of them."""

    steps: int
    overshoot: float = 0.02
    candidates: int = 0


def approach(attempt: Attempt, how: Approach) -> torch.Tensor:
    """Return the nearest misclassified points that were found, whatever their distance; images not fooled stay."""
    import torch

    space, centres = attempt.balls.space, attempt.balls.centres
    points, total = centres.clone(), torch.zeros_like(centres)
    rivals = _rivals(attempt, how.candidates)
    for _ in range(how.steps):
        open_rows = torch.nonzero(~attempt.fooled(points))[:, 0]
        if not len(open_rows):
            break
        some = attempt.take(open_rows)
        total[open_rows] += _step(some, points[open_rows], rivals[open_rows])
        moved = centres[open_rows] + (1 + how.overshoot) * total[open_rows]
        points[open_rows] = moved.clamp(space.low, space.high)
    return points


def _rivals(attempt: Attempt, candidates: int) -> torch.Tensor:
    """Return the classes (n, k) to step towards: the most likely ones but the right one."""
    import torch

    with torch.no_grad():
        logits = attempt.victim.logits(attempt.balls.centres)
    others = logits.scatter(1, attempt.labels[:, None], float("-inf"))
    count = logits.shape[1] - 1 if candidates == 0 else min(candidates - 1, logits.shape[1] - 1)
    return others.topk(max(1, count), dim=1).indices


def _step(attempt: Attempt, points: torch.Tensor, rivals: torch.Tensor) -> torch.Tensor:
    """Return the step (n, 3, h, w) to the nearest boundary of the linearised model."""
    import torch

    points = points.detach().requires_grad_()
    logits = attempt.victim.surrogate(points)
    gaps = logits.gather(1, rivals) - logits.gather(1, attempt.labels[:, None])
    nearest = torch.full((len(points),), float("inf"), device=points.device)
    best = torch.zeros_like(points)
    for place in range(rivals.shape[1]):
        last = place == rivals.shape[1] - 1
        (slope,) = torch.autograd.grad(gaps[:, place].sum(), points, retain_graph=not last)
        distance = gaps[:, place].detach().abs() / (_dual(slope, attempt.balls.norm) + 1e-8)
        is_nearer = distance < nearest
        nearest = torch.where(is_nearer, distance, nearest)
        best = torch.where(is_nearer.view(-1, 1, 1, 1), slope, best)
    length = (nearest + _BEYOND).view(-1, 1, 1, 1)
    return length * attempt.balls.ascend(best)


def _dual(slope: torch.Tensor, norm: str) -> torch.Tensor:
    flat = slope.flatten(1)
    return flat.abs().sum(dim=1) if norm == "linf" else flat.norm(dim=1)
