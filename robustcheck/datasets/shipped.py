"""The data sets that come with robustcheck's catalogue."""

from __future__ import annotations

from pathlib import Path

from robustcheck.datasets.catalogue import read_catalogue

DATASETS = read_catalogue(Path(__file__).with_name("catalogue.yaml"))
