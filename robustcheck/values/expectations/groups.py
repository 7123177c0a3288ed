"""Expectations about groups of models: one item each, judged over the models."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, WithJsonSchema, model_validator

from robustcheck.listing import name_any
from robustcheck.values import Amount
from robustcheck.values.expectations.fields import AmountField, QuantityModel, QueryField
from robustcheck.values.expectations.single import Expectation

Query = dict[str, str | list[str]]
AxisField = Literal["probit", "logit", "linear"]
By = Literal["value", "residual"]
Line = Literal["lower", "higher"]
PopulationField = Annotated[
    str | list[str],
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]

_NO_MARGIN = Amount(0.0, "")
_X_RANGE = "Keep only models whose x lies in this range, such as [50%, 90%]."
_AXIS = "The transform of both axes in which lines are fitted; linear where values leave 0 to 1."
_AGAINST = "The quantity on the x axis."


def query_words(query: Query) -> str:
    """Say a facet query in words.

    >>> query_words({"source": ["laion", "wit"], "samples": ">=1e9", "size": "!=test"})
    'source laion or wit and samples >=1e9 and size not test'
    """
    return " and ".join(f"{facet} {_alternatives(values)}" for facet, values in query.items())


def _alternatives(values: str | list[str]) -> str:
    texts = values.split("|") if isinstance(values, str) else values
    words = name_any([text.strip() for text in texts])
    return f"not {words.removeprefix('!=').strip()}" if words.startswith("!=") else words


class GroupExpectation(Expectation):
    """What must be true of groups of models, judged once over all of them."""

    population: PopulationField | None = Field(
        default=None,
        description="The models whose published figures are judged: a population that ships, a CSV of the same "
        "form, or a list of these; default: the models of the run, each measured.",
    )
    among: QueryField = Field(
        default_factory=dict, description="Facets that every model must have, such as {architecture: vit}."
    )
    x_range: tuple[AmountField, AmountField] | None = Field(default=None, description=_X_RANGE)

    @property
    def queries(self) -> tuple[Query, ...]:
        """The queries of the groups, in the order in which they are compared; none where all models are one group."""
        return ()

    @property
    def words(self) -> str:
        """The groups in words."""
        return ", ".join(self.names) or "all models"

    @property
    def names(self) -> tuple[str, ...]:
        """Each group in words."""
        return tuple(query_words(query) for query in self.queries)

    @property
    def among_words(self) -> str:
        """The facets that every model has, in words."""
        return query_words(self.among)

    @property
    def populations(self) -> tuple[str, ...]:
        """The populations whose figures are judged; none where the run's models are."""
        if self.population is None:
            return ()
        return (self.population,) if isinstance(self.population, str) else tuple(self.population)

    @model_validator(mode="after")
    def _range_of_something(self) -> Self:
        if self.x_range is not None and self.other_quantity is None:
            raise ValueError("x_range needs an x axis: give against, such as {metric: top1, dataset: imagenet-val}")
        return self


class _Residual(GroupExpectation):
    by: By = Field(
        default="value",
        description="What is compared: the value itself, or the residual, its distance from a line against x.",
    )
    against: QuantityModel | None = Field(default=None, description=f"{_AGAINST} Needed by: residual.")
    axis: AxisField = Field(default="probit", description=_AXIS)
    margin: AmountField = Field(default=_NO_MARGIN, description="By how much at least: 1.0pp; default: by anything.")

    @property
    def other_quantity(self) -> QuantityModel | None:
        """The quantity on the x axis."""
        return self.against

    @model_validator(mode="after")
    def _x_of_a_residual(self) -> Self:
        if self.by == "residual" and self.against is None:
            raise ValueError("by: residual needs 'against', the quantity on the x axis")
        if self.by == "value" and self.against is not None:
            raise ValueError("'against' is for by: residual; a value is compared as it is")
        return self


