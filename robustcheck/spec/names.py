"""The names that a suite may use, filled in by `run`, which knows the registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Facets = Mapping[str, frozenset[str]]
Axes = tuple[tuple[str, tuple[str, ...]], ...]


_PATH_SUFFIXES = (".csv", ".txt", ".json", ".jsonl")


def is_path(text: str) -> bool:
    """Tell a path from a name."""
    return "/" in text or text.endswith(_PATH_SUFFIXES)


def _any_model(_: str) -> str | None:
    return None


def _no_facets(_: str) -> Facets:
    return {}


def _no_datasets(_: str) -> frozenset[str]:
    return frozenset()


@dataclass(frozen=True)
class KnownNames:
    """What may be named in a suite: ``metrics`` maps a name to its unit (``%`` or none).

    ``options`` maps a metric to its settings and the values each may have (none listed: any text);
    ``dataset_options`` are the settings that name a data set. Of the metrics, ``lower_is_better`` are
    those where a smaller value is better, and ``unbounded`` those whose values leave 0 to 1.
    ``families`` maps a data set that comes in subsets to their axes and the values of each.
    ``class_sets`` are the lists of classes that ``where: {classes: ...}`` can keep.
    ``transforms`` maps a name to its variants; ``facets`` maps a facet of the models to its known values, and
    ``population_facets`` returns those of a population's members, which may have others, and
    ``population_datasets`` the data sets of its figures, such as averages that nobody can measure;
    ``is_model`` returns None for a usable model text, or what is wrong with it.
    """

    metrics: Mapping[str, str]
    options: Mapping[str, Mapping[str, tuple[str, ...]]] = field(default_factory=dict)
    dataset_options: frozenset[str] = frozenset()
    lower_is_better: frozenset[str] = frozenset()
    unbounded: frozenset[str] = frozenset()
    datasets: frozenset[str] = frozenset()
    families: Mapping[str, Axes] = field(default_factory=dict)
    class_sets: frozenset[str] = frozenset()
    populations: frozenset[str] = frozenset()
    transforms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    prompts: frozenset[str] = frozenset()
    facets: Facets = field(default_factory=dict)
    population_facets: Callable[[str], Facets] = _no_facets
    population_datasets: Callable[[str], frozenset[str]] = _no_datasets
    model_sets: frozenset[str] = frozenset()
    is_model: Callable[[str], str | None] = _any_model
