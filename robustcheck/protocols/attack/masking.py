"""Ways of attacking that tell robust models from masked gradients: other step sizes, scales, losses, no gradients.

A model is not robust because one attack fails. Where the loss is flat (CLIP's logits are 100 times a cosine, so
cross-entropy saturates), where steps are too long or too short, or where gradients point nowhere, another of these
succeeds. What the sweep adds to the attack as asked is the metric ``masking_gap``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from robustcheck.protocols.attack.attacks import ATTACKS, Asked


@dataclass(frozen=True, slots=True)
class Variant:
    """One way: what it changes of what a check asks, and what it multiplies logits in the loss with beside."""

    name: str
    change: Callable[[Asked], Asked]
    loss_scale: float = 1.0


def _stepping(times: float) -> Callable[[Asked], Asked]:
    return lambda asked: replace(asked, step=times * _own_step(asked))


def _own_step(asked: Asked) -> float:
    """Return the step of an attack as a share of eps; attacks that find their own are swept as PGD's."""
    how = ATTACKS[asked.name].settle(asked, 8 / 255)
    return float(getattr(how, "step", 2.5 / 20))


def _as_pgd(asked: Asked, **changes: object) -> Asked:
    settings: dict[str, object] = {"name": "pgd", "step": None, "restarts": 1, **changes}
    return replace(asked, **settings)  # type: ignore[arg-type]


VARIANTS = (
    Variant("step x 1/4", _stepping(0.25)),
    Variant("step x 4", _stepping(4.0)),
    Variant("logits x 0.1", lambda asked: asked, 0.1),
    Variant("logits x 0.01", lambda asked: asked, 0.01),
    Variant("margin loss", lambda asked: _as_pgd(asked, loss="margin")),
    Variant("PGD", lambda asked: _as_pgd(asked, loss="ce", restarts=2)),
    Variant("without gradients (NES)", lambda asked: replace(asked, name="nes", step=None)),
)
