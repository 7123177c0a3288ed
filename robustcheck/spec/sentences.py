"""One plain English sentence for each check."""

from __future__ import annotations

from functools import partial

from robustcheck.spec.names import KnownNames
from robustcheck.values import Amount, Quantity
from robustcheck.values.expectations import Expectation, Subject
from robustcheck.values.expectations.phrases import share_text


def write_sentence(
    quantity: Quantity, expect: Expectation, warn: Expectation | None = None, *, names: KnownNames
) -> str:
    """Say in plain English what a check asserts."""
    is_higher_better = quantity.metric not in names.lower_is_better
    say = partial(describe_quantity, names=names)
    sentence = f"{expect.sentence(Subject(say(quantity), say, is_higher_better))}."
    return f"{sentence} {_warning(expect, warn)}" if warn else sentence


def describe_quantity(quantity: Quantity, names: KnownNames) -> str:
    """Say a quantity in words: ``AUROC (score msp) on ninco against imagenet-val``."""
    known = names.options.get(quantity.metric, {})
    other_sides = {name for name, option in known.items() if option.is_other_side}
    where, options = dict(quantity.where), dict(quantity.options)
    classes = where.pop("classes", None)
    settings = [f"{key.replace('_', ' ')} {value}" for key, value in options.items() if key not in other_sides]
    parts = [names.nouns.get(quantity.metric, quantity.metric.replace("_", " "))]
    parts += [f"({', '.join(settings)})"] if settings else []
    parts += [f"on {quantity.dataset}"]
    parts += [f"against {value}" for key, value in options.items() if key in other_sides]
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
