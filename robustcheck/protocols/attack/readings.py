"""Readings of attacked images: what became of each image at each eps, and the smallest eps that fools the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from robustcheck.measure.reading import Batch
from robustcheck.models.digests import installed_version
from robustcheck.models.encoders import LoadedModel
from robustcheck.models.kind import Capability
from robustcheck.models.torch_models import DualEncoder, TorchModel
from robustcheck.protocols.attack.attack_losses import cross_entropy, margin
from robustcheck.protocols.attack.attacks import ATTACKS, SCHEMA, Asked, How, count_passes, facts_of, move_images
from robustcheck.protocols.attack.attempts import Attempt, Logits, Victim
from robustcheck.protocols.attack.deepfool import Approach
from robustcheck.protocols.attack.spaces import SPACES, AttackSpace, Balls, Norm, sizes
from robustcheck.protocols.attack.victims import Answers, exact, substitute_logits, time_pass, victim_logits

if TYPE_CHECKING:
    import torch

Floats = npt.NDArray[np.float64]
# Few, since one image takes long: a killed run loses at most these.
ATTACKED_ROWS = 16
NOT_FOUND = -1.0


@dataclass(frozen=True, slots=True)
class Setup:
    """What all attacks of a reading have in common: where images move, what they are asked of, and the seed.

    ``device`` is the kind of device, since the order of its sums decides the sign of a gradient near zero. ``classes``
    is how many there are, for the cost.
    """

    norm: Norm
    space: str
    answers: Answers
    device: str
    seed: int = 0
    substitute: Answers | None = None
    classes: int = 1000

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return what of it decides the rows, for their key."""
        return {
            "norm": self.norm,
            "space": self.space,
            "answers": _answer_facts(self.answers),
            "substitute": None if self.substitute is None else _answer_facts(self.substitute),
            "device": self.device,
            "seed": self.seed,
        }


@dataclass(frozen=True, slots=True)
class Trial:
    """One attack at one eps; ``loss_scale`` multiplies the logits in its loss."""

    eps: Fraction
    asked: Asked
    loss_scale: float = 1.0

    @property
    def how(self) -> How:
        """The attack with all its settings."""
        return ATTACKS[self.asked.name].settle(self.asked, float(self.eps))

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return what of it decides a row, for its key."""
        package = ATTACKS[self.asked.name].package
        libraries = {package: installed_version(package)} if package else {}
        return {"eps": str(self.eps), "how": facts_of(self.how), "scale": self.loss_scale, "libraries": libraries}


@dataclass(frozen=True, slots=True)
class Attacked:
    """What several runs make of each image: rows (1 + runs, 3) of predicted class, margin and size of the change.

    The margin is max_{k != y} z_k - z_y. The first line is of the untouched image, and in the place of a size it says
    whether the gradient there is exactly zero (1.0), which no attack by gradients can climb.
    """

    runs: tuple[Trial, ...]
    setup: Setup
    name: str = "attacked"
    chunk_rows: int = ATTACKED_ROWS
    capability: Capability | None = "has gradients"
    needs_head: bool = True

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return what decides the rows."""
        return {"name": self.name, "schema": SCHEMA, "runs": [each.facts for each in self.runs], **self.setup.facts}

    @property
    def passes(self) -> int:
        """Return how many passes of the model one image takes at most."""
        return 2 + sum(count_passes(each.how, self.setup.classes) for each in self.runs)

    def time_pass(self, model: LoadedModel) -> float:
        """Return the seconds that one pass takes for one image."""
        return time_pass(model, self.chunk_rows)

    def take(self, model: LoadedModel, batch: Batch) -> Floats:
        """Return the rows (n, 1 + runs, 3); images that are misclassified untouched are not attacked."""
        with exact((model, *batch.others)) as models:
            attempt = _attempt(models, batch, self.setup)
            attempt.balls.require_sense(float(max(each.eps for each in self.runs)))
            lines = [_clean_line(attempt)]
            right = _right(attempt)
            found: dict[tuple[object, float], torch.Tensor] = {}
            lines += [_line(attempt, right, each, lines[0], found) for each in self.runs]
        return np.stack(lines, axis=1)


