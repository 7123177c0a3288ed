"""AutoAttack, the ensemble of Croce and Hein 2020, through the package pyautoattack (an extra)."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from robustcheck.errors import ModelError, SetupError
from robustcheck.models.digests import installed_version
from robustcheck.protocols.attack.attempts import Attempt

if TYPE_CHECKING:
    import torch

PACKAGE = "pyautoattack"
# Fewer classes have no targeted logits ratio.
FEWEST_CLASSES = 4
# APGD-CE, APGD-T (9 x 100), FAB-T (9 x 100), Square.
_PASSES = 100 + 900 + 1800 + 5000


@dataclass(frozen=True, slots=True)
class Ensemble:
    """The standard version, which has no settings; ``passes`` are the most that it takes for one image."""

    version: str = "standard"
    passes: int = _PASSES


def require_package() -> None:
    """Raise SetupError unless the package is installed; nothing is loaded."""
    if installed_version(PACKAGE) == "not installed":
        raise SetupError(
            f"AutoAttack needs the package {PACKAGE}",
            fix="pip install 'robustcheck[attacks]', or use attack: apgd-t, which needs no further package",
        )


def run_ensemble(attempt: Attempt, how: Ensemble) -> torch.Tensor:
    """Return where the ensemble moves the images; raise ModelError where there are too few classes for it."""
    import torch

    points = attempt.balls.centres.clone()
    with torch.no_grad():
        classes = attempt.victim.logits(points[:1]).shape[1]
    if classes < FEWEST_CLASSES:
        raise ModelError(f"AutoAttack on {classes} classes", expected=f"{FEWEST_CLASSES} or more")
    # It knows one radius for all images.
    for eps in sorted(set(attempt.balls.eps.tolist())):
        rows = torch.nonzero(attempt.balls.eps == eps)[:, 0]
        points[rows] = _evaluated(attempt.take(rows), eps, how, min(9, classes - 1)) if eps else points[rows]
    return attempt.balls.project(points)


def _evaluated(attempt: Attempt, eps: float, how: Ensemble, targets: int) -> torch.Tensor:
    import torch
    from pyautoattack import AutoAttack

    centres, norm = attempt.balls.centres, {"linf": "Linf", "l2": "L2"}[attempt.balls.norm]
    seed = int.from_bytes(hashlib.sha256("|".join(attempt.seeds).encode()).digest()[:4], "big")
    model = _module(attempt)
    ensemble = AutoAttack(model, device=centres.device, eps=eps, norm=norm, seed=seed, version=how.version)
    ensemble.verbose = False
    ensemble.apgd_targeted.n_target_classes = ensemble.fab.n_target_classes = targets
    with torch.random.fork_rng(), _traced_as_before():
        found = ensemble.run_standard_evaluation(centres, attempt.labels, batch_size=len(attempt))
    moved: torch.Tensor = found[0] if isinstance(found, tuple) else found
    return moved


@contextmanager
def _traced_as_before() -> Iterator[None]:
    """Give tracing back: the package traces what a model calls and then ends all tracing, coverage's too."""
    before = sys.gettrace()
    try:
        yield
    finally:
        sys.settrace(before)


def _module(attempt: Attempt) -> Any:
    """Return the victim as a module, which is what the package wants."""
    import torch

    class Victim(torch.nn.Module):
        def forward(self, points: torch.Tensor) -> torch.Tensor:
            return attempt.victim.logits(points) * attempt.victim.loss_scale

    return Victim().eval()
