"""The kinds of expectation: one frozen class each, shared by the language and the judge.

These pydantic models are the single source of the ``expect:`` part of the YAML language: the
validator, the JSON Schema and the reference page are generated from them.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from robustcheck.records import Amount, Quantity

_AMOUNT = re.compile(r"^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(%|pp)?\s*$")


def parse_amount(text: object) -> Amount:
    """Parse ``45%``, ``2.0pp`` or a bare number; raise ValueError saying what was expected."""
    if isinstance(text, Amount):
        return text
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise ValueError("expected an amount such as 45%, 2.0pp or 0.12")
    match = _AMOUNT.match(str(text))
    if match is None:
        raise ValueError("expected an amount such as 45%, 2.0pp or 0.12")
    number, unit = float(match[1]), match[2] or ""
    return Amount(number / 100 if unit else number, unit)  # type: ignore[arg-type]


def _parse_share(text: object) -> float:
    amount = parse_amount(text)
    if amount.unit != "%" or not 0 < amount.value < 1:
        raise ValueError("expected a share strictly between 0% and 100%, such as 95%")
    return amount.value


AmountField = Annotated[
    Amount,
    BeforeValidator(parse_amount),
    WithJsonSchema({"type": ["string", "number"], "examples": ["45%", "2.0pp", 0.12]}),
]
ShareField = Annotated[
    float,
    BeforeValidator(_parse_share),
    WithJsonSchema({"type": "string", "examples": ["95%"]}),
]


def number_text(number: float) -> str:
    """Return a number as text: 5 and 5.0 are ``5``.

    >>> number_text(5.0), number_text(0.5)
    ('5', '0.5')
    """
    return str(int(number)) if isinstance(number, float) and number.is_integer() else str(number)


def _number_as_text(value: object) -> object:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return number_text(value) if is_number else value  # type: ignore[arg-type]


# YAML reads `severity: 5` as a number; what it is compared with is the text of a column or of a choice.
TextField = Annotated[
    str,
    BeforeValidator(_number_as_text),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number"}]}),
]


class QuantityModel(BaseModel):
    """What is measured of each model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str = Field(description="A metric: top1, ece, auroc, image_retrieval_recall@5, shape_bias, mce, ...")
    dataset: str = Field(
        description="A data set of the catalogue, a part of one (imagenet-c/fog/3), or a directory in a known layout."
    )
    where: dict[str, TextField] = Field(
        default_factory=dict,
        description="Keep only the samples whose group has this value, such as {factor: pose}; "
        "{classes: imagenet-a} keeps and scores only the classes of another set; in a family of data sets it "
        "picks the parts, such as {corruption: fog, severity: 3}.",
    )
    transform: str | None = Field(
        default=None,
        description="A transform of every image, such as gaussian_noise:3 or typographic:one-word (name:variant).",
    )
    prompts: TextField | None = Field(
        default=None,
        description="A prompt set by name, or a file: templates (.txt) or sentences of each class (.json); "
        "default: the data set's own.",
    )
    options: dict[str, TextField] = Field(
        default_factory=dict,
        description="The metric's own settings, such as {score: msp}; the others keep the metric's defaults.",
    )

    def quantity(self, seed: int = 0) -> Quantity:
        """Return the plain value that the later stages use; ``seed`` matters to a transform only."""
        return Quantity(
            self.metric,
            self.dataset,
            tuple(sorted(self.where.items())),
            self.transform,
            self.prompts,
            seed if self.transform else 0,
            tuple(sorted(self.options.items())),
        )


class Expectation(BaseModel):
    """What must be true of a model; each kind is a subclass with one judge function."""

    model_config = ConfigDict(frozen=True, extra="forbid")


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
    among: dict[str, str | list[str]] = Field(
        default_factory=dict, description="Facets that narrow the population, such as {source: laion}."
    )
    x_range: tuple[AmountField, AmountField] | None = Field(
        default=None, description="Fit only members whose x lies in this range, such as [50%, 90%]."
    )
    axis: Literal["probit", "logit", "linear"] = Field(
        default="probit",
        description="The transform of both axes in which the line is fitted; linear where values leave 0 to 1.",
    )

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


KINDS: dict[str, type[Expectation]] = {
    "at_least": AtLeast,
    "at_most": AtMost,
    "between": Between,
    "on_trend": OnTrend,
    "no_worse_than": NoWorseThan,
    "reproduces": Reproduces,
}


def kind_of(expectation: Expectation) -> str:
    """Return the YAML key of an expectation."""
    return next(kind for kind, cls in KINDS.items() if type(expectation) is cls)


def short_form(value: Any) -> Any:
    """Let ``at_least: 45%`` stand for ``{limit: 45%}`` and ``between: [a, b]`` for ``{low, high}``."""
    if isinstance(value, list) and len(value) == 2:
        return {"low": value[0], "high": value[1]}
    return value if isinstance(value, dict) else {"limit": value}
