"""Where a population's table lies: one value each, in the registry's group ``populations``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from robustcheck.registry import known


@dataclass(frozen=True, slots=True)
class PopulationSource:
    """A population that a package brings: ``table`` is a CSV file, with a YAML file of the same name beside it.

    The table has the columns model, dataset, metric, value, n; the YAML file has source, licence, date and homepage.
    """

    name: str
    table: Path


def population_sources(directory: Path) -> tuple[PopulationSource, ...]:
    """Return a population for every CSV with a YAML file of the same name in a directory, by name."""
    tables = sorted(path for path in directory.glob("*.csv") if path.with_suffix(".yaml").is_file())
    return tuple(PopulationSource(path.stem, path) for path in tables)


def known_sources() -> Mapping[str, PopulationSource]:
    """Return the populations that are installed, ours first."""
    return known("populations", PopulationSource)
