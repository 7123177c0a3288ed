"""Wishes that can be seen to fail before anything is measured."""

from __future__ import annotations

from collections.abc import Sequence

from robustcheck.errors import RecordError, did_you_mean
from robustcheck.history.baselines import known_baselines
from robustcheck.store import Place
from robustcheck.values.checks import PlannedCheck


def refuse_missing_baselines(items: Sequence[PlannedCheck], baselines: Place) -> None:
    """Raise one RecordError with the place of every check that is to be held against a baseline that is not there."""
    known = known_baselines(baselines)
    missing: dict[str, str] = {}
    for item in items:
        name = item.check.expect.needs.baseline
        if name is not None and name not in known:
            missing.setdefault(str(item.check.expect_position), name)
    if not missing:
        return
    lines = [f"{place}: no baseline {name!r}" for place, name in missing.items()]
    names = sorted(set(missing.values()))
    raise RecordError(
        tuple(lines),
        expected=f"one of the baselines in {baselines}: {', '.join(known) or 'none yet'}",
        fix=did_you_mean(names[0], known) or f"run the other checks (-k), then robustcheck bless RUN --as {names[0]}",
    )
