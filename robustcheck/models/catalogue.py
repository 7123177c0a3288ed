"""The catalogue of models: what is known about each published model, as facets.

``openclip.csv`` holds every checkpoint that open_clip lists, ``timm.csv`` every classifier of ImageNet-1k that timm
lists (both made by ``scripts/model_catalogues.py``), ``../zoo/zoo.csv`` the checkpoints that ship. A name outside the
tables gets the facets that its own identifier tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from robustcheck.models.adapter import known_adapters
from robustcheck.models.openclip_rules import openclip_facets
from robustcheck.models.table_rows import rows_of
from robustcheck.models.timm_rules import CLASSIFIERS, TOWERS, timm_rule_facets

NUMERIC_FACETS = frozenset({"samples", "samples_seen", "resolution", "params"})
# Columns of the zoo's table that are figures, not facets.
_ZOO_FIGURES = ("holdout_n", "holdout_correct", "holdout_top1")
FAMILIES = frozenset({"clip", "vlm"}) | CLASSIFIERS | TOWERS
ZOO_DIRECTORY = Path(__file__).parents[1] / "zoo"


@dataclass(frozen=True, slots=True)
class Entry:
    """A model of the catalogue: its reference as a user would write it, its id and its facets."""

    text: str
    id: str
    facets: Mapping[str, str]


@cache
def entries() -> tuple[Entry, ...]:
    """Return every model of the catalogue: OpenCLIP's, timm's, the zoo's."""
    return (*openclip_entries(), *timm_entries(), *zoo_entries())


@cache
def openclip_entries() -> tuple[Entry, ...]:
    """Return the checkpoints that open_clip lists, in the order of the table."""
    return _entries("openclip", Path(__file__).with_name("openclip.csv"))


@cache
def timm_entries() -> tuple[Entry, ...]:
    """Return the ImageNet classifiers that timm lists, in the order of the table."""
    return _entries("timm", Path(__file__).with_name("timm.csv"))


@cache
def zoo_entries() -> tuple[Entry, ...]:
    """Return the checkpoints that ship with the package; empty when its table is not there."""
    path = ZOO_DIRECTORY / "zoo.csv"
    if not path.is_file():
        return ()
    fixed = {"family": "clip", "zoo": "yes"}
    return tuple(Entry(f"zoo:{row['name']}", row["name"], {**_facets(row, "name"), **fixed}) for row in rows_of(path))


def entry(model_id: str) -> Entry | None:
    """Return the catalogue's entry of a model id, or None."""
    return entries_by_id().get(model_id)


def facets_of(model_id: str) -> Mapping[str, str]:
    """Return the facets of a model id: from the tables, else as far as its name tells.

    timm's tables list some classifiers at a second, larger image size; ``NAME/SIZE`` stands for that.
    """
    known = entry(model_id)
    if known is not None:
        return known.facets
    name, _, rest = model_id.partition("/")
    if entry(name) is not None and rest.isdigit():
        return {**facets_of(name), "resolution": rest, "size": "test"}
    if rest and "/" not in rest and _is_openclip(name, rest):
        return openclip_facets(name, rest)
    return timm_rule_facets(model_id)


def sorted_facets(model_id: str) -> tuple[tuple[str, str], ...]:
    """Return the facets of a model id as a reference holds them."""
    return tuple(sorted(facets_of(model_id).items()))


@cache
def known_facets() -> Mapping[str, frozenset[str]]:
    """Return every facet and the values it has; for a numeric facet no values, as any number does."""
    values: dict[str, set[str]] = {"family": set(FAMILIES), "zoo": {"yes"}, "size": {"test"}}
    values["adapter"] = set(known_adapters())
    for model in entries():
        for facet, value in model.facets.items():
            values.setdefault(facet, set()).add(value)
    return {
        facet: frozenset() if facet in NUMERIC_FACETS else frozenset(found) for facet, found in sorted(values.items())
    }


def _is_openclip(architecture: str, tag: str) -> bool:
    pairs = [model.id.split("/") for model in openclip_entries()]
    return any(architecture == known[0] or tag == known[1] for known in pairs)


@cache
def entries_by_id() -> Mapping[str, Entry]:
    """Return every entry of the catalogue by its id."""
    return {model.id: model for model in entries()}


def _entries(scheme: str, path: Path) -> tuple[Entry, ...]:
    return tuple(Entry(f"{scheme}:{row['model']}", row["model"], _facets(row, "model")) for row in rows_of(path))


def _facets(row: Mapping[str, str], key: str) -> Mapping[str, str]:
    return {name: value for name, value in row.items() if value and name != key and name not in _ZOO_FIGURES}
