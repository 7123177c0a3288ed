"""The expectation on_trend."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from robustcheck.listing import name_all, name_any
from robustcheck.values import Amount
from robustcheck.values.expectations.base import Expectation, Limit, Needs, PopulationLine
from robustcheck.values.expectations.fields import (
    AmountField,
    AxisName,
    Names,
    QuantityModel,
    QueryField,
    ShareField,
    exactly_one,
)
from robustcheck.values.expectations.phrases import Subject, share_text


def _check_several(against: QuantityModel | list[QuantityModel]) -> QuantityModel | list[QuantityModel]:
    if isinstance(against, QuantityModel):
        return against
    if len(against) < 2:
        raise ValueError("expected one quantity without a dash, or a list of two or more")
    names = [each.quantity().label for each in against]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise ValueError(f"'against' lists {twice} twice: it can say nothing beside itself")
    return against


class OnTrend(Expectation):
    """The value lies on the line that a population of other models follows."""

    model_config = ConfigDict(json_schema_extra=exactly_one("allowed_below", "within"))

    kind = "on_trend"
    limits = (Limit("allowed_below", "tolerance", -1), Limit("within", "share", -1))
    example = (
        "expect:\n"
        "  on_trend:\n"
        "    population: openclip\n"
        "    against: {metric: top1, dataset: imagenet-val}\n"
        "    allowed_below: 2.0pp\n"
        "warn: {allowed_below: 1.0pp}"
    )

    population: Annotated[str, Names("population")] = Field(
        description="A population that ships with the package, or a CSV of the same form."
    )
    against: Annotated[QuantityModel | list[QuantityModel], AfterValidator(_check_several)] = Field(
        description="The quantity on the x axis; or a list of two or more, over which the trend is a plane."
    )
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
    axis: AxisName = Field(
        default="probit",
        description="The transform of both axes in which the line is fitted; linear where values leave 0 to 1.",
    )

    @property
    def all_against(self) -> tuple[QuantityModel, ...]:
        """The quantities that the trend is against: one, or several."""
        return (self.against,) if isinstance(self.against, QuantityModel) else tuple(self.against)

    @property
    def needs(self) -> Needs:
        """The model's own x, and the line of the population."""
        first, *further = self.all_against
        line = PopulationLine(self.population, self.among, self.all_against, self.axis, self.x_range)
        return Needs(other=first, further=tuple(further), line=line)

    @property
    def allowed_loss(self) -> Amount | None:
        """How far on the worse side of the line a model may lie."""
        return self.allowed_below

    def assertion(self, subject: Subject) -> str:
        """Say what must be true, without a full stop."""
        if self.within is None:
            place = f"at most {self.allowed_below} {subject.worse}"
        else:
            place = f"inside the {share_text(self.within)} prediction band of"
        against = name_all([subject.says(each) for each in self.all_against])
        together = " together" if len(self.all_against) > 1 else ""
        trend = f"the {self.population} trend{self._narrowed()} against {against}{together}"
        return f"{subject.label} lies {place} {trend}{self._fitted()}"

    def _narrowed(self) -> str:
        facets = [f"{name} {name_any(values)}" for name, values in self.among.items()]
        return f" (among {', '.join(facets)})" if facets else ""

    def _fitted(self) -> str:
        parts = [f"on {self.axis} axes"] if self.axis != "probit" else []
        if self.x_range:
            parts.append(f"fitted where that lies between {self.x_range[0]} and {self.x_range[1]}")
        return "".join(f", {part}" for part in parts)

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if (self.allowed_below is None) == (self.within is None):
            raise ValueError("give exactly one of allowed_below (such as 2.0pp) and within (such as 95%)")
        if self.x_range is not None and len(self.all_against) > 1:
            raise ValueError("x_range is of one quantity: narrow `among` instead where 'against' lists several")
        return self
