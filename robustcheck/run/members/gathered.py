"""The models that a check about groups could count, as they are found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from robustcheck.errors import RobustcheckError
from robustcheck.judge import Member

Facets = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A model that a check about groups could count: its values (x is NaN where there is no x axis), and their keys."""

    member: Member
    facets: Facets
    keys: tuple[str, ...]


@dataclass(slots=True)
class Gathered:
    """The models with all figures that they need, those without, and what is to be said of the evidence.

    ``missing`` is what kept a model of the run from its measurement.
    """

    found: list[Candidate] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    missing: RobustcheckError | None = None
    evidence: str = ""
    source: str = ""
    licence: str = ""
    notes: list[str] = field(default_factory=list)
