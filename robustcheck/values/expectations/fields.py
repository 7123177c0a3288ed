"""What the keys of an expectation hold: amounts, shares, texts, names, facet queries and quantities."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, WithJsonSchema
from pydantic.fields import FieldInfo

from robustcheck.values import Amount, Quantity

Known = Literal[
    "metric", "dataset", "slice", "transform", "prompt set", "options", "population", "model", "pairs", "facets"
]
AxisName = Literal["probit", "logit", "linear"]


@dataclass(frozen=True, slots=True)
class Names:
    """The mark of a field whose content names something; the loader holds it against what is known."""

    what: Known


def named_by(field: FieldInfo) -> Known | None:
    """Return what the content of a field names, or None where it names nothing.

    >>> named_by(QuantityModel.model_fields["dataset"])
    'dataset'
    """
    marks = (*field.metadata, *_parts_of(field.annotation))
    return next((mark.what for mark in marks if isinstance(mark, Names)), None)


def quantity_in(field: FieldInfo) -> bool:
    """Say whether a field holds a quantity."""
    return QuantityModel in (field.annotation, *_parts_of(field.annotation))


def _parts_of(annotation: Any) -> Iterator[Any]:
    """Yield what an annotation is made of: the members of a union, the items of a list, and every mark."""
    for part in get_args(annotation):
        yield part
        yield from _parts_of(part)


def exactly_one(*keys: str) -> dict[str, Any]:
    """Return what the JSON Schema of a block adds where it has exactly one of these keys."""
    return {"oneOf": [{"required": [key]} for key in keys]}


_AMOUNT = re.compile(r"^\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(%|pp)?\s*$", re.ASCII)


def parse_amount(text: object) -> Amount:
    """Parse ``45%``, ``2.0pp`` or a bare number; raise ValueError saying what was expected."""
    if isinstance(text, Amount):
        return text
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise ValueError("expected an amount such as 45%, 2.0pp or 0.12")
    match = _AMOUNT.match(str(text))
    if match is None:
        raise ValueError("expected an amount such as 45%, 2.0pp or 0.12")
    number, unit = Decimal(match[1]), match[2] or ""
    # Divided as written: 99.9 / 100 is a little more than 0.999, so that a value at its limit would lie beyond it.
    return Amount(float(number.scaleb(-2) if unit else number), unit)  # type: ignore[arg-type]


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
ZERO: dict[str, Any] = {"anyOf": [{"const": 0}, {"type": "string", "pattern": r"^\s*[+-]?[0.]*0[0.]*\s*(%|pp)?\s*$"}]}
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


def _setting_as_text(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else _number_as_text(value)


# A setting that takes several values may be written as a list of them, which the reader joins.
_SCALARS: dict[str, JsonValue] = {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "number"}]}}

# A setting of a metric may also be a switch: true or false.
SettingField = Annotated[
    str,
    BeforeValidator(_setting_as_text),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}, _SCALARS]}),
]


def _facets_as_text(value: object) -> object:
    if not isinstance(value, dict):
        return value
    return {facet: _facet_as_text(wanted) for facet, wanted in value.items()}


def _facet_as_text(value: object) -> object:
    if isinstance(value, list):
        return [_facet_as_text(item) for item in value]
    # The tables say yes and no, which YAML readers may take for true and false.
    return ("yes" if value else "no") if isinstance(value, bool) else _number_as_text(value)


_FACET_VALUE = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "boolean"}]}
# Which models are meant, by their facets: {source: laion, samples: ">=1e9"}; every condition must hold.
FacetQuery = dict[str, str | list[str]]
QueryField = Annotated[
    FacetQuery,
    Names("facets"),
    BeforeValidator(_facets_as_text),
    WithJsonSchema(
        {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {
                "anyOf": [*_FACET_VALUE["anyOf"], {"type": "array", "items": _FACET_VALUE, "minItems": 1}]
            },
        }
    ),
]


class QuantityModel(BaseModel):
    """What is measured of each model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: Annotated[str, Names("metric")] = Field(
        description="A metric: top1, ece, auroc, image_retrieval_recall@5, shape_bias, mce, ..."
    )
    dataset: Annotated[str, Names("dataset")] = Field(
        description="A data set of the catalogue, a subset of one (imagenet-c/fog/3), or a directory in a known layout."
    )
    where: Annotated[dict[str, TextField], Names("slice")] = Field(
        default_factory=dict,
        description="Keep only the samples whose group has this value, such as {factor: pose}; "
        "{classes: imagenet-a} keeps and scores only the classes of another set; in a family of data sets it "
        "picks the subsets, such as {corruption: fog, severity: 3}.",
    )
    transform: Annotated[str | None, Names("transform")] = Field(
        default=None,
        description="A transform of every image, such as gaussian_noise:3 or typographic:one-word (name:variant).",
    )
    prompts: Annotated[TextField | None, Names("prompt set")] = Field(
        default=None,
        description="A prompt set by name, or a file: templates (.txt), sentences of each class (.json) or "
        "triggers (.log); default: the data set's own.",
    )
    options: Annotated[dict[str, SettingField], Names("options")] = Field(
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
