"""The expectation correlates."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from robustcheck.values.expectations.about_groups import GroupExpectation
from robustcheck.values.expectations.base import Limit, Needs
from robustcheck.values.expectations.fields import AmountField, QuantityModel
from robustcheck.values.expectations.phrases import Subject


class Correlates(GroupExpectation):
    """Two quantities go together over the models."""

    kind = "correlates"
    limits = (Limit("at_least", "correlation", 1), Limit("at_most", "correlation", -1))
    least_models = 3
    example = "expect: {correlates: {with: {metric: top1, dataset: imagenet-val}, at_least: 0.8, population: openclip}}"

    with_: QuantityModel = Field(alias="with", description="The other quantity.")
    method: Literal["spearman", "pearson"] = Field(
        default="spearman", description="The correlation: of the ranks, or of the values."
    )
    at_least: AmountField | None = Field(default=None, description="The smallest correlation, from -1 to 1.")
    at_most: AmountField | None = Field(default=None, description="The largest correlation, from -1 to 1.")

    @property
    def needs(self) -> Needs:
        """The other quantity of each model."""
        return Needs(other=self.with_)

    def assertion(self, subject: Subject) -> str:
        """Say what must be true, without a full stop."""
        limit = f"at least {self.at_least}" if self.at_least is not None else f"at most {self.at_most}"
        method = f"{self.method.capitalize()}'s correlation"
        return f"{method} of {subject.label} with {subject.says(self.with_)} over the models is {limit}"

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("give exactly one of at_least (such as 0.8) and at_most (such as 0.2)")
        return self
