"""Lists for the terminal: models, data sets, observations; as a table, or as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from robustcheck.cli.said import cell, cells
from robustcheck.datasets import CatalogueEntry, data_roots, known_datasets
from robustcheck.datasets.doctor import Observation
from robustcheck.datasets.presence import Presence, presence
from robustcheck.listing import counted
from robustcheck.models.model_sets import known_sets, list_models
from robustcheck.values import ModelRef

_SHOWN_FACETS = ("family", "source", "architecture", "resolution", "samples")


def models_table(query: str, as_json: bool, console: Console) -> None:
    """Print the models that a query finds; without one, the built-in sets and how many each holds."""
    if not query and not as_json:
        _sets_table(console)
        return
    models = list_models(query or None)
    if as_json:
        console.print_json(json.dumps([_model_facts(model) for model in models]), ensure_ascii=True)
        return
    table = Table(_whole("model"), *_SHOWN_FACETS, box=None)
    for model in models:
        table.add_row(cell(model.text), *(cell(model.facet(name) or "") for name in _SHOWN_FACETS))
    console.print(table)
    console.print(counted(len(models), "model"))


def datasets_table(roots: Sequence[Path], as_json: bool, console: Console) -> None:
    """Print the catalogue's data sets: what each is for, and where it lies or should be put."""
    found = [(entry, presence(name, roots)) for name, entry in known_datasets().items()]
    if as_json:
        console.print_json(json.dumps([_dataset_facts(entry, here) for entry, here in found]), ensure_ascii=True)
        return
    table = Table(_whole("data set"), _whole("for"), "images", Column("on this machine", overflow="fold"), box=None)
    for entry, here in found:
        table.add_row(entry.name, entry.task, _images(entry, here), _where(here))
    console.print(table)
    console.print("robustcheck doctor NAME looks closer and says where a missing one comes from; --json has licences")


def _images(entry: CatalogueEntry, here: Presence) -> str:
    count = f"{entry.count:,}" if entry.count else "varies"
    return f"{len(here.subsets)} x {count}" if here.subsets else count


def _where(here: Presence) -> str:
    if here.place is None:
        return f"[dim]- ({cell(here.advice)})[/dim]"
    some = f"{len(here.subsets) - len(here.missing)} of {len(here.subsets)} subsets in " if here.missing else ""
    return cell(some + here.place)


def _dataset_facts(entry: CatalogueEntry, here: Presence) -> dict[str, object]:
    return {
        "name": entry.name,
        "title": entry.title,
        "task": entry.task,
        "images": entry.count,
        "shows": entry.of or None,
        "subsets": {"here": len(here.subsets) - len(here.missing), "of": len(here.subsets)} if here.subsets else None,
        "place": here.place,
        "advice": here.advice or None,
        "licence": entry.licence,
        "homepage": entry.homepage,
    }


def observations_table(observations: Sequence[Observation], as_json: bool, console: Console) -> bool:
    """Print what was found and return whether nothing is wrong."""
    if as_json:
        rows = [[one.level, one.what, one.detail] for one in observations]
        console.print_json(json.dumps(rows), ensure_ascii=True)
    else:
        table = Table("level", "what", Column("detail", overflow="fold"), box=None, show_header=False)
        for one in observations:
            table.add_row(one.level, cell(one.what), cells(one.detail))
        console.print(table)
    return all(one.level != "error" for one in observations)


def _sets_table(console: Console) -> None:
    table = Table("set", "models", "about", box=None)
    for name, model_set in known_sets().items():
        table.add_row(name, str(len(list_models(name))), model_set.about)
    console.print(table)
    console.print("robustcheck models SET lists its members; --json prints the whole catalogue")


def _whole(header: str) -> Column:
    """Return a column whose cells can be copied: they are never cut."""
    return Column(header, no_wrap=True, overflow="fold")


def _model_facts(model: ModelRef) -> dict[str, object]:
    return {"model": model.text, "id": model.id, "facets": dict(model.facets)}


def place_of(name: str, roots: Sequence[Path]) -> str | None:
    """Return where a catalogue's data set lies, or None when it is not on this machine."""
    return presence(name, roots).place


def data_paths(data: str | None) -> tuple[Path, ...]:
    """Return where data sets are looked for from this directory."""
    return data_roots(data, os.environ, Path.cwd())
