"""Populations: the tables of published figures that are installed, and a user's own in the same form."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from robustcheck.disk import Stamp, file_stamp
from robustcheck.errors import RecordError, did_you_mean
from robustcheck.files.user_paths import user_path
from robustcheck.files.yaml_files import read_mapping
from robustcheck.models.catalogue import facets_of
from robustcheck.populations.figure_tables import Figure, read_figures
from robustcheck.populations.installed import PopulationSource, known_sources, population_sources
from robustcheck.populations.pairs import read_pairs
from robustcheck.populations.population import Population
from robustcheck.populations.writing import OwnFigures, from_run, from_scores, joined, write_csv
from robustcheck.printing import shown
from robustcheck.values import Quantity

__all__ = [
    "Figure",
    "OwnFigures",
    "Population",
    "PopulationSource",
    "from_run",
    "from_scores",
    "joined",
    "known_populations",
    "load_population",
    "population_sources",
    "published_figure",
    "read_pairs",
    "write_csv",
]

_DESCRIBED = ("source", "licence", "date")


def load_population(name_or_csv: str) -> Population:
    """Return a population that is installed, or the one in a CSV file; raise RecordError in words."""
    if name_or_csv.endswith(".csv") or "/" in name_or_csv:
        return _read_own(user_path(name_or_csv, Path(), RecordError))
    if name_or_csv not in known_populations():
        raise RecordError(
            f"unknown population {name_or_csv!r}",
            expected=", ".join(sorted(known_populations())) + ", or a CSV file of figures",
            fix=did_you_mean(name_or_csv, known_populations()),
        )
    return _read_installed(name_or_csv)


def published_figure(model_id: str, quantity: Quantity) -> Figure | None:
    """Return a model's published figure from the first population that stands in for measurements, or None."""
    for population in map(_read_installed, known_sources()):
        found = population.figure(model_id, quantity) if population.stands_in else None
        if found is not None:
            return found
    return None


def known_populations() -> frozenset[str]:
    """Return the names of the populations that are installed."""
    return frozenset(known_sources())


@cache
def _read_installed(name: str) -> Population:
    return _read_population(known_sources()[name].table, name)


def _read_own(path: Path) -> Population:
    if not os.path.exists(path):
        raise RecordError(
            f"there is no file {path}",
            expected="a CSV file with the columns model, dataset, metric, value, n; or one of "
            + ", ".join(sorted(known_populations())),
        )
    return _read_file(path.resolve(), file_stamp(path))


@cache
def _read_file(path: Path, stamp: Stamp) -> Population:
    return _read_population(path, path.stem)


def _read_population(path: Path, name: str) -> Population:
    described = _description(path.with_suffix(".yaml"))
    texts = {key: str(described.get(key, "")) for key in _DESCRIBED}
    table = read_figures(path, texts)
    facets = {model: {**facets_of(model), **own} for model, own in table.facets.items()}
    return Population(
        name,
        table.figures,
        facets,
        texts["source"] or str(path.name),
        texts["licence"],
        texts["date"],
        str(described.get("homepage", "")),
        _notes(path, described),
        bool(described.get("stands_in", True)),
    )


def _description(path: Path) -> dict[str, object]:
    if not path.is_file():
        return {}
    return read_mapping(path, RecordError, expected="source, licence, date, homepage, notes")


def _notes(path: Path, described: Mapping[str, object]) -> tuple[str, ...]:
    notes = described.get("notes") or []
    if not isinstance(notes, list) or not all(isinstance(note, str) for note in notes):
        raise RecordError(f"notes {shown(notes)}", where=str(path.with_suffix(".yaml")), expected="a list of texts")
    return tuple(notes)
