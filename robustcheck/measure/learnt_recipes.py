"""What a head adapter learns from, which classes it then scores, and what of its base it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from robustcheck.datasets import Dataset, compare_classes, known_datasets
from robustcheck.errors import DataError, ModelError
from robustcheck.listing import name_first
from robustcheck.measure.reading import EMBEDDING, POOLED, Reading
from robustcheck.measure.recipe import ClassList, Learnt, Recipe
from robustcheck.models.adapter import Adapter, adapter_named, pick_samples, reading_of
from robustcheck.models.kind import capabilities
from robustcheck.values import AdapterUse, ModelRef

Ints = npt.NDArray[np.int64]


def embedding_of(ref: ModelRef) -> Reading:
    """Return the reading that gives embeddings: of a classifier what its last layer takes, else the pooled output."""
    return EMBEDDING if "scores classes" in capabilities(ref) else POOLED


def learning_reading(ref: ModelRef) -> Reading:
    """Return how the images are read that a model's adapter learns from: in its own way, else as embeddings."""
    return cast(Reading, reading_of(ref.adapters[-1])) or embedding_of(ref)


def sole_adapter(ref: ModelRef) -> Adapter:
    """Return the head adapter of a model; raise ModelError where there are two."""
    if sum(use.sort == "head" for use in ref.adapters) > 1:
        raise ModelError("two adapters that both make the logits", where=ref.text, expected="one of them")
    return adapter_named(ref.adapters[-1].name)


def train_set_of(dataset: Dataset, adapter: str) -> str:
    """Return the set that adapters on a data set learn from, as the catalogue says; raise DataError without one."""
    entry = known_datasets().get(dataset.name.partition("/")[0])
    if entry is None or not entry.train:
        raise DataError(
            f"it is not known what {adapter} is to learn from",
            where=dataset.name,
            expected="a labelled set of the same classes that is not scored",
            fix=f"name one in the reference: +{adapter}:train=SET",
        )
    return entry.train


def learnt_from(ref: ModelRef, basis: Recipe, facts: Mapping[str, Any] | None) -> Learnt:
    """Return what a model's adapter makes of its basis; raise ModelError where its file is gone."""
    use = ref.adapters[-1]
    if facts is None:
        raise ModelError("the file of its adapter is not there", where=ref.text, fix="check the path")
    if not adapter_named(use.name).learns:
        return Learnt(use, basis, facts)
    learn, held_out = pick_samples(basis.dataset.labels, use)
    _require_classes(basis.dataset, learn, use)
    places = tuple(np.concatenate([learn, held_out]).tolist())
    is_whole = places == tuple(range(len(basis.dataset)))
    return Learnt(use, replace(basis, chosen=() if is_whole else places), facts, places, len(held_out))


def _require_classes(dataset: Dataset, learn: Ints, use: AdapterUse) -> None:
    """Raise DataError where a class has nothing to be learnt from."""
    names = dataset.class_names
    counts = np.bincount(dataset.labels[learn], minlength=len(names))
    missing = [name for name, count in zip(names, counts, strict=True) if not count]
    if missing:
        raise DataError(
            f"{use.name} has no image to learn from of {len(missing):,} of {len(names):,} classes: "
            f"{name_first(missing)}",
            where=dataset.name,
            expected="an image or more of each class",
            fix=f"add some, or name another set: +{use.name}:train=SET",
        )


def learnt_classes(source: Dataset, scored: Dataset) -> ClassList:
    """Return the scored names as places among the classes of the set that was learnt from."""
    if source.class_names == scored.class_names:
        return ClassList(scored.class_names, (), None)
    if len(source.class_names) == 1000 and source.class_set == "imagenet" and scored.columns is not None:
        vocabulary = scored.vocabulary
        names = scored.class_names if vocabulary is None else vocabulary.names
        return ClassList(names, (), scored.columns, vocabulary)
    raise DataError(
        f"its classes are not those of {source.name}, which the adapter learns ({compare_classes(scored, source)})",
        where=scored.name,
        expected="a set of the same classes in one order, or ImageNet's training set for a part of its classes",
        fix="name the set to learn from in the reference: train=SET",
    )


def scores_its_own(ref: ModelRef, dataset: Dataset) -> ModelError:
    """Return the error of a head adapter that is asked for other names than those of its classes."""
    return ModelError(
        f"{ref.adapters[-1].name} scores the classes that it learnt, and {dataset.name} asks for other names",
        where=ref.text,
        expected="a metric of classification, on a set of these classes",
    )
