"""The lineage of baselines: each knows the runs it comes after, and carries the scores that they started from.

Held against the last baseline alone, a model may lose a little with every blessing and never fail. So the first
blessed score of a lineage stays, per model and quantity, with its per-sample scores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from robustcheck.errors import RecordError
from robustcheck.values import NEW_ORIGIN, Ancestor, Lineage, ModelRef, Origin, Quantity, RunRecord, Score

SameQuantity = Callable[[Quantity, Quantity], bool]


@dataclass(frozen=True, slots=True)
class Blessed:
    """A run that was blessed, and where each of its scores and of those before it comes from."""

    run: RunRecord

    @property
    def scores(self) -> dict[tuple[str, Quantity], Score]:
        """The run's own scores by model and quantity."""
        return {(score.cell.model.id, score.cell.quantity): score for score in own_scores(self.run)}

    @property
    def origins(self) -> Mapping[tuple[str, Quantity], Origin]:
        """The origin of every score of the lineage, also of those that this run did not measure."""
        own = {
            key: Origin(score.cell, replace(score, samples=None), self.run.id, self.run.started)
            for key, score in self.scores.items()
        }
        return own | {(each.cell.model.id, each.cell.quantity): each for each in self.run.lineage.origins}

    def origin_of(self, score: Score) -> Origin | None:
        """Return where a score comes from; None where it is its own origin."""
        key = (score.cell.model.id, score.cell.quantity)
        return next(
            (each for each in self.run.lineage.origins if (each.cell.model.id, each.cell.quantity) == key), None
        )


def own_scores(run: RunRecord) -> Iterator[Score]:
    """Yield the candidates' own scores of a run, live ones last so that they count where a figure is there too.

    What they were held against is left out: it may be an older baseline's score of the same model.
    """
    scores = [result.score for result in run.results if result.score is not None]
    yield from sorted(scores, key=lambda score: score.evidence == "live")


def find_counterpart(model: ModelRef, models: Mapping[str, ModelRef]) -> str | None:
    """Return the id of the one to hold a model against: itself, the only one of its architecture, the only one."""
    if model.id in models:
        return model.id
    kin = [name for name, each in models.items() if each.architecture == model.architecture]
    if model.architecture and len(kin) == 1:
        return kin[0]
    return next(iter(models)) if len(models) == 1 else None


def continue_lineage(before: RunRecord, after: RunRecord, is_same: SameQuantity) -> Lineage:
    """Return the lineage of a run that replaces another one; raise RecordError for a model of unclear descent."""
    old, new = Blessed(before), Blessed(after)
    parents = {key: _parent(score, old, new, is_same) for key, score in new.scores.items()}
    found = [Origin(new.scores[key].cell, *_start(old.origins[parent])) for key, parent in parents.items() if parent]
    taken = set(parents.values())
    carried = [origin for key, origin in old.origins.items() if key not in taken]
    return Lineage((*before.lineage.ancestors, Ancestor(before.id, before.started)), (*found, *carried))


def begin_lineage(before: RunRecord | None, why: str) -> Lineage:
    """Return the lineage of a run that is an origin itself; what it replaces is remembered with the reason."""
    if before is None:
        return Lineage()
    return Lineage((*before.lineage.ancestors, Ancestor(before.id, before.started, why)))


def _parent(score: Score, old: Blessed, new: Blessed, is_same: SameQuantity) -> tuple[str, Quantity] | None:
    """Return the key of the score that a score comes after; None where its line begins with it."""
    quantity = score.cell.quantity
    keys = {name: (name, other) for name, other in old.origins if is_same(other, quantity)}
    models = {name: old.origins[key].cell.model for name, key in keys.items()}
    chosen = find_counterpart(score.cell.model, models)
    if chosen is not None:
        return keys[chosen]
    going_on = {name for name, other in new.scores if other == quantity}
    if set(models) <= going_on:
        return None
    raise RecordError(
        f"{score.cell.model.id} is new, and it is not clear which model of the baseline it comes after in "
        f"{quantity.label}: {', '.join(sorted(models))}",
        expected="one model of its architecture, or the same models and this one beside them",
        fix=NEW_ORIGIN,
    )


def _start(origin: Origin) -> tuple[Score, str, str]:
    return origin.score, origin.run, origin.started
