"""What the options of a run resolve to: the command line, else the configuration file, else the default."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any, cast

import pytest

from robustcheck.datasets import data_roots
from robustcheck.errors import SetupError, did_you_mean
from robustcheck.files.user_paths import user_path
from robustcheck.measure import CropPlace, Decoding, MeasureSettings, default_batch, default_memory, usable_cores
from robustcheck.plugin.guest import invocation_directory
from robustcheck.plugin.options import OPTIONS, Option, given_on_command_line, rerun_words
from robustcheck.plugin.workers import engine_named
from robustcheck.run.looks import parse_series
from robustcheck.run.settings import RunSettings, home_of
from robustcheck.store import is_url

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT])(i?)B?", re.IGNORECASE)
_DEVICE = re.compile(r"auto|cpu|(cuda|mps|xpu)(:\d{1,3})?")
_CARDS = ("gpu", "gpus", "nvidia", "cuda0")
_OPTIONS = {option.flag: option for option in OPTIONS}


def run_settings(config: pytest.Config) -> RunSettings:
    """Resolve the options; raises SetupError for what cannot be. Paths are relative to where pytest was started."""
    directory = invocation_directory(config)
    home = _directory(config, "--robust-home", home_of(directory))
    device = _device(_value(config, "--robust-device"))
    workers, decoding = _workers(config)
    batch = _whole(config, "--robust-batch")
    return RunSettings(
        measure=MeasureSettings(
            store=_store(config, home / "store"),
            roots=_roots(config),
            device=device,
            precision=_value(config, "--robust-precision"),
            batch_size=batch or default_batch(device),
            probes_batch=batch is None,
            compiled=_value(config, "--robust-compile"),
            workers=workers or usable_cores(),
            decoding=decoding,
            memory_budget=_size(config, "--robust-memory") or default_memory(device),
            crops=_crops(config, home / "crops"),
        ),
        baselines=home / "baselines",
        reports=_directory(config, "--robust-report", directory / "reports"),
        evidence=_value(config, "--robust-evidence"),
        models=_models(_value(config, "--robust-models")),
        arch=_arch(config),
        strict=_value(config, "--robust-strict"),
        images=not _value(config, "--robust-no-images"),
        engine=engine_named(_value(config, "--robust-engine"), os.environ),
        directory=directory,
        words=rerun_words(config),
        home=home,
        series=parse_series(_value(config, "--robust-series")),
        effort=_value(config, "--robust-effort"),
    )


def _value(config: pytest.Config, flag: str) -> Any:
    option = _OPTIONS[flag]
    given = given_on_command_line(config, option)
    if isinstance(given, str) and not given.strip() and not option.short:
        # An unset variable of a CI job.
        raise SetupError(f"{flag} {given!r} names nothing", fix="check the variable that the value is taken from")
    if given is None:
        given = config.getini(option.key)
        _require_choice(option, given)
    return option.default if given is None else given


def _require_choice(option: Option, value: str | None) -> None:
    """Check a value of the configuration file; pytest checks those of the command line."""
    if value is not None and option.choices and value not in option.choices:
        raise SetupError(
            f"{option.key} is {value!r}",
            where="the configuration file of pytest",
            expected="one of " + ", ".join(option.choices),
            fix=did_you_mean(value, option.choices),
        )


def _whole(config: pytest.Config, flag: str) -> int | None:
    """Return a number from 1, or None for ``auto``."""
    text = str(_value(config, flag)).strip()
    if text == "auto":
        return None
    if not text.isdecimal() or not int(text):
        raise SetupError(f"{flag} is {text!r}", expected="a whole number from 1, or auto")
    return int(text)


def _workers(config: pytest.Config) -> tuple[int | None, Decoding]:
    """Return how many workers prepare images, None for ``auto``, and whether on threads or in processes."""
    text = str(_value(config, "--robust-workers")).strip()
    kind, _, number = text.partition(":")
    if kind not in ("threads", "processes"):
        kind, number = "auto", text
    if number in ("auto", "") and text:
        return None, cast(Decoding, kind)
    if not number.isdecimal() or not int(number):
        raise SetupError(
            f"--robust-workers is {text!r}", expected="a whole number from 1, threads:N, processes:N, or auto"
        )
    return int(number), cast(Decoding, kind)


def _size(config: pytest.Config, flag: str) -> int | None:
    """Return bytes, or None for ``auto``."""
    text = str(_value(config, flag)).strip()
    if text == "auto":
        return None
    found = _SIZE.fullmatch(text)
    if found is None or not float(found[1]):
        raise SetupError(f"{flag} is {text!r}", expected="a size such as 12GB, 900MB or 1.5TiB, or auto")
    return int(float(found[1]) * (1024 if found[3] else 1000) ** (" KMGT".index(found[2].upper())))


def _crops(config: pytest.Config, directory: Path) -> CropPlace | None:
    """Return where crops are kept; nowhere unless a size is given."""
    size = None if _value(config, "--robust-crop-cache") is None else _size(config, "--robust-crop-cache")
    return None if size is None else CropPlace(directory, size)


def _store(config: pytest.Config, default: Path) -> Path | str:
    """Return the directory or the URL of the store."""
    given = _value(config, "--robust-store")
    if not given or is_url(given):
        return given or default
    # As pytest has it for paths: those of the configuration file start there.
    is_given = config.getoption("--robust-store") is not None
    start = invocation_directory(config) if is_given or config.inipath is None else config.inipath.parent
    return user_path(given, start, SetupError, where="--robust-store").resolve()


def _directory(config: pytest.Config, flag: str, default: Path) -> Path:
    given = _value(config, flag)
    if isinstance(given, list):
        given = _only(given, _OPTIONS[flag].key)
    if isinstance(given, Path):
        return given.resolve()
    return user_path(given, invocation_directory(config), SetupError, where=flag).resolve() if given else default


def _only(paths: list[Path], key: str) -> Path | None:
    if len(paths) > 1:
        raise SetupError(
            f"{key} has {len(paths)} values", where="the configuration file of pytest", expected="one directory"
        )
    return paths[0] if paths else None


def _roots(config: pytest.Config) -> tuple[Path, ...]:
    given = _value(config, "--robust-data")
    if isinstance(given, list):
        key = _OPTIONS["--robust-data"].key
        return data_roots(os.pathsep.join(map(str, given)), os.environ, invocation_directory(config), where=key)
    return data_roots(given, os.environ, invocation_directory(config))


def _device(text: str) -> str:
    if not _DEVICE.fullmatch(text):
        known = ("auto", "cpu", "cuda", "cuda:1", "mps", "xpu")
        raise SetupError(
            f"--robust-device {text}: no such device",
            expected=", ".join(known),
            fix="did you mean 'cuda'?" if text.lower() in _CARDS else did_you_mean(text, known),
        )
    return text


def _models(given: str | None) -> tuple[str, ...]:
    if given is None:
        return ()
    texts = tuple(text.strip() for text in given.split(",") if text.strip())
    if not texts:
        # An unset variable of a CI job must not turn into a run of the suites' own models.
        raise SetupError(
            f"--models {given!r} names no model",
            expected="a set, a query or a reference; without --models the suites' own models are checked",
            fix="check the variable that the command line takes the models from",
        )
    return texts


def _arch(config: pytest.Config) -> str | None:
    arch: str | None = _value(config, "--robust-arch")
    is_given = given_on_command_line(config, _OPTIONS["--robust-arch"]) is not None
    if is_given and _value(config, "--robust-models") is None:
        raise SetupError(
            f"--arch {arch} has nothing to belong to",
            expected="--models with a checkpoint file, such as --models epoch_12.pt --arch ViT-B-32",
        )
    return arch
