"""The expectation improves."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from robustcheck.values.expectations.about_groups import Pairing, ResidualExpectation
from robustcheck.values.expectations.base import Limit, Needs
from robustcheck.values.expectations.fields import FacetQuery, Names, QuantityModel, QueryField, ShareField
from robustcheck.values.expectations.phrases import Subject, by_margin, on_axes, query_words, share_text


class Improves(ResidualExpectation):
    """Models are better after something than before it, in matched pairs; or measured in one way than in another."""

    kind = "improves"
    limits = (Limit("margin", "tolerance", 1), Limit("keeps", "tolerance", -1), Limit("share", "share", 1))
    like_measured = "than"
    example = (
        "expect: {improves: {before: {source: wit}, after: {source: laion}, match: [backbone], population: openclip}}"
    )

    before: QueryField | None = Field(default=None, description="The models before, as facets: {finetuned: no}.")
    after: QueryField | None = Field(default=None, description="The models after.")
    match: Annotated[list[str], Names("facets")] = Field(
        default_factory=list,
        description="Facets that are equal within a pair, such as [backbone]; several models with the same ones "
        "count with their mean.",
    )
    pairs: Annotated[str | None, Names("pairs")] = Field(
        default=None, description="In place of before, after and match: a CSV file with the columns before, after."
    )
    than: QuantityModel | None = Field(
        default=None,
        description="In place of pairs of models: another quantity of each model, which `measure` is better than; "
        "with other prompts, options or transform, for example.",
    )
    than_against: QuantityModel | None = Field(
        default=None,
        description="What is on the x axis of `than`, for by: residual; default: what is on that of `measure`.",
    )

    every: bool = Field(
        default=False,
        description="Every pair is better by the margin, not the mean: for claims that say consistently, all, every.",
    )
    share: ShareField | None = Field(
        default=None,
        description="The share of families of pairs that is better by the margin, at least, such as 80%: for claims "
        "that say mostly or generally.",
    )
    line_of: QueryField | None = Field(
        default=None, description="The models that draw the line of by: residual, as facets; default: those before."
    )

    @property
    def needs(self) -> Needs:
        """The quantities that each model is also measured in: the one on the x axis, and the same before."""
        has_line_before = self.than is not None and self.against is not None
        return Needs(self.against, self.than, (self.than_against or self.against) if has_line_before else None)

    @property
    def queries(self) -> tuple[FacetQuery, ...]:
        """The models before, then those after; none where a file names the pairs."""
        return () if self.before is None or self.after is None else (self.before, self.after)

    @property
    def line_query(self) -> FacetQuery | None:
        """The query of the models that draw the line, where these are not the models before."""
        return self.line_of

    @property
    def fitted_group(self) -> int:
        """The place of the group that the line goes through."""
        return 0 if self.line_of is None else 2

    @property
    def judges_each_pair(self) -> bool:
        """With `every`."""
        return self.every

    @property
    def pairing(self) -> Pairing:
        """By facets, by a file, or each model with itself."""
        return Pairing(tuple(self.match), self.pairs, self.than is not None)

    def assertion(self, subject: Subject) -> str:
        """Say what must be true, without a full stop."""
        what = f"{subject.label} {self._verb()}{self._of_a_line(subject)}"
        if self.than is not None:
            return f"{what} {self._than()} {subject.says(self.than)} of the same model"
        if self.pairs is not None:
            return f"{what} after {self._than()} before, in the pairs of {self.pairs}"
        before, after = self.names
        return f"{what} for {after} {self._than()} for {before}, in pairs of equal {' and '.join(self.match)}"

    def _verb(self) -> str:
        if self.keeps is not None:
            return f"is within {self.keeps}, in the mean,"
        return f"is {by_margin(self.margin)}better{self._how_many()}"

    def _than(self) -> str:
        if self.keeps is None:
            return "than"
        return "of" if self.than is not None else "and"

    def _of_a_line(self, subject: Subject) -> str:
        if self.against is None:
            return ""
        line = f"{subject.says(self.against)}{on_axes(self.axis)}"
        whose = "the models before" if self.line_of is None else query_words(self.line_of)
        return f" against the line of {whose}, over {line},"

    def _how_many(self) -> str:
        if self.every:
            return " in every pair"
        if self.share is not None:
            return f" in {share_text(self.share)} of the families at least"
        return ", in the mean," if self.than is not None else ""

    @model_validator(mode="after")
    def _one_statement(self) -> Self:
        if self.every and self.share is not None:
            raise ValueError("every and share are two claims: give one of them")
        if self.keeps is not None and (self.every or self.share is not None):
            raise ValueError("keeps is about the mean of the pairs: leave out every and share")
        if self.by != "value" and (self.every or self.share is not None):
            raise ValueError("every and share compare values: leave out by: residual")
        if self.by == "local":
            raise ValueError("by: local is for group_above; pairs are alike by what they match")
        if self.line_of is not None and self.by != "residual":
            raise ValueError("line_of is for by: residual; a comparison of values has no line")
        return self

    @model_validator(mode="after")
    def _one_way_to_pair(self) -> Self:
        by_facets = (self.before is not None, self.after is not None, bool(self.match))
        if self.pairs is None and self.than is None and not all(by_facets):
            raise ValueError(
                "give before, after and match (such as [backbone]), or pairs (a CSV file), or than (a quantity)"
            )
        if self.pairs is not None and any(by_facets):
            raise ValueError("pairs (a CSV file) stands alone: leave out before, after and match")
        if self.than is not None and (self.pairs is not None or any(by_facets)):
            raise ValueError("than pairs each model with itself: leave out before, after, match and pairs")
        return self

    @model_validator(mode="after")
    def _one_model_in_two_ways(self) -> Self:
        if self.than is not None and self.x_range is not None:
            raise ValueError("than compares a model with itself, whatever its x: leave out x_range")
        if self.than is not None and self.line_of is not None:
            raise ValueError("than draws the line of the models before: leave out line_of")
        if self.than_against is not None and (self.than is None or self.against is None):
            raise ValueError("than_against is the x of than, for by: residual with against")
        return self
