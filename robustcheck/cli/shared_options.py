"""The options that all commands share: where things are, and how to measure. Each also has its name in pytest."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import wraps
from pathlib import Path
from typing import Annotated, Any

import typer

from robustcheck.datasets import data_roots
from robustcheck.measure import Decode, MeasureSettings
from robustcheck.models.encoders import Precision
from robustcheck.run.measuring_options import crop_place, measure_settings
from robustcheck.run.settings import home_of, samples_of
from robustcheck.store import Place, below, place_named

REPORTS = Path("reports")

Data = Annotated[str | None, typer.Option("--data", "--robust-data", help="Where the data sets are.")]
Home = Annotated[
    str | None,
    typer.Option(
        "--home",
        "--robust-home",
        metavar="DIR|URL",
        help="Where store, baselines, series and the noise floor are (default: .robustcheck).",
    ),
]
Store = Annotated[
    str | None,
    typer.Option(
        "--store",
        "--robust-store",
        metavar="DIR|URL",
        help="Where measurements are kept: a directory or a URL (default: store in the home).",
    ),
]
_Device = Annotated[str, typer.Option("--device", "--robust-device", help="A torch device.")]
_Precision = Annotated[Precision, typer.Option("--precision", "--robust-precision", help="Precision of the encoders.")]
_Decode = Annotated[Decode, typer.Option("--decode", "--robust-decode", help="How images are decoded and resized.")]
_Batch = Annotated[str, typer.Option("--batch", "--robust-batch", help="Images that a model takes at once, or auto.")]
_Workers = Annotated[
    str,
    typer.Option("--workers", "--robust-workers", help="Who decodes images: a number, threads:N, processes:N, auto."),
]
_Memory = Annotated[
    str,
    typer.Option("--memory", "--robust-memory", help="Memory for models that are loaded together: 12GB, auto."),
]
_Compiled = Annotated[
    bool, typer.Option("--compile", "--robust-compile", help="Have torch compile the image towers (for a card).")
]
_CropCache = Annotated[
    str | None,
    typer.Option(
        "--crop-cache", "--robust-crop-cache", metavar="SIZE", help="Keep the crops of images, up to 20GB or so."
    ),
]


@dataclass(frozen=True, slots=True)
class Measuring:
    """Where a command finds and keeps things, and how it measures, as its options say."""

    data: Data = None
    device: _Device = "auto"
    precision: _Precision = "fp32"
    decode: _Decode = "exact"
    batch: _Batch = "auto"
    workers: _Workers = "auto"
    memory: _Memory = "auto"
    compiled: _Compiled = False
    crop_cache: _CropCache = None
    home: Home = None
    store: Store = None

    @property
    def place(self) -> Place:
        """Return the home."""
        return place_of_home(self.home)

    @property
    def settings(self) -> MeasureSettings:
        """Return the settings of measuring; raises SetupError for a value that cannot be."""
        return measure_settings(
            place_of_store(self.store, self.place),
            data_roots(self.data, os.environ, Path.cwd()),
            device=self.device,
            precision=self.precision,
            decode=self.decode,
            batch=self.batch,
            workers=self.workers,
            memory=self.memory,
            compiled=self.compiled,
            crops=crop_place(self.crop_cache, self.place, "--crop-cache"),
        )


def measuring(*without: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of measuring, as one value in the place of its parameter ``how``.

    Those that are named ``without`` it does not have, or has in a form of its own.
    """

    def with_options(command: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(command, eval_str=True)
        shared = [name for name in (field.name for field in fields(Measuring)) if name not in without]

        @wraps(command)
        def called(**given: Any) -> None:
            how = Measuring(**{name: given.pop(name) for name in shared})
            command(how=how, **given)

        places = [each for name, each in own.parameters.items() if name != "how"]
        known = inspect.signature(Measuring, eval_str=True).parameters
        options = [known[name].replace(kind=inspect.Parameter.KEYWORD_ONLY) for name in shared]
        called.__signature__ = own.replace(parameters=[*places, *options])  # type: ignore[attr-defined]
        return called

    return with_options


def run_places(home: str | None, store: str | None = None) -> tuple[Path, Place, Place]:
    """Return where runs are looked for: reports, baselines, and the per-sample scores of runs."""
    place = place_of_home(home)
    return REPORTS, below(place, "baselines"), samples_of(place_of_store(store, place), place)


def place_of_home(given: str | None) -> Place:
    """Return the home that an option names, or that of this directory."""
    if given is None:
        return home_of(Path.cwd())
    return place_named(given)


def place_of_store(given: str | None, home: Place) -> Place:
    """Return the store that an option names, or the one in the home."""
    return below(home, "store") if given is None else place_named(given)
