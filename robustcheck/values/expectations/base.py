"""What every kind of expectation states: its limits, what it needs, and its sentence."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from robustcheck.values import Amount
from robustcheck.values.expectations.fields import AxisName, FacetQuery, QuantityModel
from robustcheck.values.expectations.phrases import Subject

Range = tuple[Amount, Amount]


@dataclass(frozen=True, slots=True)
class Limit:
    """A key that holds a limit: a level of the metric, a tolerance around one, a share, or a bare number.

    ``tighter`` is +1 where a larger number asks more of a model and -1 where a smaller one does.
    """

    key: str
    role: Literal["level", "tolerance", "share", "correlation", "slope"]
    tighter: Literal[1, -1]


@dataclass(frozen=True, slots=True)
class PublishedFigure:
    """The published figure of the measured value itself: in one table, or in any that ships."""

    population: str | None


@dataclass(frozen=True, slots=True)
class PopulationLine:
    """A line through the members of a population whose facets and x are in range; over several x it is a plane."""

    population: str
    among: FacetQuery
    against: tuple[QuantityModel, ...]
    axis: AxisName
    x_range: Range | None


@dataclass(frozen=True, slots=True)
class Needs:
    """What a verdict rests on beside the measured value; at most one of the three references is given.

    ``other`` is another quantity of the same model, on the x axis where there is one, and ``further`` are those beside
    it where a trend is against several. ``before`` is the quantity that a
    change, or another effect, is counted from, with ``before_x`` on its x axis. The references: the same quantity of
    ``model``, the value in a ``baseline``, and the published ``figure``, which is compared with a live measurement
    only. ``line`` is drawn through the members of a population.
    """

    other: QuantityModel | None = None
    before: QuantityModel | None = None
    before_x: QuantityModel | None = None
    model: str | None = None
    baseline: str | None = None
    figure: PublishedFigure | None = None
    line: PopulationLine | None = None
    further: tuple[QuantityModel, ...] = ()

    @property
    def has_reference(self) -> bool:
        """Whether the measured value is compared with one that is had elsewhere."""
        return any(each is not None for each in (self.model, self.baseline, self.figure))


class Expectation(BaseModel):
    """What must be true; each kind is a subclass in a module of its own.

    ``kind`` is its key in YAML and the name of its comparison in `judge`; ``limits`` are the keys that `warn` may
    tighten; ``shorthand`` are the keys that a bare value, or a list of values, stands for; ``like_measured`` is the key
    of a quantity that must be in the unit of the measured one; ``example`` stands on the reference page.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: ClassVar[str]
    limits: ClassVar[tuple[Limit, ...]]
    example: ClassVar[str]
    shorthand: ClassVar[tuple[str, ...]] = ()
    like_measured: ClassVar[str | None] = None
    is_about_groups: ClassVar[bool] = False

    @abstractmethod
    def assertion(self, subject: Subject) -> str:
        """Say what must be true, without a full stop."""

    def sentence(self, subject: Subject) -> str:
        """Say what must be true, and of which models where that is not the model of the item."""
        return self.assertion(subject)

    @property
    def needs(self) -> Needs:
        """What its verdict rests on beside the measured value."""
        return Needs()

    @property
    def allowed_loss(self) -> Amount | None:
        """How much worse than a reference a model may be, where that is what the check allows."""
        return None

    @classmethod
    def long_form(cls, written: object) -> Any:
        """Return the mapping that a shorthand stands for; other values stay as they are."""
        is_scalar = isinstance(written, str | int | float) and not isinstance(written, bool)
        values = [written] if is_scalar else written if isinstance(written, list) and len(cls.shorthand) > 1 else []
        return dict(zip(cls.shorthand, values, strict=True)) if 0 < len(values) == len(cls.shorthand) else written
