"""The expectation group_above."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from robustcheck.values import Amount
from robustcheck.values.expectations.about_groups import MORE_THAN, ResidualExpectation
from robustcheck.values.expectations.base import Limit, Needs
from robustcheck.values.expectations.fields import AmountField, FacetQuery, QuantityModel, QueryField
from robustcheck.values.expectations.phrases import Subject, by_margin, more_than, on_axes, within


class GroupAbove(ResidualExpectation):
    """One group of models is better than another, in its mean value or in its mean distance from the other's line."""

    kind = "group_above"
    limits = (Limit("margin", "tolerance", 1), Limit("keeps", "tolerance", -1))
    like_measured = "more_than"
    example = (
        "expect:\n"
        "  group_above:\n"
        "    higher: {source: laion}\n"
        "    lower: {source: wit}\n"
        "    by: residual\n"
        "    against: {metric: top1, dataset: imagenet-val}\n"
        "    population: openclip\n"
        "warn: {margin: 1.0pp}"
    )

    higher: QueryField = Field(description="The models that are said to be better, as facets: {source: laion}.")
    lower: QueryField = Field(description="The models that they are compared with, as facets: {source: openai}.")
    line: Literal["lower", "higher"] | None = Field(
        default=None, description="The group that by: residual draws the line through; default: lower."
    )

    reach: AmountField = Field(
        default=Amount(0.01, "pp"), description="How far apart the x of like models may lie, for by: local."
    )

    more_than: QuantityModel | None = Field(default=None, description=MORE_THAN)

    @property
    def needs(self) -> Needs:
        """The x of each model, where residuals are compared, and the quantity in which less is asked for."""
        return Needs(other=self.against, before=self.more_than)

    @property
    def queries(self) -> tuple[FacetQuery, ...]:
        """The better group, then the other."""
        return self.higher, self.lower

    @property
    def fitted_group(self) -> int:
        """The place of the group that the line goes through: the first where it is the better one."""
        return 0 if self.is_line_of_higher else 1

    @property
    def is_line_of_higher(self) -> bool:
        """Whether the line goes through the better group, and the other's distance from it counts."""
        return self.line == "higher"

    def assertion(self, subject: Subject) -> str:
        """Say what must be true, without a full stop."""
        return f"{self._comparison(subject)}{more_than(self.more_than, subject)}"

    def _comparison(self, subject: Subject) -> str:
        higher, lower = self.names
        if self.against is None:
            return f"mean {subject.label} of {higher} is {self._place(subject.better)} that of {lower}"
        if self.by == "local":
            x = subject.says(self.against)
            place = self._place(subject.better)
            return f"{subject.label} of {higher} is, in the mean, {place} that of {lower} with {x} alike"
        apart, fitted, side = (
            (lower, higher, subject.worse) if self.is_line_of_higher else (higher, lower, subject.better)
        )
        line = f"the line of {fitted} against {subject.says(self.against)}{on_axes(self.axis)}"
        return f"{subject.label} of {apart} lies, in the mean, {self._place(side)} {line}"

    def _place(self, side: str) -> str:
        return f"{by_margin(self.margin)}{side}" if self.keeps is None else within(self.keeps)

    @model_validator(mode="after")
    def _line_of_a_residual(self) -> Self:
        if self.by != "residual" and self.line is not None:
            raise ValueError("'line' is for by: residual; a comparison of values has no line")
        if self.by != "local" and "reach" in self.model_fields_set:
            raise ValueError("'reach' is for by: local, which compares models whose x is alike")
        return self
