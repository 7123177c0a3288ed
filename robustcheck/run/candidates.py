"""The candidates of a run: the models of ``--models``, which a green run has to have looked at.

A check is about a model if it is per model, or about groups with the model among its cells; a check about published
figures alone, or with a finding that the suite expects, is about nobody's model. Skipped, excused and errored checks
did not judge.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from robustcheck.errors import RobustcheckError
from robustcheck.models.model_sets import resolve_models
from robustcheck.run.session import RobustSession
from robustcheck.values import ModelRef, Result
from robustcheck.values.checks import PlannedCheck


def find_unjudged(session: RobustSession, results: Iterable[Result], selected: Collection[str]) -> tuple[str, ...]:
    """Return the ids of the models that ``--models`` names and no check gave a verdict on.

    ``selected`` are the ids of the items that ran: a model whose items the user left out (``-k``, ``--lf``) is not
    missed, one that no check of the suites is meant for is.
    """
    if not session.settings.models:
        return ()
    found = tuple(results)
    items = _items_beside(session, found)
    judged = _models_of(items, (result.nodeid for result in found if judged_candidate(result)))
    missed, left_out = _models_of(items, selected), _models_of(items, items.keys() - set(selected))
    named = [model for model in resolve_models(session.settings.models, arch=session.settings.arch) if model.named]
    return tuple(model.id for model in named if model not in judged and (model in missed or model not in left_out))


def count_left_out(session: RobustSession, results: Iterable[Result], selected: Collection[str]) -> int:
    """Count the items of the suites that were judged which the user left out of the run (``-k``, ``--lf``)."""
    return len(_items_beside(session, results).keys() - set(selected))


def judged_candidate(result: Result) -> bool:
    """Say whether a result is a verdict about the models of the run."""
    verdict = result.verdict
    has_judged = verdict.value is not None and verdict.status not in ("skip", "error") and not verdict.excused
    return has_judged and result.about_candidates


def _items_beside(session: RobustSession, results: Iterable[Result]) -> dict[str, PlannedCheck]:
    """Return all items of the suites of some results by their ids."""
    return dict(_items(session, {result.nodeid.partition("::")[0]: result.suite for result in results}))


def _items(session: RobustSession, suites: Mapping[str, str]) -> Iterator[tuple[str, PlannedCheck]]:
    """Yield the items of suites by their ids; a suite's place in ids is relative to where pytest ran."""
    for place, path in suites.items():
        try:
            plan = session.plan(session.load(Path(path)))
        except RobustcheckError:
            # The file was changed while the run went on; its checks cannot be told any more.
            continue
        yield from ((f"{place}::{item.name}", item) for item in plan.items)


def _models_of(items: Mapping[str, PlannedCheck], ids: Iterable[str]) -> set[ModelRef]:
    """Return the models that the items of these ids are about."""
    chosen = [items[nodeid] for nodeid in ids if nodeid in items and items[nodeid].is_about_candidates]
    groups = {cell.model for item in chosen if item.check.is_about_groups for cell in item.cells}
    return groups | {item.model for item in chosen if not item.check.is_about_groups}
