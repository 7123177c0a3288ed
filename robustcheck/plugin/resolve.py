"""What the options of a run resolve to: the command line, else the configuration file, else the default."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from robustcheck.datasets import data_roots
from robustcheck.errors import SetupError, did_you_mean
from robustcheck.files.user_paths import user_path
from robustcheck.plugin.guest import invocation_directory
from robustcheck.plugin.options import OPTIONS, Option, given_on_command_line, rerun_words
from robustcheck.run.looks import parse_series
from robustcheck.run.measuring_options import crop_place, measure_settings
from robustcheck.run.named_engines import engine_named
from robustcheck.run.settings import RunSettings, home_of
from robustcheck.store import Place, below, is_url

_OPTIONS = {option.flag: option for option in OPTIONS}


def run_settings(config: pytest.Config) -> RunSettings:
    """Resolve the options; raises SetupError for what cannot be. Paths are relative to where pytest was started."""
    directory = invocation_directory(config)
    home = _place(config, "--robust-home", home_of(directory))
    return RunSettings(
        measure=measure_settings(
            _place(config, "--robust-store", below(home, "store")),
            _roots(config),
            device=_value(config, "--robust-device"),
            precision=_value(config, "--robust-precision"),
            decode=_value(config, "--robust-decode"),
            batch=_value(config, "--robust-batch"),
            workers=_value(config, "--robust-workers"),
            memory=_value(config, "--robust-memory"),
            compiled=_value(config, "--robust-compile"),
            crops=crop_place(_value(config, "--robust-crop-cache"), home, "--robust-crop-cache"),
        ),
        baselines=below(home, "baselines"),
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


def _place(config: pytest.Config, flag: str, default: Place) -> Place:
    """Return a directory or a URL."""
    given = _value(config, flag)
    if not given or is_url(given):
        return given or default
    # As pytest has it for paths: those of the configuration file start there.
    is_given = given_on_command_line(config, _OPTIONS[flag]) is not None
    start = invocation_directory(config) if is_given or config.inipath is None else config.inipath.parent
    return user_path(given, start, SetupError, where=flag).resolve()


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
