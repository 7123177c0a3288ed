"""The options, each on the command line and in the configuration file, and what a worker process must set first."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

SUFFIX = ".robust.yaml"


@dataclass(frozen=True, slots=True)
class Option:
    """An option: its flag, its help, its default, and how its value is written.

    ``choices`` are the values that it may have; without any, ``metavar`` stands for the value. The key in the
    configuration file has the type ``kind``: for paths, relative ones start at that file.
    """

    flag: str
    help: str
    default: Any = None
    metavar: str = ""
    choices: tuple[str, ...] = ()
    kind: Literal["string", "paths", "bool"] = "string"

    @property
    def key(self) -> str:
        """Return the key in the configuration file.

        >>> Option("--robust-data", "").key, Option("--models", "").key
        ('robust_data', 'robust_models')
        """
        return "robust_" + self.flag.removeprefix("--").removeprefix("robust-").replace("-", "_")


# ``--models`` and ``--arch`` have no prefix because users ask for them by name.
OPTIONS = (
    Option(
        "--models",
        "models to check instead of the suites' own: a set (laion), a query "
        "(source=laion&architecture=vit), a glob, a reference, a checkpoint file with --arch, a YAML file",
        metavar="REF[,REF...]",
    ),
    Option("--arch", "open_clip architecture of the checkpoint files in --models, such as ViT-B-32", metavar="NAME"),
    Option("--robust-data", "where the data sets are (several with the path separator)", metavar="DIR", kind="paths"),
    Option(
        "--robust-evidence",
        "measure, use published figures, or (auto) what is there already before measuring",
        default="auto",
        choices=("auto", "live", "published"),
    ),
    Option("--robust-device", "torch device: auto, cpu, cuda, cuda:1", default="auto", metavar="DEVICE"),
    Option("--robust-precision", "precision of the encoders", default="fp32", choices=("fp32", "fp16", "bf16")),
    Option(
        "--robust-store",
        "where measurements are kept: a directory, or a URL such as s3://bucket/path (default: .robustcheck/store)",
        metavar="DIR|URL",
    ),
    Option("--robust-report", "where reports are written (default: reports)", metavar="DIR", kind="paths"),
    Option(
        "--robust-batch",
        "images that a model takes at once: a number, or auto (64 on the processor, 256 on a card; halved where "
        "memory does not do)",
        default="auto",
        metavar="N",
    ),
    Option(
        "--robust-workers",
        "threads that decode and crop images: a number, or auto (the cores of this process, shared with -n)",
        default="auto",
        metavar="N",
    ),
    Option(
        "--robust-memory",
        "memory for the weights of models that are loaded together: such as 12GB, or auto (two thirds of the card's, "
        "or 8GB on the processor)",
        default="auto",
        metavar="SIZE",
    ),
    Option("--robust-no-images", "leave copies of images out of the report", default=False, kind="bool"),
    Option("--robust-strict", "skipped and unsure checks turn the run red", default=False, kind="bool"),
)


def add_options(parser: pytest.Parser) -> None:
    """Add every option, and its key in the configuration file."""
    group = parser.getgroup("robustcheck", "model robustness")
    for option in OPTIONS:
        group.addoption(option.flag, default=None, help=f"{option.help} [{option.key}]", **_written(option))
        parser.addini(option.key, f"{option.help} (as {option.flag}, which wins)", type=option.kind, default=None)


def is_asked_for(config: pytest.Config) -> bool:
    """Say that the command line speaks of suites: by one of our options, or by a suite's name."""
    given = any(config.getoption(option.flag) is not None for option in OPTIONS)
    return given or any(argument.partition("::")[0].endswith(SUFFIX) for argument in config.args)


def _written(option: Option) -> dict[str, Any]:
    if option.kind == "bool":
        return {"action": "store_true"}
    return {"choices": list(option.choices)} if option.choices else {"metavar": option.metavar}


def pin_device() -> None:
    """Give an xdist worker its share: one GPU of the caller's list, by its number, and its part of the cores.

    This must come before torch is imported. With no list the driver's own is used. Without a bound
    each worker's torch takes every core, and the workers spend their time waiting for each other.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if not worker.startswith("gw"):
        return
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, _cores() // workers)))
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    devices = _driver_devices() if given is None else [name for name in given.split(",") if name]
    if devices:
        os.environ["CUDA_VISIBLE_DEVICES"] = devices[int(worker[2:]) % len(devices)]


def _cores() -> int:
    """Return the cores that this process may run on; torch's own count leaves affinity out."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _driver_devices() -> list[str]:
    cards = Path("/proc/driver/nvidia/gpus")
    return [str(index) for index, _ in enumerate(cards.iterdir())] if cards.is_dir() else []
