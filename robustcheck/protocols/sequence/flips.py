"""Stability of predictions along a sequence of frames (PROTOCOLS section 9; ImageNet-P).

A frame is compared with a reference frame of its sequence: the previous one, or the first one where the
perturbation is noise, whose frames have no order. Values are means over the compared frames of a sequence;
the value of a set is their mean over sequences.

flip        [argmax_j != argmax_ref]
distance    sum_{i=1..5} |(i - 1) - min(sigma(i) - 1, 5)|, sigma(i) the rank in frame j of the class that is
            i-th in the reference: 0 when the five best stay in order, at most 5 + 4 + 3 + 2 + 1 = 15
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from robustcheck.errors import DataError, RecordError
from robustcheck.stats.means import WEIGHTED_SUM
from robustcheck.values import Samples

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Strs = npt.NDArray[np.str_]
Reference = Literal["previous", "first"]

NOISE = ("gaussian_noise", "shot_noise")
UNVERIFIED = Path(__file__).with_name("alexnet_flip_rates_unverified.csv")
TOP = 5


@dataclass(frozen=True, slots=True, eq=False)
class PerturbedSubset:
    """The value (v,) of each sequence under one perturbation; ids: (v,) of the source videos."""

    perturbation: str
    ids: Strs
    values: Floats


def flip_reference(perturbation: str) -> Reference:
    """Return which frame the frames of a perturbation are compared with.

    >>> flip_reference("rotate"), flip_reference("shot_noise")
    ('previous', 'first')
    """
    return "first" if perturbation in NOISE else "previous"


def flip_rates(predicted: Ints, sequences: Sequence[Ints], reference: Reference) -> Floats:
    """Return the flip rate of each sequence (v,) in [0, 1]; predicted: (n,) classes, sequences: rows in frame order.

    >>> flip_rates(np.array([1, 1, 2, 1]), [np.arange(4)], "first").tolist() == [1 / 3]
    True
    """
    return np.array([(predicted[now] != predicted[ref]).mean() for now, ref in _compared(sequences, reference)])


def top5_distances(top5: Ints, sequences: Sequence[Ints], reference: Reference) -> Floats:
    """Return the top-5 distance of each sequence (v,) in [0, 15]; top5: (n, 5) best classes, best first.

    Only the five best of both frames matter: a class outside them has min(sigma - 1, 5) = 5.
    """
    if top5.ndim != 2 or top5.shape[1] != TOP:
        raise DataError(f"best classes of shape {top5.shape}", expected=f"(n, {TOP}): at least {TOP} classes")
    return np.array([_distances(top5[now], top5[ref]).mean() for now, ref in _compared(sequences, reference)])


def top5_classes(logits: npt.ArrayLike) -> Ints:
    """Return the five best classes (n, 5) of logits (n, C), best first, ties to the lowest index.

    >>> top5_classes([[1.0, 3.0, 3.0, 0.0, 2.0, 0.0]]).tolist()
    [[1, 2, 4, 0, 3]]
    """
    scores = np.asarray(logits, dtype=np.float64)
    return np.argsort(-scores, axis=1, kind="stable")[:, :TOP].astype(np.int64)


def sequence_values(subsets: Sequence[PerturbedSubset], baseline: Mapping[str, float] | None = None) -> Samples:
    """Return the samples of the mean over perturbations of (mean over sequences / the baseline's value).

    Without a baseline nothing is divided; with AlexNet's values it is mFR or mT5D as a fraction.
    """
    if not subsets or any(not len(subset.values) for subset in subsets):
        raise DataError("no sequences", expected="at least one in each perturbation: no data is never a score")
    scales = [1.0 if baseline is None else _baseline_of(subset.perturbation, baseline) for subset in subsets]
    counts = [len(subset.values) for subset in subsets]
    return Samples(
        ids=np.array([f"{subset.perturbation}/{name}" for subset in subsets for name in subset.ids]),
        scores=np.concatenate([subset.values for subset in subsets]).astype(np.float64),
        statistic=WEIGHTED_SUM.name,
        weights=np.repeat(1.0 / (len(subsets) * np.array(scales) * np.array(counts)), counts),
        groups=np.repeat(np.arange(len(subsets), dtype=np.int64), counts),
        clusters=np.unique(np.concatenate([subset.ids for subset in subsets]), return_inverse=True)[1].astype(np.int64),
    )


def read_baseline(path: Path) -> Mapping[str, float]:
    """Read a table ``perturbation,flip_rate`` (or any value) of fractions; lines that start with # are comments."""
    try:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
        return {row[0].strip(): float(row[1]) for row in list(csv.reader(lines))[1:]}
    except (OSError, UnicodeDecodeError, ValueError, IndexError, csv.Error) as error:
        raise RecordError(
            f"not a table of a baseline: {error}", where=str(path), expected="perturbation,flip_rate and a row for each"
        ) from error


def _compared(sequences: Sequence[Ints], reference: Reference) -> list[tuple[Ints, Ints]]:
    """Return for each sequence the rows of its second to last frame, and those of their references."""
    short = [rows for rows in sequences if len(rows) < 2]
    if short or not sequences:
        raise DataError(
            f"{len(short)} of {len(sequences)} sequences have fewer than two frames", expected="two frames or more"
        )
    return [(rows[1:], rows[:-1] if reference == "previous" else np.full(len(rows) - 1, rows[0])) for rows in sequences]


def _distances(now: Ints, reference: Ints) -> Floats:
    """Return the distance of each pair of frames; now, reference: (m, 5)."""
    same = now[:, None, :] == reference[:, :, None]
    ranks = np.where(same.any(axis=2), same.argmax(axis=2), TOP)
    return np.asarray(np.abs(np.arange(TOP) - ranks).sum(axis=1), dtype=np.float64)


def _baseline_of(perturbation: str, baseline: Mapping[str, float]) -> float:
    value = baseline.get(perturbation, 0.0)
    if not value > 0:
        raise DataError(
            f"the baseline has no positive value for {perturbation!r}",
            expected="one for each perturbation",
            fix="add it to the table, or measure without normalising",
        )
    return value
