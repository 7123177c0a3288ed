"""Head adapters at scoring: what is learnt is a stored part, and logits are arithmetic on the base's outputs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from robustcheck.measure.memo import Memo, StoredRows
from robustcheck.measure.parts import Derived
from robustcheck.measure.readout import merged
from robustcheck.measure.recipe import ClassList, Learnt, Recipe
from robustcheck.models.adapter import (
    HeadBasis,
    HeadState,
    LearntHead,
    adapter_named,
    export_head,
    head_logits,
    make_head,
)
from robustcheck.outputs.logits import supervised_logits
from robustcheck.store import Stored
from robustcheck.values import TAUGHT, Pairs

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class LearntReadout:
    """What a model with a head adapter says of the samples of a data set.

    The adapter scores the classes that it learnt; the scored names are among them, merged where several stand for one.
    """

    stored: StoredRows
    images: Ints
    classes: ClassList
    head: LearntHead

    def logits(self, rows: Ints) -> Floats:
        """Return the logits of the classes (len(rows), K)."""
        features = self.stored.take(self.images[rows])
        found = head_logits(features, self.head.basis, self.head.state, self.head.use)
        # The adapter was made on these names, or on ImageNet's 1,000 in their order.
        columns = self.classes.columns
        chosen = supervised_logits(found, np.arange(len(self.classes.names)) if columns is None else columns)
        return merged(chosen, self.classes.vocabulary)

    def logits_and_cosines(self, rows: Ints) -> tuple[Floats, Floats | None]:
        """Return the logits, and no cosines: an adapter's logits are none."""
        return self.logits(rows), None


def read_head(learnt: Learnt, memo: Memo) -> LearntHead:
    """Return what an adapter learnt; raise NotStored while what it learns from has to be measured."""
    stored = memo.get(learnt_part(learnt))
    basis = _basis(learnt, memo, with_samples=adapter_named(learnt.use.name).rereads)
    return LearntHead(learnt.use, basis, HeadState(stored.array, stored.facts))


def read_learnt(recipe: Recipe, memo: Memo) -> LearntReadout:
    """Return the readout of a recipe with a head adapter."""
    assert recipe.learnt is not None, "this recipe has a head adapter"
    assert recipe.classes is not None, "an adapter scores classes"
    head = read_head(recipe.learnt, memo)
    return LearntReadout(memo.rows(recipe.outputs), recipe.rows, recipe.classes, head)


def learnt_part(learnt: Learnt) -> Derived:
    """Return the part that holds what an adapter made of its basis."""
    adapter = adapter_named(learnt.use.name)

    def make(memo: Memo) -> Stored:
        basis = _basis(learnt, memo, with_samples=adapter.learns)
        if adapter.needs_model:
            basis = replace(basis, model=memo.model(learnt.basis.ref, part))
        state = make_head(basis, learnt.use)
        return Stored(np.asarray(state.array), dict(state.facts))

    part = Derived("adapters", learnt.key, learnt.needs, make)
    return part


def export_learnt(learnt: Learnt, memo: Memo) -> bytes:
    """Return the content of the file that holds what an adapter learns: it learns it again, as it did before."""
    basis = replace(_basis(learnt, memo, with_samples=True), model=memo.model(learnt.basis.ref, learnt_part(learnt)))
    return export_head(basis, learnt.use)


def learnt_facts(recipe: Recipe, memo: Memo) -> Pairs:
    """Return what is worth knowing of an adapter: what it learnt from, and the settings that it chose."""
    if recipe.learnt is None:
        return ()
    learnt, facts = recipe.learnt, memo.get(learnt_part(recipe.learnt)).facts
    chosen = ", ".join(f"{name} {_told(value)}" for name, value in sorted(facts.items()))
    where = f"{len(learnt.places):,} images of {learnt.basis.dataset.name}{_shortage(learnt)}" if learnt.places else ""
    told = "; ".join(filter(None, (f"learnt from {where}" if where else "", chosen)))
    return (*(((learnt.use.name, told),) if told else ()), *_taught(recipe, learnt))


def _shortage(learnt: Learnt) -> str:
    """Say how many classes have fewer images than are asked for of each."""
    adapter = adapter_named(learnt.use.name)
    shots = int(adapter.option(learnt.use, "shots")) if any(each.name == "shots" for each in adapter.settings) else 0
    labels = learnt.basis.dataset.labels[list(learnt.places[: len(learnt.places) - learnt.held_out])]
    counts = np.bincount(labels, minlength=len(learnt.basis.dataset.class_names))
    few = counts < shots
    return f", of {few.sum():,} of {len(few):,} classes fewer than {shots} (least {counts.min()})" if few.any() else ""


def _taught(recipe: Recipe, learnt: Learnt) -> Pairs:
    if not learnt.scored:
        return ()
    dataset, name = recipe.dataset, learnt.use.name
    told = f"{learnt.scored:,} of {len(dataset):,} images of {dataset.name} are among those that {name} learns from"
    return ((TAUGHT, told),)


def _told(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _basis(learnt: Learnt, memo: Memo, *, with_samples: bool) -> HeadBasis:
    recipe = learnt.basis
    assert recipe.classes is not None, "an adapter learns classes"
    head = None if recipe.head is None else memo.head(recipe.head)
    basis = HeadBasis(
        weights=np.zeros((len(recipe.classes.names), 0)) if head is None else head.weights,
        logit_scale=1.0 if head is None else head.logit_scale,
        logit_bias=0.0 if head is None else head.logit_bias,
        texts=recipe.classes.texts,
        names=recipe.classes.names,
    )
    if not with_samples:
        return basis
    rows = np.arange(len(learnt.places)) if recipe.chosen else recipe.rows
    features = memo.rows(recipe.outputs).take(rows)
    held_out = np.arange(len(learnt.places)) >= len(learnt.places) - learnt.held_out
    labels = recipe.dataset.labels[list(learnt.places)]
    return replace(basis, features=features, labels=labels, held_out=held_out)
