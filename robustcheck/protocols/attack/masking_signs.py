"""What attacked images tell of masked gradients, each in a sentence or not at all; a verdict repeats it as a note."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from robustcheck.protocols.attack.masking import VARIANTS
from robustcheck.values import MASKING, Pairs

Floats = npt.NDArray[np.float64]

# Measured on the CLIP models of the zoo (docs/protocols/attacks.md): at 100 APGD-CE leaves more right than at 10.
_STEEP = 50.0


def masking_facts(*signs: str) -> Pairs:
    """Return the fact that a verdict repeats, where there are signs of masked gradients.

    >>> masking_facts("", "accuracy rises at 2/255", "")
    (('masked gradients', 'accuracy rises at 2/255'),)
    >>> masking_facts("")
    ()
    """
    said = "; ".join(filter(None, signs))
    return ((MASKING, said),) if said else ()


def say_rises(sizes: Sequence[Fraction], shares: Sequence[float]) -> str:
    """Say where accuracy rises with eps, of the untouched and of each size: a stronger attack cannot find less."""
    rises = [str(eps) for eps, before, after in zip(sizes, shares, shares[1:], strict=False) if after > before]
    if not rises:
        return ""
    return f"accuracy rises at {', '.join(rises)}: the attack finds less in a larger ball, so it is not to be trusted"


def say_flat(lines: Floats) -> str:
    """Say for how many of the attacked images the gradient is exactly zero."""
    flat = float(lines[:, 0, 2].mean())
    return f"the gradient is zero for {flat:.1%} of the images, see masking_gap and loss_scale" if flat else ""


def say_steep(scale: float) -> str:
    """Say that cosines are multiplied with so much that cross-entropy saturates."""
    if scale < _STEEP:
        return ""
    return (
        f"logits in the loss are cosines times {scale:.3g}: cross-entropy is nearly flat where the model is sure, "
        "see masking_gap and loss"
    )


def say_stronger_way(attack: str, asked: Floats, sweep: Floats) -> str:
    """Say which way of the sweep (n, ways) leaves the fewest images right, where one finds what the attack does not."""
    found = int((asked * (1 - sweep.min(axis=1))).sum())
    if not found:
        return ""
    way = int(sweep.mean(axis=0).argmin())
    return (
        f"other ways of attacking fool {found} of the {int(asked.sum())} images that {attack} as asked leaves right; "
        f"the strongest, {VARIANTS[way].name}, leaves {sweep[:, way].mean():.1%} right and not {asked.mean():.1%}"
    )
