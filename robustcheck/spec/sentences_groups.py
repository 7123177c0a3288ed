"""The sentences of checks about groups of models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from robustcheck.values import Amount, Quantity
from robustcheck.values.expectations import (
    Correlates,
    GroupAbove,
    GroupExpectation,
    Improves,
    QuantityModel,
    SameTrend,
    Steeper,
)


@dataclass(frozen=True, slots=True)
class GroupSubject:
    """What a sentence about groups speaks of: the measured quantity, how to say one, and where better lies."""

    label: str
    describe: Callable[[Quantity], str]
    is_higher_better: bool

    @property
    def better(self) -> str:
        """The side on which a better value lies."""
        return "above" if self.is_higher_better else "below"

    @property
    def worse(self) -> str:
        """The side on which a worse value lies."""
        return "below" if self.is_higher_better else "above"

    def says(self, quantity: QuantityModel) -> str:
        """Describe another quantity."""
        return self.describe(quantity.quantity())


def group_sentence(subject: GroupSubject, expect: GroupExpectation) -> str:
    """Say what a check about groups asserts, without its full stop."""
    return f"{_SENTENCES[type(expect)](subject, expect)}{_whose(expect)}"


def _group_above(subject: GroupSubject, expect: GroupAbove) -> str:
    higher, lower = expect.names
    if expect.against is None:
        return f"mean {subject.label} of {higher} is {_by(expect.margin)}{subject.better} that of {lower}"
    apart, fitted, side = (
        (lower, higher, subject.worse) if expect.is_line_of_higher else (higher, lower, subject.better)
    )
    line = f"the line of {fitted} against {subject.says(expect.against)}{_axes(expect.axis)}"
    return f"{subject.label} of {apart} lies, in the mean, {_by(expect.margin)}{side} {line}"


def _correlates(subject: GroupSubject, expect: Correlates) -> str:
    limit = f"at least {expect.at_least}" if expect.at_least is not None else f"at most {expect.at_most}"
    method = f"{expect.method.capitalize()}'s correlation"
    return f"{method} of {subject.label} with {subject.says(expect.other_quantity)} over the models is {limit}"


def _steeper(subject: GroupSubject, expect: Steeper) -> str:
    first, second = expect.names
    return (
        f"{subject.label} rises {_by(expect.margin)}more steeply with {subject.says(expect.against)} "
        f"for {first} than for {second}{_axes(expect.axis, 'linear')}"
    )


def _same_trend(subject: GroupSubject, expect: SameTrend) -> str:
    *names, last = expect.names
    return (
        f"the lines of {subject.label} against {subject.says(expect.against)} of {', '.join(names)} and of {last} "
        f"lie nowhere more than {expect.within} apart{_axes(expect.axis)}"
    )


def _improves(subject: GroupSubject, expect: Improves) -> str:
    what = f"{subject.label} is {_by(expect.margin)}better"
    if expect.than is not None:
        return f"{what}, in the mean, than {subject.says(expect.than)} of the same model"
    if expect.against is not None:
        what += f" against the line of the models before, over {subject.says(expect.against)}{_axes(expect.axis)},"
    if expect.pairs is not None:
        return f"{what} after than before, in the pairs of {expect.pairs}"
    before, after = expect.names
    return f"{what} for {after} than for {before}, in pairs of equal {' and '.join(expect.match)}"


_SENTENCES: Mapping[type[GroupExpectation], Callable[[GroupSubject, Any], str]] = {
    GroupAbove: _group_above,
    Correlates: _correlates,
    Steeper: _steeper,
    SameTrend: _same_trend,
    Improves: _improves,
}


def _by(margin: Amount) -> str:
    return f"at least {margin} " if margin.value else ""


def _axes(axis: str, plain: str = "probit") -> str:
    return f" on {axis} axes" if axis != plain else ""


def _whose(expect: GroupExpectation) -> str:
    """Say which models are meant, and which of them."""
    where = f"in {' and '.join(expect.populations)}" if expect.populations else "over the models of the run"
    among = f", among {expect.among_words}" if expect.among else ""
    span = f", where x lies between {expect.x_range[0]} and {expect.x_range[1]}" if expect.x_range else ""
    return f" ({where}{among}{span})"
