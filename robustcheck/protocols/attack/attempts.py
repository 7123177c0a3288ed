"""An attempt: images, labels, what is to be fooled, and the balls in which each image may be moved."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from robustcheck.protocols.attack.attack_losses import Loss
from robustcheck.protocols.attack.spaces import Balls

if TYPE_CHECKING:
    import torch

Logits = Callable[["torch.Tensor"], "torch.Tensor"]


@dataclass(frozen=True, slots=True, eq=False)
class Victim:
    """The models of an attack, each from points (n, 3, h, w) to logits (n, C).

    ``logits`` are those of the model that is to be fooled. Gradients come from ``surrogate``: the same model, or a
    substitute whose changed images are handed over. ``loss_scale`` multiplies logits inside losses only.
    """

    logits: Logits
    surrogate: Logits
    loss_scale: float = 1.0

    @property
    def is_white_box(self) -> bool:
        """Whether the gradients are of the model that is to be fooled."""
        return self.surrogate is self.logits


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """Images (the centres of ``balls``) with labels (n,) and a seed of each for what is drawn at random."""

    victim: Victim
    balls: Balls
    labels: torch.Tensor
    seeds: Sequence[str]

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.labels)

    def take(self, rows: torch.Tensor) -> Attempt:
        """Return the attempt on some of the images."""
        seeds = [self.seeds[row] for row in rows.tolist()]
        return Attempt(self.victim, self.balls.take(rows), self.labels[rows], seeds)

    def within(self, eps: torch.Tensor) -> Attempt:
        """Return the same attempt in balls of other radii (n,)."""
        return replace(self, balls=replace(self.balls, eps=eps))

    def generators(self, purpose: str) -> list[torch.Generator]:
        """Return a generator of each image, so that nothing drawn depends on its neighbours or on the device."""
        import torch

        found = []
        for seed in self.seeds:
            digest = hashlib.sha256(f"{seed}|{purpose}".encode()).digest()
            generator = torch.Generator()
            generator.manual_seed(int.from_bytes(digest[:7], "big"))
            found.append(generator)
        return found

    def fooled(self, points: torch.Tensor) -> torch.Tensor:
        """Return whether the model answers wrongly at each of the points (n,)."""
        import torch

        with torch.no_grad():
            return self.victim.logits(points).argmax(dim=1) != self.labels

    def loss_and_gradient(
        self, points: torch.Tensor, loss: Loss, change: Logits | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return losses (n,), gradients (n, 3, h, w) and the surrogate's logits; ``change`` acts before the model."""
        import torch

        points = points.detach().requires_grad_()
        logits = self.victim.surrogate(points if change is None else change(points))
        losses = loss(logits * self.victim.loss_scale, self.labels)
        (gradient,) = torch.autograd.grad(losses.sum(), points)
        return losses.detach(), gradient.detach(), logits.detach()

    def losses(self, points: torch.Tensor, loss: Loss) -> torch.Tensor:
        """Return the losses (n,) of the model itself, without gradients: what a query tells."""
        import torch

        with torch.no_grad():
            return loss(self.victim.logits(points) * self.victim.loss_scale, self.labels)
