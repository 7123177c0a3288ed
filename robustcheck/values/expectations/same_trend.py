"""The expectation same_trend."""

from __future__ import annotations

from pydantic import Field

from robustcheck.values.expectations.about_groups import AGAINST, AXIS, GroupExpectation, GroupLine
from robustcheck.values.expectations.base import Limit, Needs
from robustcheck.values.expectations.fields import AmountField, AxisName, FacetQuery, QuantityModel, QueryField
from robustcheck.values.expectations.phrases import Subject, on_axes


class SameTrend(GroupExpectation):
    """Groups of models follow one line: theirs lie nowhere further apart than a margin."""

    kind = "same_trend"
    limits = (Limit("within", "tolerance", -1),)
    example = (
        "expect:\n"
        "  same_trend:\n"
        "    groups: [{source: laion}, {source: wit}]\n"
        "    against: {metric: top1, dataset: imagenet-val}\n"
        "    within: 2.0pp\n"
        "    population: openclip\n"
        "expect_finding: fails"
    )

    groups: list[QueryField] = Field(
        min_length=2, description="Two or more groups, each as facets: [{source: laion}, {source: datacomp}]."
    )
    against: QuantityModel = Field(description=AGAINST)
    within: AmountField = Field(
        description="How far apart their lines may lie, anywhere on the x that they have in common: 2.0pp."
    )
    axis: AxisName = Field(default="probit", description=AXIS)

    @property
    def needs(self) -> Needs:
        """The x of each model."""
        return Needs(other=self.against)

    @property
    def queries(self) -> tuple[FacetQuery, ...]:
        """The groups, as written."""
        return tuple(self.groups)

    @property
    def drawn_line(self) -> GroupLine:
        """The line of the first group."""
        return GroupLine(0, self.against, self.axis)

    def assertion(self, subject: Subject) -> str:
        """Say what must be true, without a full stop."""
        *names, last = self.names
        return (
            f"the lines of {subject.label} against {subject.says(self.against)} of {', '.join(names)} and of {last} "
            f"lie nowhere more than {self.within} apart{on_axes(self.axis)}"
        )
