"""One plain English sentence for each check."""

from __future__ import annotations

from collections.abc import Mapping

from robustcheck.values import Amount, Quantity
from robustcheck.values.expectations import Expectation, Subject
from robustcheck.values.expectations.phrases import share_text

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


def write_sentence(
    quantity: Quantity, expect: Expectation, warn: Expectation | None = None, *, is_higher_better: bool = True
) -> str:
    """Say in plain English what a check asserts."""
    sentence = f"{expect.sentence(Subject(describe(quantity), describe, is_higher_better))}."
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


def _warning(expect: Expectation, warn: Expectation) -> str:
    limits = [limit.key for limit in expect.limits if getattr(warn, limit.key) is not None]
    texts = [_limit(getattr(warn, key)) for key in limits if getattr(warn, key) != getattr(expect, key)]
    return f"It warns at {' and '.join(texts or [_limit(getattr(warn, limits[0]))])}."


def _limit(value: Amount | float) -> str:
    return str(value) if isinstance(value, Amount) else share_text(value)
