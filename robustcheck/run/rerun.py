"""The command that judges one check on one model again, made to be pasted into a shell."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from robustcheck.run.settings import RunSettings
from robustcheck.values.checks import PlannedCheck


def rerun_command(place: str, model: str | None, options: Sequence[str] = ()) -> str:
    """Write the command, to be run from where this run was started.

    ``place`` is the suite's path from there and the check's name; ``model`` is its reference when ``--models`` had
    chosen it; ``options`` are further ones, as ``NAME=VALUE``.

    >>> rerun_command("a.robust.yaml::x[m/1]", None, ["--robust-data=my sets", "--robust-strict"])
    'pytest "a.robust.yaml::x[m/1]" --robust-data="my sets" --robust-strict'
    """
    words = ["pytest", quoted(place)]
    words += [] if model is None else ["--models", quoted(model)]
    return " ".join([*words, *map(_assigned, options)])


def _assigned(option: str) -> str:
    name, equals, value = option.partition("=")
    return f"{name}={quoted(value)}" if equals else name


def name_models(item: PlannedCheck, settings: RunSettings) -> str | None:
    """Return the `--models` of a rerun, where the run has them: the item's model; of a check on groups, all."""
    is_about_groups = item.check.is_about_groups
    if not settings.models or (is_about_groups and not item.cells):
        return None
    if not is_about_groups:
        return item.model.text
    return ",".join(dict.fromkeys(cell.model.text for cell in item.cells) if settings.arch else settings.models)


def quoted(text: str) -> str:
    """Quote an argument, with the double quotes that every system knows where they suffice."""
    if any(character in text for character in '"$`\\!'):
        return shlex.quote(text)
    return f'"{text}"'
