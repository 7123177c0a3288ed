"""The expectation reproduces."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from robustcheck.values.expectations.base import Expectation, Limit, Needs, PublishedFigure
from robustcheck.values.expectations.fields import AmountField, Names
from robustcheck.values.expectations.phrases import Subject


class Reproduces(Expectation):
    """A live measurement agrees with the published figure."""

    kind = "reproduces"
    limits = (Limit("within", "tolerance", -1),)
    example = "expect: {reproduces: {within: 0.5pp, population: openclip}}"

    within: AmountField = Field(description="How far the two may lie apart, in points: 0.5pp.")
    population: Annotated[str | None, Names("population")] = Field(
        default=None, description="The table that holds the published figure; default: every shipped table."
    )

    @property
    def needs(self) -> Needs:
        """The published figure of the measured value."""
        return Needs(figure=PublishedFigure(self.population))

    def assertion(self, subject: Subject) -> str:
        """Say what must be true, without a full stop."""
        table = f" in {self.population}" if self.population else ""
        return f"{subject.label}, measured live, lies within {self.within} of the figure published{table}"
