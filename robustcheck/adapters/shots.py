"""Which samples of a training set an adapter reads: so many of each class, drawn by a seed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from robustcheck.measure.option import NumberOption
from robustcheck.models.adapter import adapter_named
from robustcheck.values import AdapterUse

Ints = npt.NDArray[np.int64]

SHOTS = NumberOption(name="shots", description="Images of each class; 0 for all.", default="0", whole=True, low=0)
SEED = NumberOption(name="seed", description="Of the images that are drawn.", default="1", whole=True, low=0)


def pick_shots(labels: Ints, use: AdapterUse, further: int = 0) -> tuple[Ints, Ints]:
    """Return the samples that the options ``shots`` and ``seed`` choose, and ``further`` other ones of each class."""
    adapter = adapter_named(use.name)
    return draw_shots(labels, int(adapter.option(use, "shots")), int(adapter.option(use, "seed")), further)


def draw_shots(labels: Ints, shots: int, seed: int, further: int = 0) -> tuple[Ints, Ints]:
    """Return so many samples of each class, and ``further`` other ones of each, both by class and ascending.

    A class with fewer samples gives all that it has, the further ones last.

    >>> learn, hold = draw_shots(np.array([0, 1, 0, 1, 0, 1]), 1, 0, further=1)
    >>> len(learn), len(hold), len({*learn.tolist(), *hold.tolist()})
    (2, 2, 4)
    """
    if not shots:
        return np.arange(len(labels)), np.zeros(0, dtype=np.int64)
    learn, hold = [], []
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        drawn = np.random.default_rng([seed, int(label)]).permutation(rows)
        learn.append(np.sort(drawn[:shots]))
        hold.append(np.sort(drawn[shots : shots + further]))
    return np.concatenate(learn), np.concatenate(hold)


def stratified_tenth(labels: Ints, seed: int) -> npt.NDArray[np.bool_]:
    """Return which samples are held out: a tenth of each class, rounded up where a class has two or more."""
    held = np.zeros(len(labels), dtype=np.bool_)
    for label in np.unique(labels):
        rows = np.random.default_rng([seed, int(label)]).permutation(np.flatnonzero(labels == label))
        held[rows[: -(-len(rows) // 10) if len(rows) > 1 else 0]] = True
    return held
