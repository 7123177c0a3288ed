"""What the options of a run resolve to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from robustcheck.datasets import data_roots
from robustcheck.measure import MeasureSettings
from robustcheck.plugin.workers import worker_engine
from robustcheck.run.settings import RunSettings, home_of


def run_settings(config: pytest.Config) -> RunSettings:
    """Resolve the options; raises SetupError for what cannot be."""
    option, home = config.getoption, home_of(config.rootpath)
    return RunSettings(
        measure=MeasureSettings(
            store=_directory(option("--robust-store"), home / "store"),
            roots=data_roots(option("--robust-data"), os.environ, config.rootpath),
            device=option("--robust-device"),
            precision=option("--robust-precision"),
        ),
        baselines=home / "baselines",
        reports=_directory(option("--robust-report"), config.rootpath / "reports"),
        evidence=option("--robust-evidence"),
        models=_models(option("--models")),
        arch=option("--arch"),
        strict=option("--robust-strict"),
        engine=worker_engine(os.environ),
    )


def _directory(given: str | None, default: Path) -> Path:
    return Path(given).expanduser().resolve() if given else default


def _models(given: str | None) -> tuple[str, ...]:
    return tuple(text.strip() for text in given.split(",") if text.strip()) if given else ()
