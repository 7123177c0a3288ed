"""The models of the run, each measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import nan

from robustcheck.errors import DataMissing, ModelUnavailable, RobustcheckError, SetupError
from robustcheck.judge import NO_SUPPORT, Member, Support
from robustcheck.judge.usable import require_enough, require_number
from robustcheck.measure import metric_of
from robustcheck.run.evidence import EvidenceBook, Found
from robustcheck.run.members.gathered import FoundModel, Gathered
from robustcheck.values import Cell, ModelRef, Score
from robustcheck.values.checks import PlannedCheck


def gather_measured_members(item: PlannedCheck, book: EvidenceBook) -> Gathered:
    """Measure the models of the run; passes over the images are shared."""
    found, quantities = book.scores(item.cells), item.check.quantities
    by_model: dict[ModelRef, list[Found | None]] = {
        model: [None if quantity is None else found[Cell(model, quantity)] for quantity in quantities]
        for model in dict.fromkeys(cell.model for cell in item.cells)
    }
    pairing = item.check.group_expectation.pairing
    if pairing is not None and pairing.with_itself:
        by_model = {model: _measure_like_with_like(scores, book) for model, scores in by_model.items()}
    if item.check.group_expectation.judges_each_pair:
        by_model = {model: [_with_samples(each, book) for each in scores] for model, scores in by_model.items()}
    gathered = Gathered()
    for model, scores in by_model.items():
        _add_model(model, scores, gathered)
    kinds = sorted(
        {score.evidence for all_found in by_model.values() for score in all_found if isinstance(score, Score)}
    )
    gathered.evidence = "this run's models"
    gathered.source = f"{' and '.join(kinds)} evidence" if kinds else ""
    gathered.notes += [f"mixed evidence: {' and '.join(kinds)}"] if len(kinds) > 1 else []
    return gathered


def _measure_like_with_like(found: Sequence[Found | None], book: EvidenceBook) -> list[Found | None]:
    """Where one value of a model is live and one published, measure the published one too."""
    kinds = {score.evidence for score in found if isinstance(score, Score)}
    return [_measure_too(each, book) for each in found] if len(kinds) > 1 else list(found)


def _measure_too(found: Found | None, book: EvidenceBook) -> Found | None:
    if found is None or isinstance(found, RobustcheckError) or found.evidence == "live":
        return found
    try:
        return book.score(found.cell, live=True)
    except RobustcheckError as error:
        return error


def _with_samples(found: Found | None, book: EvidenceBook) -> Found | None:
    """Return a score with its samples, which a measured one that was stored has left there."""
    if not isinstance(found, Score) or found.evidence == "published" or found.samples is not None:
        return found
    return replace(found, samples=book.bench.samples(found.cell))


def _add_model(model: ModelRef, found: Sequence[Found | None], gathered: Gathered) -> None:
    error = next((each for each in found if isinstance(each, RobustcheckError)), None)
    if error is not None:
        _raise_unless_absent(error, model)
        gathered.left_out.append(model.id)
        gathered.missing = gathered.missing or error
        return
    scores = [each if isinstance(each, Score) else None for each in found]
    known = [score for score in scores if score is not None]
    for score in known:
        require_enough(score, metric_of(score.cell).n_min)
        require_number(score)
    y, x, start, start_x = (nan if score is None else score.value for score in scores)
    of_y, _, of_start, _ = map(_support, scores)
    member = Member(model.id, y, x, "", of_y, start, start_x, of_start)
    gathered.found.append(FoundModel(member, dict(model.facets), tuple(score.key for score in known)))


def _support(score: Score | None) -> Support:
    if score is None:
        return NO_SUPPORT
    counted = score.n if metric_of(score.cell).is_share else 0
    return Support(counted if score.sureness is None else score.sureness.trials, score.samples)


def _raise_unless_absent(error: RobustcheckError, model: ModelRef) -> None:
    """Raise an error, unless data or weights are not here: such a model is left out if the user did not name it."""
    if isinstance(error, ModelUnavailable) and model.named:
        raise SetupError(error.found, where=error.where, expected=error.expected, fix=error.fix) from error
    if not isinstance(error, DataMissing | ModelUnavailable):
        raise error
