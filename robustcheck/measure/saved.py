"""Saved predictions in the place of stored outputs: no images, no model, no torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from robustcheck.datasets.class_sets import imagenet_wnids
from robustcheck.datasets.label_lists import label_list_of
from robustcheck.errors import DataError, ModelError
from robustcheck.measure.learnt import LearntReadout, read_learnt
from robustcheck.measure.memo import Memo
from robustcheck.measure.pairing import AskedClasses, OutputPairing, asked_classes, pair_outputs
from robustcheck.measure.readout import Readout, merged, read_out
from robustcheck.measure.recipe import ClassList, Recipe
from robustcheck.models.output_names import OutputNames
from robustcheck.outputs.summary import Summary
from robustcheck.predictions import (
    Predictions,
    aligned,
    logits_of_values,
    settled,
    summary_of,
    with_columns,
    with_names,
)

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_NAMED = "write an NPZ file with class_names, or columns logit_NAME: see docs/predictions.md"


@dataclass(frozen=True, slots=True, eq=False)
class SavedReadout:
    """What saved logits (n, K) say of the samples of a data set; cosines were not saved."""

    values: Floats
    classes: ClassList

    def logits(self, rows: Ints) -> Floats:
        """Return the logits of the classes (len(rows), K)."""
        return self.values[rows]

    def logits_and_cosines(self, rows: Ints) -> tuple[Floats, Floats | None]:
        """Return the logits, and no cosines: there are no embeddings."""
        return self.logits(rows), None


def readout_of(recipe: Recipe, memo: Memo) -> Readout | SavedReadout | LearntReadout:
    """Return what a model says of the samples, from stored outputs or saved logits.

    Raises DataError where only the best classes are saved.
    """
    if recipe.learnt is not None:
        return read_learnt(recipe, memo)
    if recipe.saved is None:
        return read_out(recipe, memo)
    found = _on_dataset(recipe)
    if found.kind == "classes":
        raise DataError("these predictions hold only the best class", where=str(found.path), expected="logits")
    assert recipe.classes is not None, "saved predictions are of classes"
    return SavedReadout(_class_logits(recipe, found), recipe.classes)


def best_class_summary(recipe: Recipe, kept: Ints | None, temperature: float) -> Summary:
    """Return the summary of saved best classes; what they do not tell is NaN."""
    found = _on_dataset(recipe)
    _require_unchanged(recipe, kept, temperature)
    return summary_of(found, recipe.dataset.labels if recipe.labelled else None)


def _on_dataset(recipe: Recipe) -> Predictions:
    """Return the predictions in the order of the data set's samples, counted in the names that are scored."""
    saved, dataset, classes = _read_predictions(recipe), recipe.dataset, recipe.classes
    assert classes is not None, "saved predictions are of classes"
    are_classes = dataset.vocabulary is None or _is_merged(saved, recipe)
    if saved.kind == "classes" and not are_classes:
        raise DataError(
            f"these predictions hold only the best of {len(classes.names)} names, which stand for other classes",
            where=str(saved.path),
            expected=f"the best of the {len(dataset.class_names)} classes, by name, or logits of all names",
        )
    saved = _counted_in(saved, recipe, names_of_saved(recipe))
    # Labels in the file are of the names that it scores; a view shows part of what its base's file is about.
    labels = dataset.labels if recipe.labelled and are_classes else None
    return aligned(saved, dataset.ids, len(names_of_saved(recipe)), dataset.name, labels=labels, others=True)


def _read_predictions(recipe: Recipe) -> Predictions:
    assert recipe.saved is not None, "a recipe of saved predictions holds them"
    return recipe.saved.read()


def names_of_saved(recipe: Recipe) -> tuple[str, ...]:
    """Return the names that saved predictions are counted in: those that are scored, or classes already merged."""
    assert recipe.classes is not None, "saved predictions are of classes"
    are_merged = recipe.dataset.vocabulary is not None and _is_merged(_read_predictions(recipe), recipe)
    return recipe.dataset.class_names if are_merged else recipe.classes.names


