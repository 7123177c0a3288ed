"""One plain English sentence for each check."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from robustcheck.listing import name_any
from robustcheck.spec.limits import LIMITS
from robustcheck.spec.sentences_groups import GroupSubject, group_sentence
from robustcheck.values import Amount, Quantity
from robustcheck.values.expectations import (
    AtLeast,
    AtMost,
    Between,
    Expectation,
    GroupExpectation,
    NoWorseThan,
    OnTrend,
    Reproduces,
    kind_of,
)

# The metrics whose names are not the words that people use for them.
_NOUNS: Mapping[str, str] = {
    "worst_factor": "worst-factor accuracy",
    "ece": "ECE",
    "ece_mass": "equal-mass ECE",
    "nll": "NLL",
    "brier": "Brier score",
    "auroc": "AUROC",
    "class_auroc": "mean AUROC of the classes",
    "fpr95": "FPR at 95% TPR",
    "class_fpr95": "mean FPR at 95% TPR of the classes",
    "fpr95_openood": "OpenOOD's FPR at 95% TPR",
    "cue_shape_accuracy": "accuracy by shape",
    "cue_texture_accuracy": "accuracy by texture",
    "shape_bias_16way": "16-way shape bias",
    "mce": "mCE",
    "relative_mce": "relative mCE",
    "top5_distance": "top-5 distance",
    "pm0": "pm-0 accuracy",
    "pm_k": "pm-k accuracy",
}
# Options that name the data set which the measured one is held against.
_OTHER_SIDES = frozenset({"id_dataset", "reference", "clean"})


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a sentence is about, and on which side of a line it would be worse."""

    label: str
    worse: Literal["below", "above"]


def write_sentence(
    quantity: Quantity, expect: Expectation, warn: Expectation | None = None, *, is_higher_better: bool = True
) -> str:
    """Say in plain English what a check asserts."""
    label = describe(quantity)
    if isinstance(expect, GroupExpectation):
        sentence = f"{group_sentence(GroupSubject(label, describe, is_higher_better), expect)}."
    else:
        subject = _Subject(label, "below" if is_higher_better else "above")
        sentence = f"{_SENTENCES[type(expect)](subject, expect)}."
    return f"{sentence} {_warning(expect, warn)}" if warn else sentence


def describe(quantity: Quantity) -> str:
    """Say a quantity in words: ``AUROC (score msp) on ninco against imagenet-val``."""
    where, options = dict(quantity.where), dict(quantity.options)
    classes = where.pop("classes", None)
    settings = [f"{key.replace('_', ' ')} {value}" for key, value in options.items() if key not in _OTHER_SIDES]
    parts = [_NOUNS.get(quantity.metric, quantity.metric.replace("_", " "))]
    parts += [f"({', '.join(settings)})"] if settings else []
    parts += [f"on {quantity.dataset}"]
    parts += [f"against {value}" for key, value in options.items() if key in _OTHER_SIDES]
    parts += [f"among the classes of {classes}"] if classes else []
    parts += ["where " + " and ".join(f"{key} is {value}" for key, value in where.items())] if where else []
    parts += [f"under {quantity.transform}"] if quantity.transform else []
    parts += [f"with prompts {quantity.prompts}"] if quantity.prompts else []
    return " ".join(parts)


def _at_least(subject: _Subject, expect: AtLeast) -> str:
    return f"{subject.label} is at least {expect.limit}"


def _at_most(subject: _Subject, expect: AtMost) -> str:
    return f"{subject.label} is at most {expect.limit}"


def _between(subject: _Subject, expect: Between) -> str:
    return f"{subject.label} lies between {expect.low} and {expect.high}"


def _on_trend(subject: _Subject, expect: OnTrend) -> str:
    if expect.within is None:
        place = f"at most {expect.allowed_below} {subject.worse}"
    else:
        place = f"inside the {_share(expect.within)} prediction band of"
    trend = f"the {expect.population} trend{_narrowed(expect)} against {describe(expect.against.quantity())}"
    return f"{subject.label} lies {place} {trend}{_fitted(expect)}"


def _narrowed(expect: OnTrend) -> str:
    facets = [f"{name} {name_any(values)}" for name, values in expect.among.items()]
    return f" (among {', '.join(facets)})" if facets else ""


def _fitted(expect: OnTrend) -> str:
    parts = [f"on {expect.axis} axes"] if expect.axis != "probit" else []
    if expect.x_range:
        parts.append(f"fitted where that lies between {expect.x_range[0]} and {expect.x_range[1]}")
    return "".join(f", {part}" for part in parts)


def _no_worse_than(subject: _Subject, expect: NoWorseThan) -> str:
    other = f"in the baseline {expect.baseline}" if expect.baseline else f"for the model {expect.model}"
    worse = "no worse" if expect.allowed_drop.value == 0 else f"at most {expect.allowed_drop} worse"
    return f"{subject.label} is {worse} than {other}"


def _reproduces(subject: _Subject, expect: Reproduces) -> str:
    table = f" in {expect.population}" if expect.population else ""
    return f"{subject.label}, measured live, lies within {expect.within} of the figure published{table}"


_SENTENCES: Mapping[type[Expectation], Callable[[_Subject, Any], str]] = {
    AtLeast: _at_least,
    AtMost: _at_most,
    Between: _between,
    OnTrend: _on_trend,
    NoWorseThan: _no_worse_than,
    Reproduces: _reproduces,
}


def _warning(expect: Expectation, warn: Expectation) -> str:
    limits = [limit.key for limit in LIMITS[kind_of(expect)] if getattr(warn, limit.key) is not None]
    texts = [_limit(getattr(warn, key)) for key in limits if getattr(warn, key) != getattr(expect, key)]
    return f"It warns at {' and '.join(texts or [_limit(getattr(warn, limits[0]))])}."


def _limit(value: Amount | float) -> str:
    return str(value) if isinstance(value, Amount) else _share(value)


def _share(value: float) -> str:
    return f"{round(value * 100, 10):g}%"
