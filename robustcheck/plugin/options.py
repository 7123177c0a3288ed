"""The command-line options, and what a worker process must set before anything heavy is imported."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

SUFFIX = ".robust.yaml"
_DEFAULTS: dict[str, object] = {
    "--models": None,
    "--arch": None,
    "--robust-data": None,
    "--robust-evidence": "auto",
    "--robust-device": "auto",
    "--robust-precision": "fp32",
    "--robust-store": None,
    "--robust-report": None,
    "--robust-strict": False,
}


def add_options(parser: pytest.Parser) -> None:
    """Add ``--models`` and ``--arch``, which users ask for by name, and the prefixed rest."""
    group = parser.getgroup("robustcheck", "model robustness")

    def add(name: str, **how: Any) -> None:
        group.addoption(name, default=_DEFAULTS[name], **how)

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
        help="measure, use published figures, or (auto) what is there already before measuring",
    )
    add("--robust-device", metavar="DEVICE", help="torch device: auto, cpu, cuda, cuda:1")
    add("--robust-precision", choices=["fp32", "fp16", "bf16"], help="precision of the encoders")
    add("--robust-store", metavar="DIR", help="where measurements are kept (default: .robustcheck/store)")
    add("--robust-report", metavar="DIR", help="where reports are written (default: reports)")
    add("--robust-strict", action="store_true", help="skipped and unsure checks turn the run red")


def is_asked_for(config: pytest.Config) -> bool:
    """Say that the command line speaks of suites: by one of our options, or by a suite's name."""
    given = any(config.getoption(name) != default for name, default in _DEFAULTS.items())
    return given or any(argument.partition("::")[0].endswith(SUFFIX) for argument in config.args)


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
