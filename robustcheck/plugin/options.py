"""The command-line options, and what they resolve to."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from robustcheck.datasets import data_roots
from robustcheck.errors import SetupError
from robustcheck.measure import MeasureSettings
from robustcheck.settings import RunSettings, home_of


def add_options(parser: pytest.Parser) -> None:
    """Add ``--models`` and ``--arch``, which users ask for by name, and the prefixed rest."""
    group = parser.getgroup("robustcheck", "model robustness")
    add = group.addoption
    add(
        "--models",
        metavar="REF[,REF...]",
        help="models to check instead of the suites' own: a set (laion), a query "
        "(source=laion&architecture=vit), a glob, a reference, a checkpoint file with --arch, a YAML file",
    )
    add("--arch", metavar="NAME", help="open_clip architecture of the checkpoint files in --models, such as ViT-B-32")
    add("--robust-data", metavar="DIR", help="where the data sets are (several with the path separator)")
    add(
        "--robust-evidence",
        choices=["auto", "live", "published"],
        default="auto",
        help="measure, use published figures, or (auto) what is there already before measuring",
    )
    add("--robust-device", metavar="DEVICE", default="auto", help="torch device: auto, cpu, cuda, cuda:1")
    add("--robust-precision", choices=["fp32", "fp16", "bf16"], default="fp32", help="precision of the encoders")
    add("--robust-store", metavar="DIR", help="where measurements are kept (default: .robustcheck/store)")
    add("--robust-report", metavar="DIR", help="where reports are written (default: reports)")
    add("--robust-strict", action="store_true", help="skipped and unsure checks turn the run red")


def run_settings(config: pytest.Config) -> RunSettings:
    """Resolve the options; raises UsageError for what cannot be."""
    option, home = config.getoption, home_of(config.rootpath)
    try:
        roots = data_roots(option("--robust-data"), os.environ, config.rootpath)
    except SetupError as error:
        raise pytest.UsageError(str(error)) from None
    return RunSettings(
        measure=MeasureSettings(
            store=_directory(option("--robust-store"), home / "store"),
            roots=roots,
            device=option("--robust-device"),
            precision=option("--robust-precision"),
        ),
        baselines=home / "baselines",
        reports=_directory(option("--robust-report"), config.rootpath / "reports"),
        evidence=option("--robust-evidence"),
        models=_models(option("--models")),
        arch=option("--arch"),
        strict=option("--robust-strict"),
        parallel="PYTEST_XDIST_WORKER" in os.environ,
    )


def pin_device() -> None:
    """Give an xdist worker its share: one GPU of the caller's list, by its number, and its part of the cores.

    This must come before torch is imported. With no list the driver's own is used. Without a bound
    each worker's torch takes every core, and the workers spend their time waiting for each other.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if not worker.startswith("gw"):
        return
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    devices = _driver_devices() if given is None else [name for name in given.split(",") if name]
    if devices:
        os.environ["CUDA_VISIBLE_DEVICES"] = devices[int(worker[2:]) % len(devices)]


def _driver_devices() -> list[str]:
    cards = Path("/proc/driver/nvidia/gpus")
    return [str(index) for index, _ in enumerate(cards.iterdir())] if cards.is_dir() else []


def _directory(given: str | None, default: Path) -> Path:
    return Path(given).expanduser().resolve() if given else default


def _models(given: str | None) -> tuple[str, ...]:
    return tuple(text.strip() for text in given.split(",") if text.strip()) if given else ()
