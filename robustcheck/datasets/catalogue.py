"""The catalogue: every dataset that has a name, with what is known about it."""

from __future__ import annotations

import functools
import types
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Task = Literal["classification", "ood", "retrieval"]
CATALOGUE = Path(__file__).with_name("catalogue.yaml")


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """What is known about a named dataset; ``count`` and ``classes`` are None where it varies.

    ``benchmark`` is its CLIP_benchmark name; ``layout`` is empty for a directory in any known layout.
    """

    name: str
    title: str
    licence: str
    homepage: str
    task: Task = "classification"
    layout: str = ""
    benchmark: str = ""
    directories: tuple[str, ...] = ()
    count: int | None = None
    classes: int | None = None
    class_set: str = ""
    prompts: str = ""
    groups: tuple[str, ...] = ()
    note: str = ""

    @property
    def places(self) -> tuple[str, ...]:
        """Return the directory names to look for under a root, most usual first."""
        name, dashed = self.benchmark, self.benchmark.replace("/", "-")
        usual = (f"wds_{dashed}", f"wds_{dashed}_test", f"wds/{name}", name) if name else ()
        return tuple(dict.fromkeys((*usual, *self.directories, self.name)))


@functools.cache
def known_datasets() -> Mapping[str, CatalogueEntry]:
    """Return the catalogue by name, in its own order."""
    import yaml

    entries: dict[str, dict[str, object]] = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
    return types.MappingProxyType({name: _entry(name, facts) for name, facts in entries.items()})


def _entry(name: str, facts: Mapping[str, object]) -> CatalogueEntry:
    frozen = {key: tuple(value) if isinstance(value, list) else value for key, value in facts.items()}
    return CatalogueEntry(name=name, **frozen)  # type: ignore[arg-type]
