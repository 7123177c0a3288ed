"""``+linear-probe``: logistic regression on the features of the base, fitted by L-BFGS.

C is chosen from 1e-6 to 1e6 on a tenth of each class that is held out of the set to learn from, as CLIP's authors did:
seven powers of a hundred, then halved steps around the best until there are eight to a decade. Where a range of them is
equally accurate, as on few images, its middle is taken. The regression with that C is then fitted on the whole set: it
is scikit-learn's ``LogisticRegression(C=C)`` on the stored features.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from robustcheck.adapters import tensors
from robustcheck.adapters.shots import SEED, SHOTS, pick_shots, stratified_tenth
from robustcheck.errors import DataError
from robustcheck.measure.option import NumberOption
from robustcheck.models.adapter import Adapter, HeadBasis, HeadState, adapter_named
from robustcheck.values import AdapterUse

Features = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_ITERATIONS = 1000
_FINEST = 0.125
_LARGEST = 6.0


def fit_probe(basis: HeadBasis, use: AdapterUse) -> HeadState:
    """Return weights and bias (C, D + 1)."""
    features, labels = basis.features, basis.labels
    assert features is not None, "the probe learns"
    assert labels is not None, "the probe learns"
    adapter = adapter_named(use.name)
    given = float(adapter.option(use, "c"))
    chosen = given or choose_c(features, labels, int(adapter.option(use, "seed")))
    return HeadState(fit_regression(features, labels, chosen), {"C": chosen})


def probe_logits(features: Features, basis: HeadBasis, state: HeadState, use: AdapterUse) -> Floats:
    """Return W f + b."""
    return np.asarray(features.astype(np.float64) @ state.array[:, :-1].T + state.array[:, -1])


def choose_c(features: Features, labels: Ints, seed: int) -> float:
    """Return the C that is most accurate on the held-out tenth, of a range of equals the middle of their exponents.

    At the ends of such a range the accuracy is about to fall, and images from elsewhere fall first. Of several ranges
    it is that of the lowest loss.
    """
    held = stratified_tenth(labels, seed)
    if not held.any():
        raise DataError(
            "C cannot be chosen: no class has an image to hold out",
            expected="two images or more of a class in the set to learn from",
            fix="give it: +linear-probe:c=1",
        )
    scores: dict[float, tuple[float, float]] = {}

    def score(exponent: float) -> tuple[float, float]:
        if exponent not in scores:
            weights = fit_regression(features[~held], labels[~held], 10**exponent)
            scores[exponent] = _quality(features[held], labels[held], weights)
        return scores[exponent]

    best = max((-6.0, -4.0, -2.0, 0.0, 2.0, 4.0, 6.0), key=score)
    for step in (1.0, 0.5, 0.25, _FINEST):
        best = max((each for each in (best, best - step, best + step) if abs(each) <= _LARGEST), key=score)
    return float(10 ** _middle(best, lambda exponent: score(exponent)[0]))


def _middle(best: float, accuracy: Callable[[float], float]) -> float:
    """Return the middle of the exponents around the best that are as accurate."""

    def is_equal(exponent: float) -> bool:
        return abs(exponent) <= _LARGEST and accuracy(exponent) == accuracy(best)

    low, high = (_edge(best, way, is_equal) for way in (-1, 1))
    middle = round((low + high) / 2 / _FINEST) * _FINEST
    # The edges are found by leaps, which may go over a dip.
    return middle if is_equal(middle) else best


def _edge(best: float, way: int, is_equal: Callable[[float], bool]) -> float:
    """Return the last exponent in a direction that is as good: steps that double until one is not, then halve."""
    last, step = best, _FINEST
    while is_equal(last + way * step):
        last, step = last + way * step, 2 * step
    while step > _FINEST:
        step /= 2
        if is_equal(last + way * step):
            last += way * step
    return last


def _quality(features: Features, labels: Ints, weights: Floats) -> tuple[float, float]:
    """Return the accuracy, and the mean log-likelihood."""
    logits = features @ weights[:, :-1].T + weights[:, -1]
    top = logits.max(axis=1)
    log_sum = top + np.log(np.exp(logits - top[:, None]).sum(axis=1))
    likelihood = logits[np.arange(len(labels)), labels] - log_sum
    return float((logits.argmax(axis=1) == labels).mean()), float(likelihood.mean())


def fit_regression(features: Features, labels: Ints, c: float) -> Floats:
    """Return the weights and biases (C, D + 1) of a multinomial logistic regression with an L2 penalty of 1 / C."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        # At a large C the classes part and the weights grow without end; the predictions have settled long before.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = LogisticRegression(C=c, max_iter=_ITERATIONS).fit(features, labels)
    weights = np.column_stack([fitted.coef_, fitted.intercept_]).astype(np.float64)
    # Of two classes scikit-learn gives the log-odds of the second.
    return np.concatenate([np.zeros_like(weights), weights]) if len(weights) == 1 else weights


LINEAR_PROBE = Adapter(
    name="linear-probe",
    sort="head",
    argument="nothing",
    settings=(
        SHOTS,
        SEED,
        NumberOption(name="c", description="Inverse of the penalty; 0 to choose it.", default="0", low=0),
    ),
    requires=frozenset({"embeds images"}),
    learns=True,
    libraries=("scikit-learn",),
    schema=2,
    pick=pick_shots,
    make_head=fit_probe,
    head_logits=probe_logits,
    tensor_logits=tensors.linear,
)
