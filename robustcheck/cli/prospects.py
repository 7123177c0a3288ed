"""What a plan knows before anything is measured: the evidence of an item, its images, what they can resolve."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import ceil, sqrt
from pathlib import Path

from robustcheck.cli.explain_command import place_of_dataset
from robustcheck.datasets import expand, known_datasets, select
from robustcheck.datasets.presence import presence
from robustcheck.errors import RobustcheckError, SetupError
from robustcheck.measure import Bench, metric_named
from robustcheck.populations import known_populations, load_population
from robustcheck.run.evidence import cells_without_figure, why_no_figure
from robustcheck.run.session import RobustSession
from robustcheck.stats.compare import detectable_drop
from robustcheck.values import Amount, Cell, Quantity, Score
from robustcheck.values.checks import PlannedCheck

# Two checkpoints of one training seldom differ on more of the images than this.
DISCORDANT = 0.06

Pass = tuple[str, str, str | None]


@dataclass(frozen=True, slots=True)
class Prospect:
    """What is known of one item: ``evidence`` is ``stored``, ``published``, ``to measure``, ``no data`` or ``error``.

    ``passes`` are (model, images, transform); ``detectable`` is the drop beyond the limit that ``n`` images find
    with 80% power, ``allowed`` the one that the check lets pass, and ``reserve`` how far a known value lies from the
    limit of a level; all in units of the metric.
    """

    item: PlannedCheck
    evidence: str
    advice: str
    n: int | None
    passes: tuple[Pass, ...]
    detectable: float | None
    allowed: float | None
    reserve: float | None = None

    @property
    def is_decidable(self) -> bool:
        """Whether a drop as large as the allowed one would be seen; true where it cannot be told."""
        return self.detectable is None or self.allowed is None or self.detectable <= self.allowed

    @property
    def red_from(self) -> float | None:
        """How much a model has to lose to be red with 80% power; None where that cannot be told."""
        room = self.allowed if self.allowed is not None else self.reserve
        return None if self.detectable is None or room is None else room + self.detectable

    def images_for(self, drop: float) -> int | None:
        """Return how many images would find a drop; None where none would, or that cannot be told.

        What is found beyond the room shrinks with the root of n, and must be no larger than the drop less the room.
        """
        room = self.allowed if self.allowed is not None else self.reserve
        if self.n is None or self.detectable is None or room is None or drop <= room:
            return None
        return ceil(self.n * (self.detectable / (drop - room)) ** 2)


@dataclass(frozen=True, slots=True)
class Foresight:
    """Looks at items without measuring; what it opens it opens once."""

    session: RobustSession
    _counts: dict[Quantity, int | None] = field(default_factory=dict)
    _absent: dict[str, str] = field(default_factory=dict)

    def prospects(self, items: Sequence[PlannedCheck]) -> Iterator[Prospect]:
        """Yield what is known of each item."""
        bench = self.session.book.bench
        for item in items:
            scores = self._known_scores(item)
            states = [self._state(cell, score, bench) for cell, score in zip(item.cells, scores, strict=True)]
            evidence, advice = max(states, key=lambda state: _WORSE.index(state[0])) if states else ("published", "")
            lacking = [cell for cell, (state, _) in zip(item.cells, states, strict=True) if state == "to measure"]
            counts = [self._n(cell, score, bench) for cell, score in zip(item.cells, scores, strict=True)]
            yield Prospect(
                item,
                evidence,
                advice,
                counts[0] if counts and not item.check.is_about_groups else None,
                tuple(one for cell in lacking for one in _passes(cell, bench)),
                _detectable(item, scores, counts),
                _allowed(item),
                _reserve(item, scores),
            )

    def _known_scores(self, item: PlannedCheck) -> list[Score | None]:
        """Return the scores that an item can rest on without measuring."""
        found = [self.session.book.known(cell) for cell in item.cells]
        measured = cells_without_figure(item)
        return [
            None if score is not None and score.evidence == "published" and cell in measured else score
            for cell, score in zip(item.cells, found, strict=True)
        ]

    def _state(self, cell: Cell, score: Score | None, bench: Bench) -> tuple[str, str]:
        if score is not None:
            return ("stored" if score.evidence == "live" else "published"), ""
        settings, dataset = self.session.settings, cell.quantity.dataset
        if settings.evidence == "published":
            return "no data", why_no_figure(cell).removeprefix(": ") or "no published figure"
        if dataset not in self._absent:
            self._absent[dataset] = _say_absent(dataset, settings.measure.roots)
        if self._absent[dataset]:
            return "no data", self._absent[dataset]
        refused = _refusal(cell, bench) if _chooses_images(cell) else ""
        return ("error", refused) if refused else ("to measure", "")

    def _n(self, cell: Cell, score: Score | None, bench: Bench) -> int | None:
        """Return how many samples a cell has: counted, in a table, in the catalogue, or by opening the data set."""
        if score is not None:
            return score.n
        if _chooses_images(cell):
            return _chosen_n(cell, bench)
        if cell.quantity not in self._counts:
            ways = (partial(_published_n, cell.quantity), partial(_catalogue_n, cell.quantity))
            found = next((n for n in (way() for way in ways) if n is not None), None)
            self._counts[cell.quantity] = _opened_n(cell.quantity, bench) if found is None else found
        return self._counts[cell.quantity]


_WORSE = ("stored", "published", "to measure", "no data", "error")


def _say_absent(dataset: str, roots: Sequence[Path]) -> str:
    """Say where to put a data set that is not on this machine; nothing of one that is."""
    if place_of_dataset(dataset, roots) is not None:
        return ""
    name = dataset if dataset in known_datasets() else dataset.partition("/")[0]
    return f"{dataset}: {presence(name, roots).advice}"


def _chooses_images(cell: Cell) -> bool:
    return any(option.name == "images" for option in metric_named(cell.quantity.metric).options)


def _refusal(cell: Cell, bench: Bench) -> str:
    """Say which settings a metric refuses; of one that chooses images the recipe is looked at anyway."""
    try:
        bench.recipes(cell)
    except SetupError as error:
        return error.found
    except RobustcheckError:
        return ""
    return ""


def _passes(cell: Cell, bench: Bench) -> Iterator[Pass]:
    sets = {(images.name, images.transform) for images in bench.image_sets(cell)}
    for name, transform in sorted(sets, key=str) or [(cell.quantity.dataset, cell.quantity.transform)]:
        yield cell.model.id, name, transform


def _chosen_n(cell: Cell, bench: Bench) -> int | None:
    """Return how many images a metric chooses that does not take all of them."""
    try:
        return bench.recipes(cell)[0].outputs.images.count
    except RobustcheckError:
        return None


def _published_n(quantity: Quantity) -> int | None:
    for population in map(load_population, sorted(known_populations())):
        for model in population.facets if population.stands_in and population.has(quantity) else ():
            figure = population.figure(model, quantity)
            if figure is not None:
                return figure.n
    return None


def _catalogue_n(quantity: Quantity) -> int | None:
    names, rest = expand(quantity.dataset, quantity.where)
    entry = known_datasets().get(quantity.dataset.partition("/")[0])
    return len(names) * entry.count if entry is not None and entry.count and not rest else None


def _opened_n(quantity: Quantity, bench: Bench) -> int | None:
    try:
        names, rest = expand(quantity.dataset, quantity.where)
        return sum(len(select(bench.shelf.dataset(name), rest)) for name in names)
    except RobustcheckError:
        return None


def _allowed(item: PlannedCheck) -> float | None:
    loss = item.check.expect.allowed_loss
    return None if loss is None else loss.value


def _reserve(item: PlannedCheck, scores: Sequence[Score | None]) -> float | None:
    """Return how far a known value lies on the good side of the one level that is asked for; 0 on the other side."""
    levels = [limit for limit in item.check.expect.limits if limit.role == "level"]
    known = scores[0] if scores and not item.check.is_about_groups else None
    if len(levels) != 1 or known is None:
        return None
    [level] = levels
    limit: Amount = getattr(item.check.expect, level.key)
    return max(0.0, level.tighter * (known.value - limit.value))


def _detectable(item: PlannedCheck, scores: Sequence[Score | None], counts: Sequence[int | None]) -> float | None:
    """Return the detectable drop of a share, from the expected scatter; None for what only samples can tell."""
    needs, n = item.check.expect.needs, counts[0] if counts else None
    is_share = metric_named(item.check.quantity.metric).is_share
    if not n or not is_share or item.check.is_about_groups or needs.figure is not None:
        return None
    share = _share(item, scores[0])
    variance = share * (1 - share) / n
    if needs.other is not None:
        # On the same images the two err together: their covariance takes about as much away as x adds.
        is_apart = needs.other.dataset != item.check.quantity.dataset
        other = scores[1].value if scores[1] is not None else 0.5
        # The line's gain is near 1 where accuracies follow one; the fit's own error comes on top.
        variance += is_apart * other * (1 - other) / (counts[1] or n)
    elif needs.has_reference:
        is_figure = scores[0] is not None and scores[0].evidence == "published"
        variance = 2 * variance if is_figure else DISCORDANT / n
    return detectable_drop(sqrt(variance), item.alpha)


def _share(item: PlannedCheck, score: Score | None) -> float:
    """Return the share that is expected: known, or that of the one level asked for, or the one that varies most."""
    if score is not None:
        return min(1.0, max(0.0, score.value))
    expect = item.check.expect
    levels = [getattr(expect, limit.key).value for limit in expect.limits if limit.role == "level"]
    return levels[0] if len(levels) == 1 and 0 < levels[0] < 1 else 0.5
