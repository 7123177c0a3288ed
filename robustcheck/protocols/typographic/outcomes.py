"""Typographic attacks as arithmetic on predictions (PROTOCOLS section 11).

All arrays are of the same images: the clean ones are scored too, not quoted from elsewhere.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from robustcheck.errors import DataError

Floats = npt.NDArray[np.float64]
Classes = npt.NDArray[np.int64]


def attack_success(predicted: Classes, typed: Classes) -> Floats:
    """Return, for each attacked image, whether the prediction is the typed class: [predicted = typed].

    predicted, typed: (n,) class indices; returns (n,) of 0.0 and 1.0, whose mean is the success rate in
    [0, 1]; lower is better. On an unattacked image it is the rate of that confusion anyway.
    Raises DataError on empty or unequal arrays. Source: ImageNet-T of RoZ (wang-research-lab/roz).

    >>> attack_success(np.array([3, 1, 2]), np.array([3, 0, 2])).tolist()
    [1.0, 0.0, 1.0]
    """
    _require_equal(predicted, typed)
    return np.asarray(predicted == typed, dtype=np.float64)


def accuracy_drop(clean: Floats, attacked: Floats) -> Floats:
    """Return, for each image, what the attack cost: [clean is right] - [attacked is right].

    clean, attacked: (n,) of 1.0 where the prediction is right and 0.0 where not; returns (n,) of -1.0, 0.0 and 1.0,
    whose mean is the drop in accuracy in [-1, 1]; lower is better. Raises DataError on empty or unequal arrays.

    >>> accuracy_drop(np.array([1.0, 1.0, 0.0]), np.array([1.0, 0.0, 1.0])).tolist()
    [0.0, 1.0, -1.0]
    """
    _require_equal(clean, attacked)
    return clean - attacked


def _require_equal(*arrays: Classes | Floats) -> None:
    shapes = [array.shape for array in arrays]
    if len(set(shapes)) > 1 or arrays[0].ndim != 1 or arrays[0].size == 0:
        raise DataError(
            f"arrays of the shapes {', '.join(map(str, shapes))}",
            expected="the same images in each, at least one",
        )
