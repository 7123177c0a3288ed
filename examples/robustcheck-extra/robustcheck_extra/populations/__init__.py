"""A population: a table of figures and a YAML file that says where they come from, both in this directory."""

from __future__ import annotations

from pathlib import Path

from robustcheck.populations import population_sources

POPULATIONS = population_sources(Path(__file__).parent)
