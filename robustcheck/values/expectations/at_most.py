"""The expectation at_most."""

from __future__ import annotations

from pydantic import Field

from robustcheck.values.expectations.base import Expectation, Limit
from robustcheck.values.expectations.fields import AmountField
from robustcheck.values.expectations.phrases import Subject


class AtMost(Expectation):
    """The value is at most the limit. Of a metric where higher is better, a pass is a warning."""

    kind = "at_most"
    limits = (Limit("limit", "level", -1),)
    shorthand = ("limit",)
    example = "expect: {at_most: 90%}\nwarn: 80%"

    limit: AmountField = Field(description="The largest value that is good enough.")

    def assertion(self, subject: Subject) -> str:
        """Say what must be true, without a full stop."""
        return f"{subject.label} is at most {self.limit}"
