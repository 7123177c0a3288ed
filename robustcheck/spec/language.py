"""The pydantic models of a suite: the one source of validator, JSON Schema and reference page."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal, Self, cast

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    create_model,
    model_validator,
)

from robustcheck.values.checks import WhenUnsure
from robustcheck.values.expectations import KINDS, Expectation, QuantityModel
from robustcheck.values.series import SERIES_NAME, require_series_name
from robustcheck.values.stages import Effort

_QUERY_DICT: dict[str, Any] = {
    "type": "object",
    "minProperties": 1,
    "additionalProperties": {
        "anyOf": [
            {"type": ["string", "number", "boolean"]},
            {"type": "array", "items": {"type": ["string", "number", "boolean"]}, "minItems": 1},
        ]
    },
}
_QUERY = {"anyOf": [{"type": "string"}, _QUERY_DICT]}
_MODELS = {
    "anyOf": [
        {"type": "string"},
        _QUERY_DICT,
        {"type": "array", "minItems": 1, "items": {"anyOf": [{"type": "string"}, _QUERY_DICT]}},
    ]
}
_AMOUNT = {"type": ["string", "number"]}
_WARN = {
    "anyOf": [
        _AMOUNT,
        {"type": "array", "items": _AMOUNT, "minItems": 2, "maxItems": 2},
        {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": False,
            "properties": {limit.key: _AMOUNT for kind in KINDS.values() for limit in kind.limits},
        },
    ]
}
# A check's id is a part of test names and file names, and a line of every table.
_LONGEST_ID = 100
_ID_PATTERN = f"[a-z0-9][a-z0-9-]{{0,{_LONGEST_ID - 1}}}"
_TAG_PATTERN = "[a-z][a-z0-9_-]*"
# Words with a meaning of their own in pytest's markers and in its -m expressions.
_TAKEN_TAGS = frozenset(
    {
        "parametrize",
        "skip",
        "skipif",
        "xfail",
        "usefixtures",
        "filterwarnings",
        "tryfirst",
        "trylast",
        "and",
        "or",
        "not",
        "true",
        "false",
        "none",
    }
)


def _check_id(text: str) -> str:
    if len(text) > _LONGEST_ID:
        raise ValueError(f"expected at most {_LONGEST_ID} characters, not {len(text):,}")
    if not re.fullmatch(_ID_PATTERN, text):
        raise ValueError("expected small letters, digits and '-', such as pose-accuracy")
    return text


def _check_tag(text: str) -> str:
    if not re.fullmatch(_TAG_PATTERN, text):
        raise ValueError("expected small letters, digits, '-' and '_', such as shift")
    if text in _TAKEN_TAGS:
        raise ValueError("expected another word: pytest gives this one a meaning of its own")
    return text


def _check_date(text: str) -> str:
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    raise ValueError("expected a date of the calendar, such as 2027-01-31")


def _check_words(text: str) -> str:
    if not text.strip():
        raise ValueError("expected a few words")
    return text


def _check_version(value: object) -> object:
    # To Python, True and 1.0 are 1; to the reader of a file and to the schema they are not.
    if type(value) is not int or value != 1:
        raise ValueError("expected 1, the version of the language")
    return value


def _check_looks(value: object) -> object:
    if value == "open" or (type(value) is int and value >= 1):
        return value
    raise ValueError("expected a whole number of at least 1, or open")


CheckId = Annotated[str, AfterValidator(_check_id), WithJsonSchema({"type": "string", "pattern": f"^{_ID_PATTERN}$"})]
_TAG = {"type": "string", "pattern": f"^(?!({'|'.join(sorted(_TAKEN_TAGS))})$){_TAG_PATTERN}$"}
Tag = Annotated[str, AfterValidator(_check_tag), WithJsonSchema(_TAG)]
IsoDate = Annotated[
    str, AfterValidator(_check_date), WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"})
]
Words = Annotated[str, AfterValidator(_check_words)]
SeriesName = Annotated[
    str,
    AfterValidator(require_series_name),
    WithJsonSchema({"type": "string", "pattern": f"^{SERIES_NAME}$"}),
]
Looks = Annotated[
    int | Literal["open"],
    BeforeValidator(_check_looks),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 1}, {"const": "open"}]}),
]
Seed = Annotated[int, Field(strict=True, ge=0)]
QueryField = Annotated[Any, WithJsonSchema(_QUERY)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DefaultsModel(_Strict):
    """Values that every check of the suite takes over unless it has its own."""

    tags: list[Tag] = Field(default_factory=list, description="Tags of every check, added to its own.")
    seed: Seed = Field(default=0, description="The seed of resampling and of seeded transforms.")
    when_unsure: WhenUnsure = Field(
        default="unsure", description="What a verdict becomes when the images cannot decide it."
    )


class DeviationModel(_Strict):
    """A model that may fail a check for a while."""

    model: Words = Field(description="The model's id, as it stands in the test's name.")
    reason: Words = Field(description="Why the failure is accepted.")
    until: IsoDate = Field(description="The last day on which it is accepted, such as 2027-01-31.")


class _Expect(BaseModel):
    """What must be true: exactly one kind of expectation."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"minProperties": 1, "maxProperties": 1})

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise ValueError(f"give exactly one kind of expectation: {', '.join(KINDS)}")
        return self

    def chosen(self) -> Expectation:
        """Return the one expectation that was given."""
        found: Expectation = getattr(self, next(iter(self.model_fields_set)))
        return found


