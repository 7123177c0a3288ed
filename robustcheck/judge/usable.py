"""What a score must have before anything is judged by it."""

from __future__ import annotations

from math import isfinite

from robustcheck.errors import RecordError
from robustcheck.values import Score


def require_enough(score: Score, least: int) -> None:
    """Raise RecordError for a score of fewer samples than its metric needs."""
    if score.n < least:
        raise RecordError(
            f"only {score.n} samples: too few to judge {score.cell.quantity.label}",
            expected=f"at least {least}",
            fix="use a larger slice or data set",
        )


def require_number(score: Score) -> None:
    """Raise RecordError for a score that is NaN or infinite."""
    if not isfinite(score.value):
        raise RecordError(f"{score.cell.quantity.label} of {score.cell.model.id} is {score.value}, not a number")
