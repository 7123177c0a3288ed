"""The command that judges one check on one model again, made to be pasted into a shell."""

from __future__ import annotations

import shlex

from robustcheck.run.settings import RunSettings
from robustcheck.values.checks import PlannedCheck


def rerun_command(nodeid: str, model: str | None) -> str:
    """Write the command; ``model`` is its reference when ``--models`` had chosen it.

    >>> rerun_command("a.robust.yaml::x[m/1]", None)
    'pytest "a.robust.yaml::x[m/1]"'
    """
    words = ["pytest", quoted(nodeid)]
    return " ".join(words if model is None else [*words, "--models", quoted(model)])


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
