"""How sure a score is: its interval at any level, and its variance."""

from __future__ import annotations

from math import isfinite, sqrt

from robustcheck.errors import RecordError
from robustcheck.judge.case import Case, Estimate
from robustcheck.stats.proportions import clopper_pearson_interval, proportion_interval, share_variance
from robustcheck.stats.sureness import find_sureness, seed_of, value_intervals
from robustcheck.values import Score, Sureness


def estimate_value(case: Case) -> Estimate:
    """Estimate the value itself: from what is known of its samples, or binomial from a published n."""
    return estimate_score(case.score, case.unit)


def estimate_score(score: Score, unit: str) -> Estimate:
    """Estimate a score; for a share, a fail is decided on the exact interval, which keeps its level at any n.

    Raises RecordError where neither the samples nor a binomial n says how sure a value is.
    """
    sureness = _sureness_of(score)
    if sureness is None:
        _require_share(score, unit)
        return _estimate_share(score, score.n, sqrt(share_variance(score.value, score.n)))
    if sureness.error is None:
        raise RecordError(
            f"all {score.n:,} samples of {score.cell.quantity.label} are alike: "
            f"they do not say how sure {score.value:g} is",
            expected="samples that differ",
            fix="use a larger slice or data set",
        )
    if sureness.trials:
        return _estimate_share(score, sureness.trials, sureness.error)
    return Estimate(score.value, value_intervals(score.value, sureness), sureness.error)


def _sureness_of(score: Score) -> Sureness | None:
    """Return how sure a measured score is; None of a published figure."""
    if score.sureness is not None or score.samples is None:
        return score.sureness
    return find_sureness(score.samples, seed=seed_of(score.key))


def _estimate_share(score: Score, n: int, error: float) -> Estimate:
    return Estimate(
        score.value,
        lambda level: proportion_interval(score.value, n, level),
        error,
        lambda level: clopper_pearson_interval(round(score.value * n), n, level),
    )


def _require_share(score: Score, unit: str) -> None:
    """Refuse a figure whose n says nothing: only a share of n samples is binomial."""
    if unit == "%" and 0 <= score.value <= 1 and isfinite(score.low) and isfinite(score.high):
        return
    quantity = score.cell.quantity
    raise RecordError(
        f"the {score.evidence} {quantity.label} of {score.cell.model.id} has no interval: "
        f"{quantity.metric} is not a share of its {score.n:,} samples, and the table has no per-sample scores",
        expected="a measurement with its per-sample scores",
        fix="measure it here: --robust-evidence live, with the data set in a --robust-data directory",
    )