@dataclass(frozen=True, slots=True)
class Smallest:
    """The smallest eps of a grid at which an attack fools the model: rows (n, 1), 0 where it is wrong untouched.

    Not found is -1. ``scan`` tries the grid from below; ``bisect`` halves it, as the paper does, which is right
    where success never ends as eps grows. DeepFool needs no grid: its own distance is the answer.
    """

    grid: tuple[Fraction, ...]
    asked: Asked
    setup: Setup
    is_bisected: bool = False
    loss_scale: float = 1.0
    name: str = "smallest-eps"
    chunk_rows: int = ATTACKED_ROWS
    capability: Capability | None = "has gradients"
    needs_head: bool = True

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return what decides the rows."""
        run_facts = [Trial(eps, self.asked, self.loss_scale).facts for eps in self.grid]
        facts = {"name": self.name, "schema": SCHEMA, "runs": run_facts, "bisect": self.is_bisected}
        return {**facts, **self.setup.facts}

    @property
    def passes(self) -> int:
        """Return how many passes of the model one image takes at most."""
        if ATTACKS[self.asked.name].is_minimal:
            return 1 + count_passes(self._run(0).how, self.setup.classes)
        tried = range(len(self.grid).bit_length()) if self.is_bisected else range(len(self.grid))
        return 1 + sum(count_passes(self._run(place).how, self.setup.classes) for place in tried)

    def time_pass(self, model: LoadedModel) -> float:
        """Return the seconds that one pass takes for one image."""
        return time_pass(model, self.chunk_rows)

    def take(self, model: LoadedModel, batch: Batch) -> Floats:
        """Return the rows (n, 1)."""
        with exact((model, *batch.others)) as models:
            attempt = _attempt(models, batch, self.setup)
            attempt.balls.require_sense(float(self.grid[-1]))
            smallest = np.zeros(len(attempt))
            right = _right(attempt)
            if len(right):
                smallest[right.cpu().numpy()] = self._found(attempt.take(right))
        return smallest[:, None]

    def _found(self, attempt: Attempt) -> Floats:
        if ATTACKS[self.asked.name].is_minimal:
            return _distances(attempt, self._run(0))
        return self._bisected(attempt) if self.is_bisected else self._scanned(attempt)

    def _run(self, place: int) -> Trial:
        return Trial(self.grid[place], self.asked, self.loss_scale)

    def _scanned(self, attempt: Attempt) -> Floats:
        import torch

        found = np.full(len(attempt), NOT_FOUND)
        open_rows = torch.arange(len(attempt), device=attempt.labels.device)
        for place, eps in enumerate(self.grid):
            fooled = _is_fooled(attempt.take(open_rows), self._run(place))
            found[open_rows[fooled].cpu().numpy()] = float(eps)
            open_rows = open_rows[~fooled]
            if not len(open_rows):
                break
        return found

    def _bisected(self, attempt: Attempt) -> Floats:
        """Halve the grid for each image by itself: images at the same place are attacked together."""
        import torch

        low, high = np.zeros(len(attempt), np.int64), np.full(len(attempt), len(self.grid), np.int64)
        while (low < high).any():
            middle = (low + high) // 2
            for place in np.unique(middle[low < high]).tolist():
                rows = np.flatnonzero((low < high) & (middle == place))
                at = torch.as_tensor(rows, device=attempt.labels.device)
                fooled = _is_fooled(attempt.take(at), self._run(place)).cpu().numpy()
                high[rows[fooled]] = place
                low[rows[~fooled]] = place + 1
        sizes_ = np.array([*map(float, self.grid), NOT_FOUND])
        return np.asarray(sizes_[low])


def _attempt(models: Sequence[TorchModel], batch: Batch, setup: Setup) -> Attempt:
    """Return the attempt on a batch, in balls of radius 0."""
    import torch

    model, space = models[0], SPACES[setup.space]
    # Only as many rows as there are images: those that fill a group up would be attacked for nothing.
    points = space.points(model.pixels(batch.crops)[: len(batch)])
    labels = torch.tensor(list(batch.labels), device=points.device)
    balls = Balls(points, torch.zeros(len(batch), device=points.device), setup.norm, space)
    return Attempt(_victim(models, batch, setup, space), balls, labels, [f"{setup.seed}|{name}" for name in batch.ids])


def _victim(models: Sequence[TorchModel], batch: Batch, setup: Setup, space: AttackSpace) -> Victim:
    heads = list(batch.heads)
    has_texts = isinstance(models[0], DualEncoder) and batch.learnt is None
    own = heads.pop(0) if has_texts else batch.learnt
    logits: Logits = victim_logits(models[0], own, setup.answers, space)
    if setup.substitute is None:
        return Victim(logits, logits)
    other = models[1]
    learnt = batch.others_learnt[0] if batch.others_learnt else None
    head = heads.pop(0) if isinstance(other, DualEncoder) and learnt is None else learnt
    side = (other.geometry.side, other.geometry.side)
    return Victim(logits, substitute_logits(other, head, setup.substitute, space, side))


def _right(attempt: Attempt) -> torch.Tensor:
    """Return the rows of the images that are classified rightly untouched."""
    import torch

    return torch.nonzero(~attempt.fooled(attempt.balls.centres))[:, 0]


def _clean_line(attempt: Attempt) -> Floats:
    centres = attempt.balls.centres
    _, gradient, _ = attempt.loss_and_gradient(centres, cross_entropy)
    is_flat = (gradient.flatten(1).abs().amax(dim=1) == 0).double().cpu().numpy()
    return _told(attempt, centres, is_flat)


def _line(
    attempt: Attempt, right: torch.Tensor, each: Trial, clean: Floats, found: dict[tuple[object, float], torch.Tensor]
) -> Floats:
    """Return the line of one run (n, 3): that of the untouched image where the model was wrong already."""
    line = clean.copy()
    line[:, 2] = 0.0
    if not len(right):
        return line
    some = attempt.take(right)
    some = some.within(some.balls.eps + float(each.eps))
    points = _moved(some, each, found)
    change = sizes(points - some.balls.centres, some.balls.norm).double().cpu().numpy()
    line[right.cpu().numpy()] = _told(some, points, change)
    return line


def _moved(attempt: Attempt, each: Trial, found: dict[tuple[object, float], torch.Tensor]) -> torch.Tensor:
    """Return the moved points, inside their balls: of the nearest point that was found, only if it lies within."""
    import torch

    if not each.eps:
        return attempt.balls.centres
    scaled = _scaled(attempt, each.loss_scale)
    how = each.how
    if not isinstance(how, Approach):
        points = move_images(scaled, how)
    else:
        key = (how, each.loss_scale)
        nearest = found[key] = found[key] if key in found else move_images(scaled, how)
        is_near = sizes(nearest - attempt.balls.centres, attempt.balls.norm) <= attempt.balls.eps
        points = torch.where(is_near.view(-1, 1, 1, 1), nearest, attempt.balls.centres)
    attempt.balls.require_inside(points, each.asked.name)
    return points


def _is_fooled(attempt: Attempt, each: Trial) -> torch.Tensor:
    moved = attempt.within(attempt.balls.eps * 0 + float(each.eps))
    return moved.fooled(_moved(moved, each, {}))


def _distances(attempt: Attempt, each: Trial) -> Floats:
    """Return the distance of the nearest misclassified point (n,); not found where the model is not fooled there."""
    points = move_images(_scaled(attempt, each.loss_scale), each.how)
    found = sizes(points - attempt.balls.centres, attempt.balls.norm).double().cpu().numpy()
    return np.where(attempt.fooled(points).cpu().numpy(), found, NOT_FOUND)


def _scaled(attempt: Attempt, loss_scale: float) -> Attempt:
    victim = attempt.victim
    return Attempt(Victim(victim.logits, victim.surrogate, loss_scale), attempt.balls, attempt.labels, attempt.seeds)


def _told(attempt: Attempt, points: torch.Tensor, last: Floats) -> Floats:
    """Return the predicted class and the margin at points, with a last column."""
    import torch

    with torch.no_grad():
        logits = attempt.victim.logits(points)
    predicted, margins = logits.argmax(dim=1), margin(logits, attempt.labels)
    return np.column_stack([predicted.cpu().numpy(), margins.double().cpu().numpy(), last]).astype(np.float64)


def _answer_facts(answers: Answers) -> dict[str, Any]:
    return {
        "scored": None if answers.scored is None else answers.scored.facts,
        "members": [list(places) for places in answers.members],
        "by max": answers.is_merged_by_max,
        "kept": list(answers.kept),
        "learnt": list(answers.learnt),
    }
