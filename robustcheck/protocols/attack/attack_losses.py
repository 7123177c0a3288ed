"""What an attack makes larger: losses of logits (n, C) and labels (n,), one number an image."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

Loss = Callable[["torch.Tensor", "torch.Tensor"], "torch.Tensor"]


def cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return -log softmax(z)_y; its gradient vanishes where the model is sure, as CLIP is at a logit scale of 100."""
    from torch.nn import functional

    return functional.cross_entropy(logits, labels, reduction="none")


def margin(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return max_{k != y} z_k - z_y: positive where the image is misclassified."""
    own = logits.gather(1, labels[:, None])[:, 0]
    others = logits.scatter(1, labels[:, None], float("-inf"))
    return others.amax(dim=1) - own


def logits_ratio(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return the difference of logits ratio (DLR) of Croce and Hein 2020, which no scale of the logits changes.

    (max_{k != y} z_k - z_y) / (z_(1) - z_(3)), with z_(i) the i-th largest logit; it needs three classes.
    """
    best = logits.topk(3, dim=1).values
    return margin(logits, labels) / (best[:, 0] - best[:, 2] + 1e-12)


def targeted_ratio(logits: torch.Tensor, labels: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the targeted DLR: (z_t - z_y) / (z_(1) - (z_(3) + z_(4)) / 2); it needs four classes."""
    best = logits.topk(4, dim=1).values
    own, target = (logits.gather(1, places[:, None])[:, 0] for places in (labels, targets))
    return (target - own) / (best[:, 0] - 0.5 * (best[:, 2] + best[:, 3]) + 1e-12)


LOSSES: Mapping[str, Loss] = {"ce": cross_entropy, "margin": margin, "dlr": logits_ratio}
# How many classes each needs.
FEWEST_CLASSES = {"ce": 2, "margin": 2, "dlr": 3}
