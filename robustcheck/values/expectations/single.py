"""Expectations about one model."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from robustcheck.values.expectations.fields import AmountField, QuantityModel, QueryField, ShareField


class Expectation(BaseModel):
    """What must be true of a model; each kind is a subclass with one judge function."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @property
    def other_quantity(self) -> QuantityModel | None:
        """The quantity on the other axis, measured of the same models, where there is one."""
        return None


class AtLeast(Expectation):
    """The value is at least the limit."""

    limit: AmountField = Field(description="The smallest value that is good enough.")


class AtMost(Expectation):
    """The value is at most the limit."""

    limit: AmountField = Field(description="The largest value that is good enough.")


class Between(Expectation):
    """The value lies between two limits."""

    low: AmountField = Field(description="The smallest value that is good enough.")
    high: AmountField = Field(description="The largest value that is good enough.")


class OnTrend(Expectation):
    """The value lies on the line that a population of other models follows."""

    population: str = Field(description="A population that ships with the package, or a CSV of the same form.")
    against: QuantityModel = Field(description="The quantity on the x axis.")
    allowed_below: AmountField | None = Field(
        default=None,
        description="How far on the worse side of the line a model may lie: 2.0pp; below it, or above it where "
        "a lower value is better.",
    )
    within: ShareField | None = Field(
        default=None, description="The prediction band that a model must lie in, such as 95%."
    )
    among: QueryField = Field(
        default_factory=dict, description="Facets that narrow the population, such as {source: laion}."
    )
    x_range: tuple[AmountField, AmountField] | None = Field(
        default=None, description="Fit only members whose x lies in this range, such as [50%, 90%]."
    )
    axis: Literal["probit", "logit", "linear"] = Field(
        default="probit",
        description="The transform of both axes in which the line is fitted; linear where values leave 0 to 1.",
    )

    @property
    def other_quantity(self) -> QuantityModel:
        """The quantity on the x axis."""
        return self.against

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if (self.allowed_below is None) == (self.within is None):
            raise ValueError("give exactly one of allowed_below (such as 2.0pp) and within (such as 95%)")
        return self


class NoWorseThan(Expectation):
    """The value is no worse than a baseline run's, or than another model's."""

    baseline: str | None = Field(default=None, description="A blessed run: robustcheck bless RUN --as NAME.")
    model: str | None = Field(default=None, description="Another model's reference.")
    allowed_drop: AmountField = Field(
        description="How much worse is still accepted: 0.5pp; a drop, or a rise where a lower value is better."
    )

    @model_validator(mode="after")
    def _one_reference(self) -> Self:
        if (self.baseline is None) == (self.model is None):
            raise ValueError("give exactly one of baseline and model")
        return self


class Reproduces(Expectation):
    """A live measurement agrees with the published figure."""

    within: AmountField = Field(description="How far the two may lie apart, in points: 0.5pp.")
    population: str | None = Field(
        default=None, description="The table that holds the published figure; default: every shipped table."
    )
