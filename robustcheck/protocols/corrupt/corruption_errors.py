"""Corruption errors as fixed weighted sums over the images of (corruption, severity) subsets (PROTOCOLS section 9).

With E the model's top-1 error of a subset and A AlexNet's, over C corruptions and their severities s:

mce                    (1/C) sum_c [ sum_s E_cs / sum_s A_cs ]
relative_mce           (1/C) sum_c [ sum_s (E_cs - E_clean) / sum_s (A_cs - A_clean) ]
mean_corruption_error  (1/C) sum_c [ mean_s E_cs ]

All three are linear in the errors of the images, so an image of subset (c, s) has one weight, whatever the model is.
Values are fractions: 0.767 is the 76.7 that papers print.
"""

from __future__ import annotations

import csv
import functools
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from robustcheck.errors import DataError, did_you_mean
from robustcheck.stats.means import WEIGHTED_SUM
from robustcheck.values import Samples

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Strs = npt.NDArray[np.str_]

TABLE = Path(__file__).with_name("alexnet_errors.csv")
CLEAN = "clean"


@dataclass(frozen=True, slots=True, eq=False)
class CorruptedSubset:
    """The errors (n,) of the images of one subset, 1.0 where the prediction is wrong; ids: (n,) of their sources."""

    corruption: str
    severity: int
    ids: Strs
    errors: Floats


def mean_corruption_error(subsets: Sequence[CorruptedSubset]) -> Samples:
    """Return the samples of the unnormalised mean: over severities, then over corruptions.

    >>> ids = np.array(["a", "b"])
    >>> fog = CorruptedSubset("fog", 1, ids, np.array([1.0, 0.0]))
    >>> WEIGHTED_SUM.value(mean_corruption_error([fog, CorruptedSubset("snow", 1, ids, np.array([1.0, 1.0]))]))
    0.75
    """
    severities = _severities(subsets)
    return _spread(subsets, [1.0 / (len(severities) * len(severities[subset.corruption])) for subset in subsets])


def mce(subsets: Sequence[CorruptedSubset]) -> Samples:
    """Return the samples of mCE: each corruption's summed error over AlexNet's on the same severities."""
    severities = _severities(subsets)
    scale = _alexnet_sums(severities, lambda corruption, severity: alexnet_error(corruption, severity))
    return _spread(subsets, [1.0 / (len(severities) * scale[subset.corruption]) for subset in subsets])


def relative_mce(subsets: Sequence[CorruptedSubset], clean_ids: Strs, clean_errors: Floats) -> Samples:
    """Return the samples of relative mCE: how much of AlexNet's loss from clean to corrupted the model suffers.

    The clean images take the negative of all the subsets' weights together, so that a model whose errors
    do not grow has the value 0.
    """
    severities = _severities(subsets)
    scale = _alexnet_sums(
        severities, lambda corruption, severity: alexnet_error(corruption, severity) - alexnet_clean(corruption)
    )
    # sum_cs (E_cs - E_clean) w_cs = sum_cs E_cs w_cs - E_clean sum_cs w_cs, with w_cs = 1 / (C sum_s (A_cs - A_clean)).
    weights = [1.0 / (len(severities) * scale[subset.corruption]) for subset in subsets]
    clean = CorruptedSubset(CLEAN, 0, clean_ids, clean_errors)
    return _spread([*subsets, clean], [*weights, -float(sum(weights))])


def alexnet_error(corruption: str, severity: int) -> float:
    """Return AlexNet's top-1 error on ImageNet-C at a severity; the four extra corruptions have none."""
    return _row(corruption)[str(severity)]


def alexnet_clean(corruption: str) -> float:
    """Return AlexNet's top-1 error on the clean images."""
    return _row(corruption)[CLEAN]


@functools.cache
def alexnet_table() -> Mapping[str, Mapping[str, float]]:
    """Return AlexNet's errors by corruption, then by ``clean`` and severity ``1`` to ``5``."""
    lines = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    rows = {row.pop("corruption"): row for row in csv.DictReader(lines)}
    return types.MappingProxyType({name: {key: float(text) for key, text in row.items()} for name, row in rows.items()})


def _row(corruption: str) -> Mapping[str, float]:
    table = alexnet_table()
    if corruption not in table:
        raise DataError(
            f"AlexNet has no error on {corruption!r} to normalise with",
            expected="one of " + ", ".join(table),
            fix=did_you_mean(corruption, table) or "measure mean_corruption_error, which needs no AlexNet",
        )
    return table[corruption]


def _severities(subsets: Sequence[CorruptedSubset]) -> dict[str, list[int]]:
    """Return the severities of each corruption; raise DataError for no subsets, a subset twice, or an empty subset."""
    if not subsets:
        raise DataError("no corruptions", expected="at least one subset: no data is never a score")
    severities: dict[str, list[int]] = {}
    for subset in subsets:
        where = f"{subset.corruption}, severity {subset.severity}"
        if subset.severity in severities.setdefault(subset.corruption, []):
            raise DataError("the subset is there twice", where=where)
        severities[subset.corruption].append(subset.severity)
    return severities


def _alexnet_sums(severities: Mapping[str, Sequence[int]], error: Callable[[str, int], float]) -> dict[str, float]:
    return {name: sum(error(name, severity) for severity in levels) for name, levels in severities.items()}


def _spread(subsets: Sequence[CorruptedSubset], weights: Sequence[float]) -> Samples:
    """Spread the weight of each subset over its images: w E = sum_i (w / n) e_i, as E is the mean of n errors."""
    for subset in subsets:
        if not len(subset.errors) or len(subset.errors) != len(subset.ids):
            raise DataError(
                f"{len(subset.errors)} errors of {len(subset.ids)} images",
                where=f"{subset.corruption}, severity {subset.severity}",
                expected="one error an image, and at least one",
            )
    counts = [len(subset.errors) for subset in subsets]
    sources = np.concatenate([subset.ids for subset in subsets])
    return Samples(
        ids=np.array([f"{subset.corruption}/{subset.severity}/{name}" for subset in subsets for name in subset.ids]),
        scores=np.concatenate([subset.errors for subset in subsets]).astype(np.float64),
        statistic=WEIGHTED_SUM.name,
        weights=np.repeat(np.array(weights) / np.array(counts), counts),
        groups=np.repeat(np.arange(len(subsets), dtype=np.int64), counts),
        clusters=np.unique(sources, return_inverse=True)[1].reshape(-1).astype(np.int64),
    )
