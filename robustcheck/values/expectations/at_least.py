"""The expectation at_least."""

from __future__ import annotations

from pydantic import Field

from robustcheck.values.expectations.base import Expectation, Limit
from robustcheck.values.expectations.fields import AmountField
from robustcheck.values.expectations.phrases import Subject


class AtLeast(Expectation):
    """The value is at least the limit. Of a metric where lower is better, a pass is a warning."""

    kind = "at_least"
    limits = (Limit("limit", "level", 1),)
    shorthand = ("limit",)
    example = "expect: {at_least: 45%}\nwarn: 50%"

    limit: AmountField = Field(description="The smallest value that is good enough.")

    def assertion(self, subject: Subject) -> str:
        """Say what must be true, without a full stop."""
        return f"{subject.label} is at least {self.limit}"
