"""Which classes and which images a model gets wrong, from what the store holds of a cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from robustcheck.datasets import Dataset
from robustcheck.errors import RobustcheckError
from robustcheck.measure import Bench
from robustcheck.measure.reading import EMBEDDING, POOLED
from robustcheck.measure.summaries import read_slice
from robustcheck.stats.sampling import Floats, Ints
from robustcheck.values import Cell, Picture, Samples, Score, Trace

MOST_BARS = 8
# A class of fewer images says nothing about itself.
_FEWEST = 5


@dataclass(frozen=True, slots=True, eq=False)
class ClassAnswers:
    """What a model answered on the scored images: rows of the data set, labels, predicted classes, confidences (n,)."""

    dataset: Dataset
    rows: Ints
    labels: Ints
    predicted: Ints
    confidence: Floats

    @property
    def wrong(self) -> Ints:
        """The places of the wrong answers, the most confident first."""
        places = np.flatnonzero(self.predicted != self.labels)
        return places[np.argsort(-np.nan_to_num(self.confidence[places]), kind="stable")]


def class_answers(cell: Cell, bench: Bench) -> ClassAnswers | None:
    """Return the answers behind a score of classification; None where a cell has no such answers.

    Raises NotStored where the outputs are gone.
    """
    if any(name == "selector" for name, _ in cell.quantity.options):
        # Among the few names that another model chose, the best of all classes is not the answer.
        return None
    recipe = bench.recipes(cell)[0]
    if recipe.chosen or recipe.reading not in (POOLED, EMBEDDING):
        # Attacked images and written answers: their outputs are not what the logits of classes are made of.
        return None
    if recipe.dataset.task != "classification" or not recipe.labelled or recipe.classes is None:
        return None
    found = read_slice(recipe, bench.memo, cell.quantity.where)
    columns = found.summary.columns
    if np.isnan(columns["predicted"]).any():
        return None
    confidence = np.exp(columns["max_logit"] - columns["logsumexp"])
    return ClassAnswers(recipe.dataset, found.rows, found.labels, columns["predicted"].astype(np.int64), confidence)


def class_pictures(answers: ClassAnswers) -> tuple[Picture, ...]:
    """Return the worst classes and the commonest confusions."""
    names, right = answers.dataset.class_names, answers.predicted == answers.labels
    counts = np.bincount(answers.labels, minlength=len(names))
    hits = np.bincount(answers.labels, weights=right, minlength=len(names))
    judged = np.flatnonzero(counts >= _FEWEST)
    if judged.size < 2 or right.all():
        return ()
    worst = judged[np.argsort(hits[judged] / counts[judged], kind="stable")][:MOST_BARS]
    rows = [(names[label], hits[label] / counts[label], counts[label]) for label in worst]
    bars = _bars("Worst classes", "accuracy", rows, float(right.mean()))
    return (bars, *_confusions(answers, counts))


def _confusions(answers: ClassAnswers, counts: Ints) -> tuple[Picture, ...]:
    names, wrong = answers.dataset.class_names, answers.wrong
    pairs = Counter(zip(answers.labels[wrong].tolist(), answers.predicted[wrong].tolist(), strict=True))
    common = [(pair, number) for pair, number in pairs.most_common(MOST_BARS) if number > 1]
    rows = [(f"{names[a]} called {names[b]}", number / counts[a], number) for (a, b), number in common]
    return (_bars("Commonest confusions", "share of the class", rows),) if rows else ()


def shape_strip(score: Score, samples: Samples, bench: Bench) -> tuple[Picture, ...]:
    """Return how often each shape class was decided by shape, where shape and texture disagree."""
    if samples.statistic != "ratio" or samples.counted is None:
        return ()
    try:
        dataset = bench.recipes(score.cell)[0].dataset
    except RobustcheckError:
        return ()
    if dataset.task != "cue-conflict":
        return ()
    return (_bars("Decided by shape, not by texture", "shape decisions", _by_group(samples, dataset), score.value),)


def _by_group(samples: Samples, dataset: Dataset) -> list[tuple[str, float, int]]:
    assert samples.counted is not None, "a ratio has counted samples"
    size = int(samples.groups.max()) + 1
    decided = np.bincount(samples.groups, weights=samples.counted, minlength=size)
    shapes = np.bincount(samples.groups, weights=samples.scores, minlength=size)
    names = dataset.class_names if size <= len(dataset.class_names) else tuple(map(str, range(size)))
    held = np.flatnonzero(decided > 0)
    return [(names[group], float(shapes[group] / decided[group]), int(decided[group])) for group in held]


def _bars(title: str, label: str, rows: Sequence[tuple[str, float, int]], mean: float | None = None) -> Picture:
    names, shares, counts = zip(*rows, strict=True)
    heights = tuple(float(f"{share:.6g}") for share in shares)
    series = Trace("", (), heights, tuple(map(int, counts)), names)
    return Picture("bars", title, label, "", (series,), None if mean is None else (mean, 0.0))
