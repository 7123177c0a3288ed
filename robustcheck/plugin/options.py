"""The options, each on the command line and in the configuration file, and what a worker process must set first."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise, takewhile
from pathlib import Path
from typing import Any, Literal

import pytest

from robustcheck.files.suite_files import SUFFIX, name_of_suite
from robustcheck.processors import scheduled_cores

# A suite says what it is in one of its first lines.
_HEAD = 50


@dataclass(frozen=True, slots=True)
class Option:
    """An option: its flag, its help, its default, and how its value is written.

    ``choices`` are the values that it may have; without any, ``metavar`` stands for the value. The key in the
    configuration file has the type ``kind``: for paths, relative ones start at that file. ``short`` is a second name,
    which users ask for, and which a project or another plugin may have taken.
    """

    flag: str
    help: str
    default: Any = None
    metavar: str = ""
    choices: tuple[str, ...] = ()
    kind: Literal["string", "paths", "bool"] = "string"
    short: str = ""

    @property
    def key(self) -> str:
        """Return the key in the configuration file, which is also the name of the value in ``config.option``.

        >>> Option("--robust-data", "").key
        'robust_data'
        """
        return self.flag.removeprefix("--").replace("-", "_")


OPTIONS = (
    Option(
        "--robust-models",
        "models to check instead of the suites' own: a set (laion), a query "
        "(source=laion&architecture=vit), a glob, a reference, a checkpoint file with --arch, a YAML file",
        metavar="REF[,REF...]",
        short="--models",
    ),
    Option(
        "--robust-arch",
        "open_clip architecture of the checkpoint files in --models, such as ViT-B-32",
        metavar="NAME",
        short="--arch",
    ),
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
        "--robust-decode",
        "how images are decoded and resized: as the models' own libraries do it (exact); by torch in place of Pillow "
        "(torch), which is faster and moves some pixels by 1 of 255; or from JPEG files at a half, quarter or eighth "
        "of their size where a model makes them smaller still (draft), which changes some decisions",
        default="exact",
        choices=("exact", "torch", "draft"),
    ),
    Option(
        "--robust-home",
        "where store, baselines, series and the noise floor live together: a directory, or a URL such as "
        "s3://bucket/path (default: .robustcheck)",
        metavar="DIR|URL",
    ),
    Option(
        "--robust-series",
        "the series that this run is a look of, such as nightly:100, or nightly:open for any number of looks",
        metavar="NAME:LOOKS",
    ),
    Option(
        "--robust-effort",
        "measure every image (full), or leave a data set once all checks on it are decided (default: the suite's)",
        choices=("full", "decide"),
    ),
    Option(
        "--robust-store",
        "where measurements are kept: a directory, or a URL such as s3://bucket/path (default: store in the home)",
        metavar="DIR|URL",
    ),
    Option(
        "--robust-engine",
        "who measures: auto (this process, or the workers of -n), ray, or ray://HOST:PORT of a cluster",
        default="auto",
        metavar="ENGINE",
    ),
    Option("--robust-report", "where reports are written (default: reports)", metavar="DIR", kind="paths"),
    Option(
        "--robust-batch",
        "images that a model takes at once: a number, or auto (64 on the processor, on a card what is fastest up to "
        "256; halved where memory does not do)",
        default="auto",
        metavar="N",
    ),
    Option(
        "--robust-workers",
        "who decodes and crops images: a number of workers, threads:N, processes:N, or auto (as many as this process "
        "has cores, shared with -n; in processes where they are more than four)",
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
    Option(
        "--robust-compile",
        "have torch compile the image towers: faster on a card after a minute of start; the last bits change",
        default=False,
        kind="bool",
    ),
    Option("--robust-no-images", "leave copies of images out of the report", default=False, kind="bool"),
    Option(
        "--robust-crop-cache",
        "keep the crops of images in .robustcheck/crops, up to a size such as 20GB, for later runs on the same images",
        metavar="SIZE",
    ),
    Option("--robust-strict", "skipped and unsure checks turn the run red", default=False, kind="bool"),
)


def add_options(parser: pytest.Parser) -> None:
    """Add every option, and its key in the configuration file; the short names come later."""
    for option in OPTIONS:
        also = f", or {option.short}" if option.short else ""
        said = f"{option.help} [{option.key}{also}]"
        _group(parser).addoption(option.flag, default=None, help=said, **_written(option))
        parser.addini(option.key, f"{option.help} (as {option.flag}, which wins)", type=option.kind, default=None)


def add_short_names(parser: pytest.Parser) -> None:
    """Add ``--models`` and ``--arch``; a project or a plugin that has an option of that name keeps it."""
    # Asked beforehand: pytest before 9.1 takes a name's new meaning down even where it then refuses it.
    taken = _taken(parser)
    for option in OPTIONS:
        if option.short and option.short not in taken:
            _group(parser).addoption(option.short, dest=option.key, help=option.help, **_written(option))


def refuse_misspelt(parser: pytest.Parser, args: Sequence[str]) -> None:
    """Raise UsageError for an unknown option that is near to one of ours: pytest itself suggests nothing."""
    known = _taken(parser)
    names = [argument.partition("=")[0] for argument in takewhile(lambda argument: argument != "--", args)]
    for name in (name for name in names if name.startswith("--") and name not in known):
        from difflib import get_close_matches

        ours = [own for option in OPTIONS for own in (option.flag, option.short) if own]
        if near := get_close_matches(name, ours, n=1, cutoff=0.8):
            raise pytest.UsageError(f"there is no option {name}\n  to do: did you mean {near[0]}?")


def _taken(parser: pytest.Parser) -> set[str]:
    return {name for group in (*parser._groups, parser._anonymous) for each in group.options for name in each.names()}


def without_short_values(args: Sequence[str], places: list[str]) -> None:
    """Take the values of ``--models`` and ``--arch`` out of what pytest takes for the places of tests.

    Before the short names are known, pytest reads ``--models runs/42.pt`` as an unknown option and a place.
    """
    short = {option.short for option in OPTIONS}
    for name, value in pairwise(args):
        if name in short and value in places:
            places.remove(value)


def refuse_misnamed(path: Path, parent: pytest.Collector) -> None:
    """Raise CollectError for a suite that is named on the command line and is not called as suites are."""
    if path.suffix not in (".yaml", ".yml") or str(path) not in _named(parent.config):
        return
    with path.open(encoding="utf-8", errors="replace") as file:
        is_suite = any(line.startswith("robustcheck:") for line in islice(file, _HEAD))
    if is_suite:
        raise parent.CollectError(
            f"{path.name} holds a suite, and is not called as one\n"
            f"  expected: a file named *{SUFFIX}\n  to do: rename it to {name_of_suite(path)}"
        )


def _named(config: pytest.Config) -> set[str]:
    return {os.path.abspath(argument.partition("::")[0]) for argument in config.args}


def is_asked_for(config: pytest.Config) -> bool:
    """Say that the command line speaks of suites: by one of our options, or by a suite's name."""
    given = any(given_on_command_line(config, option) is not None for option in OPTIONS)
    return given or any(argument.partition("::")[0].endswith(SUFFIX) for argument in config.args)


def given_on_command_line(config: pytest.Config, option: Option) -> Any:
    """Return what an option was given, under either of its names; None where it was not given."""
    return config.getoption(option.key)


def rerun_words(config: pytest.Config) -> tuple[str, ...]:
    """Return the options of the command line that another run needs to come to the same verdicts.

    A rerun names its models, with their architectures; where its report is written changes no verdict.
    """
    words: list[str] = []
    for option in OPTIONS:
        value = given_on_command_line(config, option)
        if value is None or option.short or option.flag == "--robust-report":
            continue
        words.append(option.flag if option.kind == "bool" else f"{option.flag}={value}")
    return tuple(words)


def _group(parser: pytest.Parser) -> pytest.OptionGroup:
    return parser.getgroup("robustcheck", "model robustness (in brackets: the key in pytest.ini)")


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
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, scheduled_cores() // workers)))
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    devices = _driver_devices() if given is None else [name for name in given.split(",") if name]
    if devices:
        os.environ["CUDA_VISIBLE_DEVICES"] = devices[int(worker[2:]) % len(devices)]


def _driver_devices() -> list[str]:
    cards = Path("/proc/driver/nvidia/gpus")
    return [str(index) for index, _ in enumerate(cards.iterdir())] if cards.is_dir() else []
