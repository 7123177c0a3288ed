"""The expectation between."""

from __future__ import annotations

from pydantic import Field

from robustcheck.values.expectations.base import Expectation, Limit
from robustcheck.values.expectations.fields import AmountField
from robustcheck.values.expectations.phrases import Subject


class Between(Expectation):
    """The value lies between two limits."""

    kind = "between"
    limits = (Limit("low", "level", 1), Limit("high", "level", -1))
    shorthand = ("low", "high")
    example = "expect: {between: [40%, 60%]}\nwarn: {low: 45%}"

    low: AmountField = Field(description="The smallest value that is good enough.")
    high: AmountField = Field(description="The largest value that is good enough.")

    def assertion(self, subject: Subject) -> str:
        """Say what must be true, without a full stop."""
        return f"{subject.label} lies between {self.low} and {self.high}"
