"""Where an attack moves images, and how far: the space of its points, and the ball around each of them.

``pixel`` is [0, 1], the normalisation inside the model. ``roz`` is what the released code of "Benchmarking Zero-Shot
Robustness" perturbs: pixels normalised as CLIP's, clamped to [-1.8, 2.15]; an eps of 8/255 there is about 2.1/255 of
a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from robustcheck.errors import ModelError, SetupError

if TYPE_CHECKING:
    import torch

Norm = Literal["linf", "l2"]
# What float32 may round: half a unit in the last place of a pixel, and the sum of a norm over all of them.
_ROUNDING = {"linf": 1e-7, "l2": 1e-6}
# How often a change is shortened that float32 made too long; once is mostly enough.
_FITTINGS = 6


@dataclass(frozen=True, slots=True)
class AttackSpace:
    """Points (x - mean) / std of pixels x in [0, 1], kept between ``low`` and ``high``."""

    name: str
    low: float
    high: float
    mean: tuple[float, ...]
    std: tuple[float, ...]

    def points(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the points (n, 3, h, w) of pixels."""
        mean, std = self._columns(pixels)
        return (pixels - mean) / std

    def pixels(self, points: torch.Tensor) -> torch.Tensor:
        """Return the pixels of points; differentiable."""
        mean, std = self._columns(points)
        return points * std + mean

    def _columns(self, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        mean, std = (like.new_tensor(values).view(-1, 1, 1) for values in (self.mean, self.std))
        return mean, std


PIXEL = AttackSpace("pixel", 0.0, 1.0, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
ROZ = AttackSpace("roz", -1.8, 2.15, (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
SPACES = {space.name: space for space in (PIXEL, ROZ)}


@dataclass(frozen=True, slots=True, eq=False)
class Balls:
    """The ball of radius ``eps`` (n,) around each of ``centres`` (n, 3, h, w), cut to the box of the space."""

    centres: torch.Tensor
    eps: torch.Tensor
    norm: Norm
    space: AttackSpace

    @property
    def slack(self) -> torch.Tensor:
        """What rounding may add (n,) to a change that is exactly as long as eps."""
        width = max(1.0, self.space.high - self.space.low)
        # A norm is a float32 itself: of 30 it has steps of 2e-6. A linf of eps is never wider than the box.
        return _ROUNDING[self.norm] * (self.eps.clamp_min(width) if self.norm == "l2" else self.eps * 0 + width)

    @property
    def radii(self) -> torch.Tensor:
        """The radii as (n, 1, 1, 1)."""
        return self.eps.view(-1, 1, 1, 1)

    def take(self, rows: torch.Tensor) -> Balls:
        """Return the balls of some rows."""
        return Balls(self.centres[rows], self.eps[rows], self.norm, self.space)

    def project(self, points: torch.Tensor) -> torch.Tensor:
        """Return the nearest points of the ball, then of the box.

        Clamping to the box moves each coordinate towards the centre, which lies inside, so no norm grows.
        """
        if self.norm == "linf":
            inside = points.maximum(self.centres - self.radii).minimum(self.centres + self.radii)
        else:
            change = points - self.centres
            # A zero change has no direction, and stays.
            shrink = (self.radii / sizes(change, "l2").clamp_min(1e-12).view(-1, 1, 1, 1)).clamp_max(1.0)
            return self._fitted(self._boxed(self.centres + change * shrink))
        return self._boxed(inside)

    def _boxed(self, points: torch.Tensor) -> torch.Tensor:
        return points.clamp(self.space.low, self.space.high)

    def _fitted(self, points: torch.Tensor) -> torch.Tensor:
        """Return points whose changes are no longer than eps, in float32 too.

        Each of d coordinates is rounded by up to r = 6e-8 of its size, so a change of length eps becomes one of about
        sqrt(eps^2 + d r^2 / 3): at 448 x 448 pixels 1% more for an eps of 0.001. It is shrunk by what it is too long,
        and by four times as much each time that rounding undoes that.
        """
        import torch

        for tried in range(_FITTINGS):
            length = sizes(points - self.centres, "l2")
            is_long = length > self.eps + self.slack
            if not is_long.any():
                return points
            lost = 4**tried * (1 - self.eps / length.clamp_min(1e-12))
            share = torch.where(is_long, (1 - lost).clamp_min(0.0), 1.0).view(-1, 1, 1, 1)
            shorter = self._boxed(self.centres + share * (points - self.centres))
            points = torch.where(is_long.view(-1, 1, 1, 1), shorter, points)
        return points

    def ascend(self, gradient: torch.Tensor) -> torch.Tensor:
        """Return the step of length 1 that a linear loss rises most by: signs, or the unit gradient."""
        if self.norm == "linf":
            return gradient.sign()
        return gradient / sizes(gradient, "l2").clamp_min(1e-12).view(-1, 1, 1, 1)

    def start(self, generators: list[torch.Generator]) -> torch.Tensor:
        """Return a random point of each ball, of the image's own generator."""
        import torch

        shape = self.centres.shape[1:]
        drawn = [
            torch.rand(shape, generator=each) if self.norm == "linf" else _inside(shape, each) for each in generators
        ]
        change = torch.stack(drawn).to(self.centres)
        change = 2 * change - 1 if self.norm == "linf" else change
        return self.project(self.centres + self.radii * change)

    def require_sense(self, eps: float) -> None:
        """Raise SetupError where a ball of a radius would hold every image: no change in the box is as long."""
        longest = self.space.high - self.space.low
        longest *= self.centres[0].numel() ** 0.5 if self.norm == "l2" else 1.0
        if eps > longest:
            raise SetupError(
                f"eps {eps:g} in {self.norm} is more than the largest change of an image of the model, {longest:.4g}",
                expected="a part of that",
                fix="l2 is the length of the change of all pixels, each in [0, 1], together: such as 0.5 or 2",
            )

    def require_inside(self, points: torch.Tensor, attack: str) -> None:
        """Raise ModelError where an attack left a ball or the box: what it found would be of another question."""
        space, excess = self.space, sizes(points - self.centres, self.norm) - self.eps
        low, high = float(points.min()), float(points.max())
        # 2.15 is not a float32: points that were cut to the box lie at the one next to it, which is larger.
        lowest, highest = points.new_tensor([space.low, space.high]).tolist()
        if bool((excess <= self.slack).all()) and low >= lowest and high <= highest:
            return
        raise ModelError(
            f"the attack {attack} left its ball by {float(excess.max()):.3g} (values {low:.6g} to {high:.6g})",
            expected=f"at most eps from the image, and {space.low:g} to {space.high:g}",
            fix="report it as a mistake of robustcheck: no result of this attack counts",
        )


def sizes(change: torch.Tensor, norm: Norm) -> torch.Tensor:
    """Return the norm (n,) of each change, summed in float64."""
    flat = change.detach().double().flatten(1)
    found: torch.Tensor = flat.abs().amax(dim=1) if norm == "linf" else flat.square().sum(dim=1).sqrt()
    return found.to(change.dtype) if norm == "l2" else found


def _inside(shape: torch.Size, generator: torch.Generator) -> torch.Tensor:
    """Return a uniform point of the unit L2 ball: a direction times U^(1/d)."""
    import torch

    direction = torch.randn(shape, generator=generator)
    radius = torch.rand((), generator=generator) ** (1 / direction.numel())
    point: torch.Tensor = direction / sizes(direction[None], "l2") * radius
    return point
