"""The populations that come with robustcheck: the tables in this directory."""

from __future__ import annotations

from pathlib import Path

from robustcheck.populations.installed import population_sources

POPULATIONS = population_sources(Path(__file__).parent)
