"""The models that a check about groups could count, as they are found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from robustcheck.errors import RobustcheckError
from robustcheck.judge import Member

Facets = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A model with its values (x is NaN where the check has no x axis), its facets, and the keys of the values."""

    member: Member
    facets: Facets
    keys: tuple[str, ...]


@dataclass(slots=True)
class Gathered:
    """The models with all values that the check needs, those without, and notes on the evidence.

    ``missing`` is what kept a model of the run from its measurement.
    """

    found: list[FoundModel] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    missing: RobustcheckError | None = None
    evidence: str = ""
    source: str = ""
    licence: str = ""
    notes: list[str] = field(default_factory=list)
