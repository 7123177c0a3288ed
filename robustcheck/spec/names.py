"""The names that a suite may use, filled in by whoever knows the registries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


def _any_model(_: str) -> str | None:
    return None


@dataclass(frozen=True)
class KnownNames:
    """What may be named in a suite: ``metrics`` maps a name to its unit (``%`` or none).

    ``transforms`` are names without severity; ``facets`` maps a facet to its known values;
    ``is_model`` returns None for a usable model text, or what is wrong with it.
    """

    metrics: Mapping[str, str]
    datasets: frozenset[str] = frozenset()
    populations: frozenset[str] = frozenset()
    transforms: frozenset[str] = frozenset()
    prompts: frozenset[str] = frozenset()
    facets: Mapping[str, frozenset[str]] = field(default_factory=dict)
    model_sets: frozenset[str] = frozenset()
    is_model: Callable[[str], str | None] = _any_model
