"""The expectation no_worse_than."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema, model_validator

from robustcheck.values import Amount
from robustcheck.values.expectations.base import Expectation, Limit, Needs
from robustcheck.values.expectations.fields import AmountField, Names, exactly_one
from robustcheck.values.expectations.phrases import Subject

BASELINE_NAME = "[A-Za-z0-9][A-Za-z0-9._-]*"


def _check_baseline(name: str) -> str:
    if not re.fullmatch(BASELINE_NAME, name):
        raise ValueError("expected the name of a blessed run, such as main; a model stands in model: ...")
    return name


BaselineName = Annotated[
    str, AfterValidator(_check_baseline), WithJsonSchema({"type": "string", "pattern": f"^{BASELINE_NAME}$"})
]


class NoWorseThan(Expectation):
    """The value is no worse than a baseline run's, or than another model's."""

    model_config = ConfigDict(json_schema_extra=exactly_one("baseline", "model"))

    kind = "no_worse_than"
    limits = (Limit("allowed_drop", "tolerance", -1), Limit("allowed_drift", "tolerance", -1))
    example = "expect: {no_worse_than: {baseline: main, allowed_drop: 0.5pp}}"

    baseline: BaselineName | None = Field(default=None, description="A blessed run: robustcheck bless RUN --as NAME.")
    model: Annotated[str | None, Names("model")] = Field(
        default=None, description="Another model's reference; it is not held against itself."
    )
    allowed_drop: AmountField = Field(
        description="How much worse is still accepted: 0.5pp; a drop, or a rise where a lower value is better."
    )

    allowed_drift: AmountField | None = Field(
        default=None,
        description="How much worse than the origin of a chain of baselines, which is the first that was blessed; "
        "default: twice allowed_drop.",
    )

    @property
    def drift(self) -> Amount:
        """How much worse than the origin of the baseline is still accepted."""
        return self.allowed_drift or Amount(2 * self.allowed_drop.value, self.allowed_drop.unit)

    @property
    def needs(self) -> Needs:
        """The value in the baseline, or of the other model."""
        return Needs(model=self.model, baseline=self.baseline)

    @property
    def allowed_loss(self) -> Amount:
        """The drop that is allowed."""
        return self.allowed_drop

    def assertion(self, subject: Subject) -> str:
        """Say what must be true, without a full stop."""
        other = f"in the baseline {self.baseline}" if self.baseline else f"for the model {self.model}"
        worse = "no worse" if self.allowed_drop.value == 0 else f"at most {self.allowed_drop} worse"
        origin = f", and at most {self.drift} worse than in its origin" if self.baseline and self.drift.value else ""
        return f"{subject.label} is {worse} than {other}{origin}"

    @model_validator(mode="after")
    def _one_reference(self) -> Self:
        if (self.baseline is None) == (self.model is None):
            raise ValueError("give exactly one of baseline and model")
        return self

    @model_validator(mode="after")
    def _drift_of_a_baseline(self) -> Self:
        if self.allowed_drift is not None and self.model is not None:
            raise ValueError("leave out allowed_drift: only a baseline has an origin")
        if self.allowed_drift is not None and self.allowed_drift.value < self.allowed_drop.value:
            raise ValueError("give an allowed_drift of at least allowed_drop: it is what many drops may add up to")
        return self
