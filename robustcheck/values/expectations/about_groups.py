"""What every expectation about groups of models states: its groups, its pairs, and the line that it draws."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, WithJsonSchema, field_validator, model_validator

from robustcheck.values import Amount
from robustcheck.values.expectations.base import Expectation
from robustcheck.values.expectations.fields import (
    ZERO,
    AmountField,
    AxisName,
    FacetQuery,
    Names,
    QuantityModel,
    QueryField,
)
from robustcheck.values.expectations.phrases import Subject, query_words

PopulationsField = Annotated[
    str | list[str],
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]}),
]

NO_MARGIN = Amount(0.0, "")
AXIS = "The transform of both axes in which lines are fitted; linear where values leave 0 to 1."
AGAINST = "The quantity on the x axis."
MORE_THAN = (
    "Another quantity of the same models: what is compared must be larger in `measure` than there, by the margin, such "
    "as a gap that grows with severity."
)
_KEEPS = (
    "In place of a margin: how far apart the two may lie, either way, and still count as equal, such as 1.0pp. It is "
    "shown by two one-sided tests."
)
_X_RANGE = "Keep only models whose x lies in this range, such as [50%, 90%]."


@dataclass(frozen=True, slots=True)
class Pairing:
    """How models are matched in pairs: by facets that are equal, by the names in a file, or each with itself."""

    match: tuple[str, ...] = ()
    file: str | None = None
    with_itself: bool = False


@dataclass(frozen=True, slots=True)
class GroupLine:
    """The line through one of the groups, by its place among them."""

    group: int
    against: QuantityModel
    axis: AxisName


class GroupExpectation(Expectation):
    """What must be true of groups of models, judged once over all of them.

    ``least_models`` is how many models a group must have before anything can be computed.
    """

    is_about_groups = True
    least_models: ClassVar[int] = 2

    population: Annotated[PopulationsField | None, Names("population")] = Field(
        default=None,
        description="The models whose published figures are judged: a population that ships, a CSV of the same "
        "form, or a list of these; default: the models of the run, each measured.",
    )
    among: QueryField = Field(
        default_factory=dict, description="Facets that every model must have, such as {architecture: vit}."
    )
    clusters: Annotated[list[str], Names("facets")] = Field(
        default_factory=list,
        description="Facets that make models one cluster where they are equal. Of several, as in tables whose cells "
        "share units of each ([encoder, selector]), intervals are clustered along each of them; default: the family, "
        "architecture and training source.",
    )
    x_range: tuple[AmountField, AmountField] | None = Field(default=None, description=_X_RANGE)

    @property
    def queries(self) -> tuple[FacetQuery, ...]:
        """The queries of the groups, in the order in which they are compared; none where all models are one group."""
        return ()

    @property
    def line_query(self) -> FacetQuery | None:
        """The query of models that are in no group and draw the line, where such do."""
        return None

    @property
    def pairing(self) -> Pairing | None:
        """How the models are matched in pairs, where they are."""
        return None

    @property
    def judges_each_pair(self) -> bool:
        """Whether it is about every pair, whose images then say how sure its change is."""
        return False

    @property
    def drawn_line(self) -> GroupLine | None:
        """The line that a plot of the check shows, where it compares lines."""
        return None

    @property
    def names(self) -> tuple[str, ...]:
        """Each group in words."""
        return tuple(query_words(query) for query in self.queries)

    @property
    def words(self) -> str:
        """The groups in words."""
        return ", ".join(self.names) or "all models"

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

    def sentence(self, subject: Subject) -> str:
        """Say what must be true, and of which models."""
        where = f"in {' and '.join(self.populations)}" if self.populations else "over the models of the run"
        among = f", among {self.among_words}" if self.among else ""
        span = f", where x lies between {self.x_range[0]} and {self.x_range[1]}" if self.x_range else ""
        return f"{self.assertion(subject)} ({where}{among}{span})"

    @model_validator(mode="after")
    def _range_of_something(self) -> Self:
        if self.x_range is not None and self.needs.other is None:
            raise ValueError("x_range needs an x axis: give against, such as {metric: top1, dataset: imagenet-val}")
        return self


class ResidualExpectation(GroupExpectation):
    """What must be true of values, or of their distances from the line through one of the groups."""

    by: Literal["value", "residual", "local"] = Field(
        default="value",
        description="What is compared: the value itself; the residual, its distance from a line against x; or, in "
        "group_above, local: the value with those of models whose x is alike.",
    )
    against: QuantityModel | None = Field(default=None, description=f"{AGAINST} Needed by: residual.")
    axis: AxisName = Field(default="probit", description=AXIS)
    margin: AmountField = Field(default=NO_MARGIN, description="By how much at least: 1.0pp; default: by anything.")
    keeps: AmountField | None = Field(default=None, description=_KEEPS, json_schema_extra={"not": ZERO})

    @property
    def drawn_line(self) -> GroupLine | None:
        """The line that residuals are measured from."""
        if self.against is None or self.by == "local":
            return None
        return GroupLine(self.fitted_group, self.against, self.axis)

    @property
    @abstractmethod
    def fitted_group(self) -> int:
        """The place of the group that the line goes through."""

    @field_validator("keeps")
    @classmethod
    def _some_distance(cls, keeps: Amount | None) -> Amount | None:
        if keeps is not None and keeps.value == 0:
            raise ValueError("expected a distance above 0, such as 1.0pp: nothing is shown to be exactly equal")
        return keeps

    @model_validator(mode="after")
    def _equal_or_better(self) -> Self:
        if self.keeps is not None and "margin" in self.model_fields_set:
            raise ValueError("margin and keeps are two claims, better and as good: give one of them")
        return self

    @model_validator(mode="after")
    def _x_of_a_residual(self) -> Self:
        if self.by != "value" and self.against is None:
            raise ValueError(f"by: {self.by} needs 'against', the quantity on the x axis")
        if self.by == "value" and self.against is not None:
            raise ValueError("'against' is for by: residual and by: local; a value is compared as it is")
        return self