def _kind_field(expectation: type[Expectation]) -> tuple[Any, Any]:
    description = (expectation.__doc__ or " ").splitlines()[0].strip()
    field = Field(default=None, description=description)
    return Annotated[expectation, BeforeValidator(expectation.long_form)], field


ExpectModel = create_model(  # type: ignore[call-overload]
    "ExpectModel", __base__=_Expect, **{kind: _kind_field(expectation) for kind, expectation in KINDS.items()}
)
ExpectModel.__doc__ = _Expect.__doc__


class CheckModel(_Strict):
    """One assertion about one measured quantity."""

    id: CheckId = Field(description="Permanent and unique in the suite: the check's key in history.")
    title: str = Field(default="", description="The assertion in a few words; default: the id.")
    for_each: dict[str, list[str | int | float]] = Field(
        default_factory=dict,
        description="Variables and their values; the check runs once for each combination. "
        'Written "${name}" in the other keys.',
        json_schema_extra={"minProperties": 1},
    )
    measure: QuantityModel = Field(description="What is measured of each model.")
    expect: ExpectModel = Field(description="What must be true: exactly one kind of expectation.")  # type: ignore[valid-type]
    warn: Annotated[Any, WithJsonSchema(_WARN)] = Field(
        default=None,
        description="A tighter limit of the same kind: a model between the two passes with a warning. "
        "Its keys replace those of the expectation.",
    )
    when_unsure: WhenUnsure | None = Field(
        default=None, description="What a verdict becomes when the images cannot decide it; default: the suite's."
    )
    tags: list[Tag] = Field(default_factory=list, description="Words for pytest -m, added to the suite's.")
    why: str = Field(default="", description="Why this matters; shown when the check does not pass.")
    known_deviations: list[DeviationModel] = Field(
        default_factory=list, description="Models that may fail this check for a while, and why."
    )
    applies_to: QueryField = Field(
        default=None,
        description="The models this check is meant for, as a facet query; narrows the suite's own. "
        "Other models are deselected and counted.",
    )
    seed: Seed | None = Field(default=None, description="The check's own seed; default: the suite's.")
    claim: str = Field(default="", description="The sentence of a paper that this check tests, in its own words.")
    source: str = Field(default="", description="Where the claim stands: Tu et al. 2024, section V-A, Fig. 3.")
    expect_finding: Literal["holds", "fails", "open"] | None = Field(
        default=None,
        description="What the evidence is known to say of the claim; the check passes when it says just that, "
        "so that a claim that does not hold is a result and not a failure.",
    )

    @property
    def expectation(self) -> Expectation:
        """Return the one expectation of the check."""
        return cast(_Expect, self.expect).chosen()


class SeriesModel(_Strict):
    """Looks that share the 5% of false alarms: a nightly job, or the checkpoints of a training run."""

    name: SeriesName = Field(description="Its name, such as nightly; suites of one name take their looks together.")
    looks: Looks = Field(
        default="open",
        description="How many looks it has; each candidate of a run takes one. `open`: any number, counted at home.",
    )


class HeadModel(_Strict):
    """Everything in a suite but its checks."""

    robustcheck: Annotated[Literal[1], BeforeValidator(_check_version)] = Field(
        description="The version of the language."
    )
    title: str = Field(default="", description="What the suite is about, in a few words; default: the file's name.")
    about: str = Field(default="", description="A paragraph for the report.")
    models: Annotated[Any, WithJsonSchema(_MODELS)] = Field(
        default="clip",
        description="The models to check: a set, a reference, a glob, a facet query, or a list of these; "
        "--models replaces it.",
    )
    applies_to: QueryField = Field(
        default=None, description="The models this suite is meant for, as a facet query; others are deselected."
    )
    series: SeriesModel | None = Field(
        default=None,
        description="The looks that the suite is meant for; without it, each run is one look by itself.",
    )
    effort: Effort = Field(
        default="full",
        description="full: every image is measured. decide: a data set is left once all checks on it are decided.",
    )
    defaults: DefaultsModel = Field(
        default_factory=DefaultsModel, description="Values that every check takes over unless it has its own."
    )


class SuiteModel(HeadModel):
    """A suite: one file that ends in .robust.yaml."""

    checks: list[CheckModel] = Field(description="The assertions.", min_length=1)
