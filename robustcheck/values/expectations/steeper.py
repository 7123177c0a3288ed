"""The expectation steeper."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from robustcheck.values.expectations.about_groups import (
    AGAINST,
    AXIS,
    MORE_THAN,
    NO_MARGIN,
    GroupExpectation,
    GroupLine,
)
from robustcheck.values.expectations.base import Limit, Needs
from robustcheck.values.expectations.fields import AmountField, AxisName, FacetQuery, QuantityModel, QueryField
from robustcheck.values.expectations.phrases import Subject, by_margin, more_than, on_axes


class Steeper(GroupExpectation):
    """The line through one group of models rises faster than that through another."""

    kind = "steeper"
    limits = (Limit("margin", "slope", 1),)
    like_measured = "more_than"
    example = (
        "expect:\n"
        "  steeper:\n"
        "    steeper: {architecture: cnn}\n"
        "    than: {architecture: vit}\n"
        "    against: {metric: top1, dataset: imagenet-val}\n"
        "    population: timm"
    )

    steeper: QueryField = Field(description="The models whose line is said to be steeper, as facets.")
    than: QueryField = Field(description="The models whose line it is compared with.")
    against: QuantityModel = Field(description=AGAINST)
    axis: AxisName = Field(default="linear", description=AXIS)
    margin: AmountField = Field(
        default=NO_MARGIN, description="By how much at least, a difference of slopes such as 0.1; default: by any."
    )

    by: Literal["slope", "tan_delta"] = Field(
        default="slope",
        description="How two lines are compared: by the difference of their slopes, or by tan(delta), the tangent of "
        "the angle between them.",
    )
    more_than: QuantityModel | None = Field(default=None, description=MORE_THAN)

    @property
    def needs(self) -> Needs:
        """The x of each model, and the quantity in which the lines are said to differ less."""
        return Needs(other=self.against, before=self.more_than)

    @property
    def queries(self) -> tuple[FacetQuery, ...]:
        """The steeper group, then the other."""
        return self.steeper, self.than

    @property
    def drawn_line(self) -> GroupLine:
        """The line that is said to be steeper."""
        return GroupLine(0, self.against, self.axis)

    def assertion(self, subject: Subject) -> str:
        """Say what must be true, without a full stop."""
        first, second = self.names
        return (
            f"{subject.label} rises {by_margin(self.margin)}more steeply with {subject.says(self.against)} "
            f"for {first} than for {second}{on_axes(self.axis, 'linear')}{self._measure_of_angles()}"
            f"{more_than(self.more_than, subject)}"
        )

    def _measure_of_angles(self) -> str:
        return " by tan(delta)" if self.by == "tan_delta" else ""
