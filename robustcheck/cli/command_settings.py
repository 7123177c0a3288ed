"""The settings of a command that measures, from its options and the directory that it is called in."""

from __future__ import annotations

import os
from pathlib import Path

from robustcheck.datasets import data_roots
from robustcheck.measure import MeasureSettings
from robustcheck.models.encoders import Precision
from robustcheck.run.settings import home_of


def measure_settings(data: str | None, store: str | None, device: str, precision: Precision) -> MeasureSettings:
    """Return the settings of ``--data``, ``--store``, ``--device`` and ``--precision``."""
    here = Path.cwd()
    return MeasureSettings(
        store=store or home_of(here) / "store",
        roots=data_roots(data, os.environ, here),
        device=device,
        precision=precision,
    )
