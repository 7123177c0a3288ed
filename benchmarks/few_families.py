"""Rules for few families held side by side: those of the judge, and others.

    python benchmarks/few_families.py            # 100,000 trials a row
    python benchmarks/few_families.py --quick

Closed form and seeded, so that a row takes a second: intervals of means need no bootstrap. What the judge does with its
draws is simulated by `claim_simulation.py`. Families have two models and lie 3 points apart, their models 1 point.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from math import sqrt
from statistics import NormalDist
from zlib import crc32

import numpy as np
import numpy.typing as npt

from robustcheck.stats.model_families import SKEWNESS, reach_over_families

Floats = npt.NDArray[np.float64]

TRIALS, QUICK_TRIALS = 100_000, 2_000
APART, WITHIN, MODELS, TAIL = 0.03, 0.01, 2, 0.025
OTHERS = 12
FAMILIES = (5, 8, 12, 25)
# Of the group, and of the others: both ways at once, and to opposite sides.
SKEWS = ((0, 0), (1, 1), (1, -1), (2, 2), (2, -2))
TABLES = ((4, 2), (6, 2), (4, 3), (6, 3), (5, 5), (8, 5), (8, 8), (12, 12))
CELLS = 3
RULES = ("as the smaller group", "1.25, nothing seen", "1.5, nothing seen", "2, nothing seen", "judge")


def offsets(rng: np.random.Generator, shape: tuple[int, int], skew: int) -> Floats:
    """Draw offsets of variance 1 and skewness ``-skew``: the mean of a few is most often too high."""
    if not skew:
        return rng.standard_normal(shape)
    # A gamma distribution of shape k has the skewness 2 / sqrt(k).
    k = 4 / skew**2
    return np.asarray((1 if skew > 0 else -1) * (k - rng.gamma(k, size=shape)) / sqrt(k))


def two_means(
    rng: np.random.Generator, families: int, skews: tuple[int, int], trials: int, true_by: float = 0.0
) -> dict[str, float]:
    """Return how often each rule says that the first of two groups lies above the second: true by so many errors."""
    groups = [
        APART * offsets(rng, (trials, count), skew) + rng.normal(0, WITHIN / sqrt(MODELS), (trials, count))
        for count, skew in zip((families, OTHERS), skews, strict=True)
    ]
    sizes = np.array([families, OTHERS])
    error = sqrt((APART**2 + WITHIN**2 / MODELS) * float((1 / sizes).sum()))
    above = groups[0].mean(axis=1) - groups[1].mean(axis=1) + true_by * error
    off = [each - each.mean(axis=1)[:, None] for each in groups]
    drawn = np.array([(each**2).mean(axis=1) / count for each, count in zip(off, sizes, strict=True)])
    least = int(sizes.min())
    before = reach_over_families(TAIL, least, least - 1) * np.sqrt(drawn.sum(axis=0) * least / (least - 1))
    own = drawn * (sizes / (sizes - 1))[:, None]
    # The unbiased third cumulant of a mean of k is m3 / ((k - 1) (k - 2)).
    first, second = ((each**3).mean(axis=1) / ((n - 1) * (n - 2)) for each, n in zip(off, sizes, strict=True))
    return {
        "as the smaller group": _share(above > before),
        "1.25, nothing seen": _share(above > _reach_of_both(own, sizes)),
        "1.5, nothing seen": _share(above > _reach_of_both(own, sizes, allowed=1.5)),
        "2, nothing seen": _share(above > _reach_of_both(own, sizes, allowed=2)),
        "judge": _share(above > _reach_of_both(own, sizes, third=first - second, at_least=1 / (sizes - 1))),
    }


def _reach_of_both(
    variances: Floats,
    sizes: npt.NDArray[np.int64],
    *,
    allowed: float = SKEWNESS,
    third: Floats | float = 0.0,
    at_least: Floats | None = None,
) -> Floats:
    """Return the reach of an interval of two means (trials,), from the variance of each (2, trials).

    Degrees of freedom are Satterthwaite's (1946). The third cumulant of a difference is the sum of its parts', at worst
    of one sign, so its skewness is at most g sum v_j^1.5 / sqrt(n_j) / (sum v_j)^1.5, besides what is seen (``third``).
    With ``at_least`` neither is more hopeful than it would be with these variances.
    """
    from scipy.special import stdtrit

    total = variances.sum(axis=0)
    degrees, skew = _degrees(variances, sizes), _skew(variances, sizes)
    if at_least is not None:
        degrees = np.minimum(degrees, _degrees(at_least[:, None], sizes))
        skew = np.maximum(skew, _skew(at_least[:, None], sizes))
    z = NormalDist().inv_cdf(TAIL)
    further = np.maximum(0, allowed * skew - third / total**1.5) * (2 * z * z + 1) / 6
    return np.asarray((stdtrit(degrees, 1 - TAIL) + further) * np.sqrt(total))


def _degrees(variances: Floats, sizes: npt.NDArray[np.int64]) -> Floats:
    return np.asarray(variances.sum(axis=0) ** 2 / (variances**2 / (sizes - 1)[:, None]).sum(axis=0))


def _skew(variances: Floats, sizes: npt.NDArray[np.int64]) -> Floats:
    return np.asarray((variances**1.5 / np.sqrt(sizes)[:, None]).sum(axis=0) / variances.sum(axis=0) ** 1.5)


def crossed(rng: np.random.Generator, rows: int, columns: int, trials: int) -> dict[str, float]:
    """Return how often each rule says that cells changed, whose rows and columns have changes of their own."""
    change = offsets(rng, (trials, rows), 0)[:, :, None] + offsets(rng, (trials, columns), 0)[:, None]
    cells = APART / sqrt(2) * change + rng.normal(0, WITHIN / sqrt(CELLS), (trials, rows, columns))
    mean, n = cells.mean(axis=(1, 2)), rows * columns
    off = cells - mean[:, None, None]
    of_crossings = (off**2).sum(axis=(1, 2)) / n**2 * n / (n - 1)
    of_rows = (off.sum(axis=2) ** 2).sum(axis=1) / n**2 * rows / (rows - 1)
    of_columns = (off.sum(axis=1) ** 2).sum(axis=1) / n**2 * columns / (columns - 1)
    # Cameron, Gelbach & Miller 2011: what rows and columns share is counted twice. Never less than the larger one.
    both = np.maximum(of_rows + of_columns - of_crossings, np.maximum(of_rows, of_columns))
    least = min(rows, columns)
    now = reach_over_families(TAIL, n, n - 1) * np.sqrt(of_crossings)
    return {
        "as crossings": _share(mean > now),
        "both ways": _share(mean > reach_over_families(TAIL, least, least - 1) * np.sqrt(both)),
    }


def _share(flags: npt.NDArray[np.bool_]) -> float:
    return float(flags.mean())


def lines(trials: int) -> Iterator[str]:
    """Yield both tables."""
    yield f"| two means, claims that hold | {' | '.join(RULES)} |"
    yield f"|---|{'---:|' * len(RULES)}"
    for families in FAMILIES:
        for skews in SKEWS:
            name = f"{families} families against {OTHERS}, skewness {skews[0]} against {skews[1]}"
            yield _row(name, two_means(_rng(name), families, skews, trials))
        name = f"{families} families against {OTHERS}, no skewness, true by 3 errors (power)"
        yield _row(name, two_means(_rng(name), families, (0, 0), trials, true_by=3))
    yield ""
    yield "| cells of a table, false claims that hold | as crossings | both ways (judge) |"
    yield "|---|---:|---:|"
    for rows, columns in TABLES:
        name = f"{rows} rows and {columns} columns"
        yield _row(name, crossed(_rng(name), rows, columns, trials))


def _rng(name: str) -> np.random.Generator:
    return np.random.default_rng(crc32(name.encode()))


def _row(name: str, found: dict[str, float]) -> str:
    return f"| {name} | {' | '.join(f'{share:.1%}' for share in found.values())} |"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--quick", action="store_true", help="few trials: the same tables, with rough numbers")
    given = parser.parse_args(arguments)
    print("\n".join(lines(QUICK_TRIALS if given.quick else TRIALS)))


if __name__ == "__main__":
    main()
