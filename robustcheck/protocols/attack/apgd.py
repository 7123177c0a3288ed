"""Auto-PGD (Croce and Hein 2020): PGD whose step is halved where it no longer helps, from the best point so far.

    z_(t+1) = project(x_t + eta d(g_t))
    x_(t+1) = project(x_t + 0.75 (z_(t+1) - x_t) + 0.25 (x_t - x_(t-1)))

eta begins at 2 eps. At each checkpoint it is halved, and the search goes back to the best point, for images whose loss
rose in fewer than 75% of the steps, or whose step and best loss have not changed since the checkpoint before. APGD-T
climbs the targeted logits ratio towards each of the most likely wrong classes in turn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from robustcheck.protocols.attack.attack_losses import LOSSES, Loss, targeted_ratio
from robustcheck.protocols.attack.attempts import Attempt

if TYPE_CHECKING:
    import torch

_RISING = 0.75  # rho
_FIRST, _SHRINK, _SHORTEST = 0.22, 0.03, 0.06  # of the steps: the first period, by how much it shrinks, the shortest


@dataclass(frozen=True, slots=True)
class AutoSteps:
    """How Auto-PGD searches: ``targets`` is 0 for a loss of the label, else the number of classes it aims at."""

    steps: int
    loss: str = "ce"
    restarts: int = 1
    targets: int = 0


def search(attempt: Attempt, how: AutoSteps) -> torch.Tensor:
    """Return where each image was moved: to its first misclassified point, else to that of the highest loss."""
    import torch

    points = attempt.balls.centres.clone()
    open_rows = torch.arange(len(attempt), device=points.device)
    for number, loss_of in enumerate(_rounds(attempt, how)):
        found, is_fooled = _Search(attempt.take(open_rows), loss_of(open_rows), how.steps, f"start {number}").run()
        points[open_rows] = found
        open_rows = open_rows[~is_fooled]
        if not len(open_rows):
            break
    return points


def _rounds(attempt: Attempt, how: AutoSteps) -> Iterator[Callable[[torch.Tensor], Loss]]:
    """Yield for each round the function from rows to their loss: of the label, or of one class that is aimed at."""
    import torch

    if not how.targets:
        yield from [lambda rows: LOSSES[how.loss]] * how.restarts
        return
    with torch.no_grad():
        logits = attempt.victim.surrogate(attempt.balls.centres)
    others = logits.scatter(1, attempt.labels[:, None], float("-inf"))
    aims = others.topk(min(how.targets, logits.shape[1] - 1), dim=1).indices
    for place in [*range(aims.shape[1])] * how.restarts:
        yield partial(_aimed, aims[:, place])


def _aimed(aims: torch.Tensor, rows: torch.Tensor) -> Loss:
    return partial(targeted_ratio, targets=aims[rows])


@dataclass(slots=True, eq=False)
class _Search:
    """One run over all images at once; each has its own step, best point and best loss."""

    attempt: Attempt
    loss: Loss
    steps: int
    purpose: str
    step: torch.Tensor = field(init=False)
    best: torch.Tensor = field(init=False)
    best_loss: torch.Tensor = field(init=False)
    best_gradient: torch.Tensor = field(init=False)
    was_halved: torch.Tensor = field(init=False)
    before: torch.Tensor = field(init=False)

    def run(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the points found (n, 3, h, w) and whether each is misclassified."""
        import torch

        balls = self.attempt.balls
        points = previous = balls.start(self.attempt.generators(self.purpose))
        loss, gradient, logits = self.attempt.loss_and_gradient(points, self.loss)
        self._begin(points, loss, gradient)
        found, fooled = points.clone(), logits.argmax(dim=1) != self.attempt.labels
        history = [loss]
        checkpoints = _checkpoints(self.steps)
        for number in range(self.steps):
            points, previous = self._moved(points, previous, gradient, is_first=number == 0), points
            loss, gradient, logits = self.attempt.loss_and_gradient(points, self.loss)
            is_new = ~fooled & (logits.argmax(dim=1) != self.attempt.labels)
            found = torch.where(is_new.view(-1, 1, 1, 1), points, found)
            fooled |= is_new
            if fooled.all():
                break
            self._note(points, loss, gradient)
            history.append(loss)
            if number + 1 in checkpoints:
                points, gradient = self._check(points, gradient, history[-checkpoints[number + 1] - 1 :])
        return torch.where(fooled.view(-1, 1, 1, 1), found, self.best), fooled

    def _begin(self, points: torch.Tensor, loss: torch.Tensor, gradient: torch.Tensor) -> None:
        import torch

        self.step = 2 * self.attempt.balls.eps.clone()
        self.best, self.best_loss, self.best_gradient = points.clone(), loss.clone(), gradient.clone()
        # As if it had been halved before: the second condition cannot hold at the first checkpoint.
        self.was_halved, self.before = torch.ones_like(loss, dtype=torch.bool), loss.clone()

    def _moved(
        self, points: torch.Tensor, previous: torch.Tensor, gradient: torch.Tensor, *, is_first: bool
    ) -> torch.Tensor:
        balls = self.attempt.balls
        ahead = balls.project(points + self.step.view(-1, 1, 1, 1) * balls.ascend(gradient))
        share = 1.0 if is_first else 0.75
        return balls.project(points + share * (ahead - points) + (1 - share) * (points - previous))

    def _note(self, points: torch.Tensor, loss: torch.Tensor, gradient: torch.Tensor) -> None:
        """Keep what is better than the best so far."""
        import torch

        is_better = (loss > self.best_loss).view(-1, 1, 1, 1)
        self.best = torch.where(is_better, points, self.best)
        self.best_gradient = torch.where(is_better, gradient, self.best_gradient)
        self.best_loss = self.best_loss.maximum(loss)

    def _check(
        self, points: torch.Tensor, gradient: torch.Tensor, history: list[torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Halve the steps that no longer help, and return where to go on from, with the gradient there."""
        import torch

        losses = torch.stack(history)
        rises = (losses[1:] > losses[:-1]).sum(dim=0)
        is_stuck = ~self.was_halved & (self.before >= self.best_loss)
        halve = (rises <= _RISING * (len(history) - 1)) | is_stuck
        self.was_halved, self.before = halve, self.best_loss.clone()
        self.step = torch.where(halve, self.step / 2, self.step)
        back = halve.view(-1, 1, 1, 1)
        return torch.where(back, self.best, points), torch.where(back, self.best_gradient, gradient)


def _checkpoints(steps: int) -> dict[int, int]:
    """Return the steps after which the step size is looked at, and how many steps each look is about."""
    period, shortest = max(int(_FIRST * steps), 1), max(int(_SHORTEST * steps), 1)
    shrink, found, place = max(int(_SHRINK * steps), 1), {}, 0
    while (place := place + period) <= steps:
        found[place] = period
        period = max(period - shrink, shortest)
    return found