class GroupAbove(_Residual):
    """One group of models is better than another, in its mean value or in its mean distance from the other's line."""

    higher: QueryField = Field(description="The models that are said to be better, as facets: {source: laion}.")
    lower: QueryField = Field(description="The models that they are compared with.")
    line: Line | None = Field(
        default=None, description="The group that by: residual draws the line through; default: lower."
    )

    @property
    def queries(self) -> tuple[Query, ...]:
        """The better group, then the other."""
        return self.higher, self.lower

    @property
    def is_line_of_higher(self) -> bool:
        """Whether the line goes through the better group, and the other's distance from it counts."""
        return self.line == "higher"

    @model_validator(mode="after")
    def _line_of_a_residual(self) -> Self:
        if self.by == "value" and self.line is not None:
            raise ValueError("'line' is for by: residual; between values there is no line")
        return self


class Correlates(GroupExpectation):
    """Two quantities go together over the models."""

    with_: QuantityModel = Field(alias="with", description="The other quantity.")
    method: Literal["spearman", "pearson"] = Field(
        default="spearman", description="The correlation: of the ranks, or of the values."
    )
    at_least: AmountField | None = Field(default=None, description="The smallest correlation, from -1 to 1.")
    at_most: AmountField | None = Field(default=None, description="The largest correlation, from -1 to 1.")

    @property
    def other_quantity(self) -> QuantityModel:
        """The other quantity."""
        return self.with_

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("give exactly one of at_least (such as 0.8) and at_most (such as 0.2)")
        return self


class Steeper(GroupExpectation):
    """The line through one group of models rises faster than that through another."""

    steeper: QueryField = Field(description="The models whose line is said to be steeper, as facets.")
    than: QueryField = Field(description="The models whose line it is compared with.")
    against: QuantityModel = Field(description=_AGAINST)
    axis: AxisField = Field(default="linear", description=_AXIS)
    margin: AmountField = Field(
        default=_NO_MARGIN, description="By how much at least, a difference of slopes such as 0.1; default: by any."
    )

    @property
    def other_quantity(self) -> QuantityModel:
        """The quantity on the x axis."""
        return self.against

    @property
    def queries(self) -> tuple[Query, ...]:
        """The steeper group, then the other."""
        return self.steeper, self.than


class SameTrend(GroupExpectation):
    """Groups of models follow one line: theirs lie nowhere further apart than a margin."""

    groups: list[QueryField] = Field(
        min_length=2, description="Two or more groups, each as facets: [{source: laion}, {source: datacomp}]."
    )
    against: QuantityModel = Field(description=_AGAINST)
    within: AmountField = Field(
        description="How far apart their lines may lie, anywhere on the x that they have in common: 2.0pp."
    )
    axis: AxisField = Field(default="probit", description=_AXIS)

    @property
    def other_quantity(self) -> QuantityModel:
        """The quantity on the x axis."""
        return self.against

    @property
    def queries(self) -> tuple[Query, ...]:
        """The groups, as written."""
        return tuple(self.groups)


class Improves(_Residual):
    """Models are better after something than before it, in matched pairs; or measured in one way than in another."""

    before: QueryField | None = Field(default=None, description="The models before, as facets: {finetuned: no}.")
    after: QueryField | None = Field(default=None, description="The models after.")
    match: list[str] = Field(
        default_factory=list,
        description="Facets that are equal within a pair, such as [backbone]; several models with the same ones "
        "count with their mean.",
    )
    pairs: str | None = Field(
        default=None, description="In place of before, after and match: a CSV file with the columns before, after."
    )
    than: QuantityModel | None = Field(
        default=None,
        description="In place of pairs of models: another quantity of each model, which `measure` is better than; "
        "with other prompts, options or transform, for example.",
    )

    @property
    def other_quantity(self) -> QuantityModel | None:
        """The quantity that each model is also measured in: the one before, or the one on the x axis."""
        return self.than or self.against

    @property
    def queries(self) -> tuple[Query, ...]:
        """The models before, then those after; none where a file names the pairs."""
        return () if self.before is None or self.after is None else (self.before, self.after)

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
    def _only_values_of_one_model(self) -> Self:
        if self.than is not None and (self.by == "residual" or self.x_range is not None):
            raise ValueError("than compares two values of a model: leave out by: residual and x_range")
        return self