def _counted_in(saved: Predictions, recipe: Recipe, names: tuple[str, ...]) -> Predictions:
    """Return predictions counted in these names, whichever names or numbers of ImageNet's they are counted in."""
    saved = settled(saved, names)
    asked = _asked(recipe, names)
    if saved.class_names is None:
        found = paired_by_number(recipe)
        return saved if found is None else with_columns(saved, found.outputs)
    own = OutputNames(saved.class_names, saved.path.name)
    if saved.kind != "classes" and not set(names) <= set(own.names):
        return with_columns(saved, _paired_or_refused(saved, lambda: pair_outputs(len(own.names), own, asked)).outputs)
    if saved.kind == "classes" and not set(own.names) <= set(names):
        saved = replace(saved, class_names=_renamed(saved, own, asked))
    return with_names(saved, names)


def paired_by_number(recipe: Recipe) -> OutputPairing | None:
    """Return the pairing of saved predictions whose classes have numbers only; None where these are the set's places.

    Raises DataError where they may be the places of the set's classes, or those of ImageNet's in another order.
    """
    saved, names = _read_predictions(recipe), names_of_saved(recipe)
    if settled(saved, names).class_names is not None:
        return None
    count = len(names) if saved.kind == "classes" else int(saved.values.shape[1])
    asked = _asked(recipe, names)
    if count == len(names):
        _require_one_reading(saved, count, asked)
        return None
    return _paired_or_refused(saved, lambda: pair_outputs(count, None, asked))


def _require_one_reading(saved: Predictions, count: int, asked: AskedClasses) -> None:
    if label_list_of(count) is None:
        return
    try:
        imagenets = pair_outputs(count, None, replace(asked, seen=frozenset())).outputs
    except ModelError:
        return
    if not np.array_equal(imagenets, np.arange(count)):
        raise DataError(
            f"{count:,} classes by number, which may be the places of {asked.where}'s classes or of ImageNet's: "
            "their orders differ",
            where=str(saved.path),
            expected="classes by name or WordNet id",
            fix=_NAMED,
        )


def _renamed(saved: Predictions, own: OutputNames, asked: AskedClasses) -> tuple[str, ...]:
    """Return the names of saved best classes as the data set has them."""
    ids = asked.names if asked.columns is None else tuple(imagenet_wnids()[place] for place in asked.columns)
    written = AskedClasses(own.names, None, frozenset(range(len(own.names))), str(saved.path))
    found = _paired_or_refused(saved, lambda: pair_outputs(len(ids), OutputNames(ids, asked.where), written))
    return tuple(asked.names[place] for place in found.outputs)


def _asked(recipe: Recipe, names: tuple[str, ...]) -> AskedClasses:
    """Return the classes that saved predictions are of; merged ones have no places among ImageNet's."""
    if recipe.classes is not None and names == recipe.classes.names:
        return replace(asked_classes(recipe), where=recipe.dataset.name)
    return AskedClasses(names, None, frozenset(range(len(names))), recipe.dataset.name)


def _paired_or_refused(saved: Predictions, find: Callable[[], OutputPairing]) -> OutputPairing:
    """Return a pairing; raise its refusal as an error of the file."""
    try:
        return find()
    except ModelError as error:
        raise DataError(error.found, where=str(saved.path), expected=error.expected, fix=_NAMED) from error


def _is_merged(saved: Predictions, recipe: Recipe) -> bool:
    """Say whether predictions are of the classes themselves, though models score finer names."""
    if recipe.dataset.vocabulary is None:
        return False
    if saved.class_names is not None:
        return set(saved.class_names) <= set(recipe.dataset.class_names)
    return saved.kind != "classes" and saved.values.shape[1] == len(recipe.dataset.class_names)


def _class_logits(recipe: Recipe, found: Predictions) -> Floats:
    logits, classes = logits_of_values(found), recipe.classes
    vocabulary = None if classes is None else classes.vocabulary
    return logits if vocabulary is None or _is_merged(found, recipe) else merged(logits, vocabulary)


def _require_unchanged(recipe: Recipe, kept: Ints | None, temperature: float) -> None:
    """Refuse what the best class alone cannot tell: the best of fewer classes, another temperature."""
    if kept is None and temperature == 1.0:
        return
    needed = "a class mask" if kept is not None else "a temperature"
    raise DataError(
        f"these predictions hold only the best class: {needed} needs logits or probabilities",
        where=recipe.dataset.name,
    )
