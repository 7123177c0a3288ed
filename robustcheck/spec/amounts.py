"""Units: a level of a percentage metric is written 45%, a difference 2.0pp, a dimensionless value bare."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, isfinite

from robustcheck.numerals import write_range
from robustcheck.spec.limits import WrittenLimit, find_written_limits
from robustcheck.spec.mistakes import Mistakes, Scope
from robustcheck.spec.names import KnownNames
from robustcheck.spec.source import Loc
from robustcheck.values import UNIT_RANGE, Amount
from robustcheck.values.expectations import KINDS, Limit, parse_amount

# What names the other axis of a line or of a correlation.
_HELD_AGAINST = ("against", "with")
_CURVED = ("probit", "logit")
# A difference without a unit that is as small as this was meant as a fraction: 0.005 is half a point.
_SMALL = 0.05
_WANTED = {"%": "a percentage such as 45%", "pp": "percentage points such as 2.0pp", "": "a bare number such as 0.12"}


def check_units(scope: Scope, kind: str, names: KnownNames, mistakes: Mistakes) -> None:
    """Report limits whose unit does not fit the metric, or whose number makes no sense."""
    data = scope.data
    assert isinstance(data, dict)
    written = data["expect"][kind]
    limits = find_written_limits(kind, written, ("expect", kind))
    check_limits(scope, limits, names, mistakes)
    _refuse_unfailing(scope, limits, names, mistakes)
    if isinstance(written, dict):
        _check_range(scope, written, ("expect", kind), names, mistakes)
        _check_axis(scope, kind, written, names, mistakes)
        _check_like_measured(scope, kind, written, names, mistakes)
        _check_itself(scope, kind, written, mistakes)


def check_limits(scope: Scope, limits: list[WrittenLimit], names: KnownNames, mistakes: Mistakes) -> None:
    """Report limits in a wrong unit, and a low that is not below its high."""
    data = scope.data
    quantity = data.get("measure") if isinstance(data, dict) else None
    for written in limits:
        _check_amount(scope, written.limit, written.value, written.loc, _Scale.of(quantity, names), mistakes)
    _check_order(scope, [(item.value, item.loc) for item in limits if item.limit.role == "level"], mistakes)


def _refuse_unfailing(scope: Scope, limits: list[WrittenLimit], names: KnownNames, mistakes: Mistakes) -> None:
    """Report limits that no value of the metric can break."""
    data = scope.data
    scale = _Scale.of(data.get("measure") if isinstance(data, dict) else None, names)
    if limits and all(_cannot_fail(written, scale) for written in limits):
        summary = f"a limit of {limits[0].value} cannot be broken: the check would pass whatever is measured"
        mistakes.at_value(scope, limits[0].loc, summary, expected="a limit that a worse model breaks")


def _cannot_fail(written: WrittenLimit, scale: _Scale) -> bool:
    amount, limit = _amount(written.value), written.limit
    if amount is None or scale.unit is None or limit.role in ("share", "slope"):
        return False
    if limit.role == "correlation":
        return limit.tighter * amount.value <= -1
    low, high = scale.value_range
    if amount.unit != _wanted(limit, amount, scale.unit):
        return False
    if limit.role == "tolerance":
        # No two values are further apart.
        return limit.tighter < 0 and amount.value == high - low
    return amount.value == (low if limit.tighter > 0 else high)


@dataclass(frozen=True, slots=True)
class _Scale:
    """The unit of a metric (None: it is unknown, and reported), and the least and the largest of its values."""

    unit: str | None
    value_range: tuple[float, float]

    @classmethod
    def of(cls, quantity: object, names: KnownNames) -> _Scale:
        metric = _metric(quantity)
        return cls(names.metrics.get(metric), names.value_ranges.get(metric, UNIT_RANGE))

    def reach(self, limit: Limit) -> tuple[float, float]:
        """Return the least and the largest number that can be meant: of a value, or of a difference of two."""
        low, high = self.value_range
        if self.unit is None:
            return -inf, inf
        return (0.0, high - low) if limit.role == "tolerance" else (low, high)


def _metric(quantity: object) -> str:
    metric = quantity.get("metric") if isinstance(quantity, dict) else None
    return metric if isinstance(metric, str) else ""


def _check_amount(scope: Scope, limit: Limit, value: object, loc: Loc, scale: _Scale, mistakes: Mistakes) -> None:
    amount = _amount(value)
    if amount is None or limit.role == "share":
        return
    wanted, is_level = _wanted(limit, amount, scale.unit), limit.role == "level"
    low, high = scale.reach(limit)
    if limit.role in ("correlation", "slope"):
        _check_number(scope, limit, amount, loc, mistakes)
    elif amount.unit != wanted:
        hint = _rewritten(amount, wanted)
        mistakes.at_value(scope, loc, _wrong_unit(str(value), amount, wanted), expected=_WANTED[wanted], hint=hint)
    elif not low <= amount.value <= high and ((wanted and isfinite(high)) or is_level or amount.value > 0):
        _report_range(scope, loc, value, amount, wanted, (low, high), mistakes)
    elif limit.role == "tolerance" and amount.value < 0:
        mistakes.at_value(scope, loc, f"{value} is negative", expected="a tolerance of 0 or more")


def _report_range(
    scope: Scope, loc: Loc, value: object, amount: Amount, wanted: str, reach: tuple[float, float], mistakes: Mistakes
) -> None:
    """Report a limit that no value can be near: without a unit 5 was surely meant as 5% where 1 is the most."""
    expected = f"{'from ' if isfinite(reach[1]) else ''}{write_range(reach, wanted)}"
    is_hundredth = reach == UNIT_RANGE and not wanted and 1 < amount.value <= 100
    hint = f"did you mean '{amount.value / 100:g}'?" if is_hundredth else ""
    mistakes.at_value(scope, loc, f"{value} is out of range", expected=expected, hint=hint)


def _check_number(scope: Scope, limit: Limit, amount: Amount, loc: Loc, mistakes: Mistakes) -> None:
    """Report a unit on a correlation or a slope, and a number that is out of its range."""
    if amount.unit:
        hint = f"did you mean '{amount.value:g}'?"
        mistakes.at_value(scope, loc, f"{amount} has a unit, which correlations and slopes have not", hint=hint)
    elif limit.role == "slope" and amount.value < 0:
        mistakes.at_value(scope, loc, f"{amount} is negative", expected="a margin of 0 or more")
    elif limit.role == "correlation" and abs(amount.value) > 1:
        mistakes.at_value(scope, loc, f"{amount} is not a correlation", expected="a number from -1 to 1")


def _wanted(limit: Limit, amount: Amount, unit: str | None) -> str:
    if unit is None:
        # The metric is unknown and reported; a level in pp or a tolerance in % is wrong for any.
        unit = "%" if amount.unit else ""
    return "pp" if unit == "%" and limit.role == "tolerance" else unit


def _amount(value: object) -> Amount | None:
    try:
        return parse_amount(value)
    except ValueError:
        return None


def _wrong_unit(text: str, amount: Amount, wanted: str) -> str:
    if not amount.unit:
        return f"{text} has no unit"
    if not wanted:
        return f"{text} has a unit, but the metric has none"
    return f"{text} is a difference" if amount.unit == "pp" else f"{text} is a level, and a tolerance is a difference"


def _rewritten(amount: Amount, wanted: str) -> str:
    if amount.unit and wanted:
        return f"did you mean '{amount.value * 100:g}{wanted}'?"
    if wanted == "pp":
        return f"did you mean '{amount.value if amount.value >= _SMALL else 100 * amount.value:g}pp'?"
    if wanted:
        # 0.45 was surely meant as a fraction, 45 as a percentage; 1 could be either.
        share = amount.value * 100 if 0 < amount.value < 1 else amount.value
        return f"did you mean '{share:g}{wanted}'?"
    return f"did you mean '{amount.value:g}'?"


def _check_range(scope: Scope, written: dict[str, object], loc: Loc, names: KnownNames, mistakes: Mistakes) -> None:
    ends = written.get("x_range")
    scale = _Scale.of(written.get("against"), names)
    if not isinstance(ends, list) or len(ends) != 2:
        return
    places = [(end, (*loc, "x_range", index)) for index, end in enumerate(ends)]
    level = Limit("x_range", "level", 1)
    for end, place in places:
        _check_amount(scope, level, end, place, scale, mistakes)
    _check_order(scope, places, mistakes)


def _check_axis(scope: Scope, kind: str, written: dict[str, object], names: KnownNames, mistakes: Mistakes) -> None:
    """Report an axis that stretches 0 to 1, where the values of a metric leave that range."""
    if "against" not in written or "axis" not in KINDS[kind].model_fields:
        return
    axis, loc = written.get("axis", KINDS[kind].model_fields["axis"].default), ("expect", kind)
    if axis not in _CURVED:
        return
    data = scope.data
    measured = _metric(data.get("measure") if isinstance(data, dict) else None)
    against = [_metric(each) for each in _listed(written["against"])]
    beyond = next((metric for metric in (measured, *against) if metric in names.value_ranges), None)
    if beyond is None:
        return
    summary = f"{axis} axes take values between 0 and 1, which {beyond} leaves"
    report = mistakes.at_value if "axis" in written else mistakes.at_key
    report(scope, (*loc, "axis") if "axis" in written else loc, summary, expected="axis: linear")


def _listed(against: object) -> list[object]:
    """Return what a trend is against: one quantity, or several in a list."""
    return against if isinstance(against, list) else [against]


def _check_itself(scope: Scope, kind: str, written: dict[str, object], mistakes: Mistakes) -> None:
    """Report what is measured where it is held against itself: whatever a model is, it lies on such a line."""
    measured = scope.block(("measure",))
    for key in _HELD_AGAINST:
        against, loc = written.get(key), ("expect", kind, key)
        if measured and against == measured and key != KINDS[kind].like_measured:
            mistakes.at_key(scope, loc, f"{key!r} is what 'measure' is", expected="another quantity of the models")
        for index, each in enumerate(against if isinstance(against, list) else ()):
            if each == measured:
                expected = "other quantities of the model"
                mistakes.at_value(scope, (*loc, index), f"{key!r} lists what 'measure' is", expected=expected)


def _check_like_measured(
    scope: Scope, kind: str, written: dict[str, object], names: KnownNames, mistakes: Mistakes
) -> None:
    """Report two quantities of a model whose values cannot be compared, or that are the same."""
    key = KINDS[kind].like_measured
    than = written.get(key) if key else None
    if not isinstance(scope.data, dict) or not isinstance(than, dict):
        return
    measured, other, loc = _metric(scope.data.get("measure")), _metric(than), ("expect", kind, str(key))
    if than == scope.data.get("measure"):
        mistakes.at_key(scope, loc, f"{key!r} is what 'measure' is", expected="another quantity of the model")
    if measured not in names.metrics or other not in names.metrics:
        return
    (unit, side), (other_unit, other_side) = (_kind_of_value(metric, names) for metric in (measured, other))
    expected = f"a metric such as {measured}: {unit}, {side}"
    if (unit, side) != (other_unit, other_side):
        summary = f"{other} ({other_unit}, {other_side}) cannot be compared with {measured}"
        mistakes.at_value(scope, (*loc, "metric"), summary, expected=expected)


def _kind_of_value(metric: str, names: KnownNames) -> tuple[str, str]:
    unit = "in %" if names.metrics[metric] == "%" else "without a unit"
    return unit, "lower is better" if metric in names.lower_is_better else "higher is better"


def _check_order(scope: Scope, ends: list[tuple[object, Loc]], mistakes: Mistakes) -> None:
    amounts = [_amount(value) for value, _ in ends]
    if len(amounts) != 2 or amounts[0] is None or amounts[1] is None or amounts[0].unit != amounts[1].unit:
        return
    if amounts[0].value >= amounts[1].value:
        summary = f"the low end {ends[0][0]} is not below the high end {ends[1][0]}"
        mistakes.at_value(scope, ends[0][1], summary, expected="the smaller number first")
