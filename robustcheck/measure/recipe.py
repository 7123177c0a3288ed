"""A recipe: what a score reads of one model on one data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from robustcheck.crops import Decode
from robustcheck.datasets import Dataset, Vocabulary
from robustcheck.errors import ModelError
from robustcheck.measure.keys import EncoderFacts, head_facts, outputs_facts
from robustcheck.measure.parts import Given, Head, ImageSet, Outputs, Part, given_part
from robustcheck.measure.reading import POOLED, Reading, reading_facts
from robustcheck.measure.saved_files import SavedFiles
from robustcheck.models.kind import capabilities
from robustcheck.models.output_names import OutputNames
from robustcheck.store import content_key
from robustcheck.transforms import Transform
from robustcheck.values import AdapterUse, ModelRef
from robustcheck.values.stages import ORDER

Ints = npt.NDArray[np.int64]

# Raised when the rule of pairing.py changes, so that what was made by another one is not read.
PAIRING_RULE = 2


@dataclass(frozen=True, eq=False)
class ClassList:
    """What a model is asked to tell apart: names, the texts of each, and how they become classes.

    ``texts`` is empty for a classifier with classes of its own; ``columns`` are the places of the names among
    ImageNet's 1,000, where they are of these. ``vocabulary`` is set where several names stand for one class.
    """

    names: tuple[str, ...]
    texts: tuple[tuple[str, ...], ...]
    columns: Ints | None
    vocabulary: Vocabulary | None = None

    @cached_property
    def digest(self) -> str:
        """The sha256 of all of it."""
        merge = self.vocabulary
        return content_key(
            {
                "names": list(self.names),
                "texts": self.text_digest,
                "columns": None if self.columns is None else self.columns.tolist(),
                "merge": None if merge is None else [merge.merge, [places.tolist() for places in merge.members]],
            }
        )

    @cached_property
    def text_digest(self) -> str:
        """The sha256 of the texts alone, which decide a text head."""
        return content_key({"texts": [list(row) for row in self.texts]})


@dataclass(frozen=True, eq=False)
class Learnt:
    """A head adapter on a recipe's outputs.

    ``basis`` is the base's recipe of the set that it learns from, or of the scored one where it learns nothing, with
    the classes that it scores. ``places`` are the samples that it reads, the last ``held_out`` of them to choose
    settings on. ``facts`` are what keys say of the adapter. ``scored`` counts the images of the scored set that
    are among its samples.
    """

    use: AdapterUse
    basis: Recipe
    facts: Mapping[str, Any]
    places: tuple[int, ...] = ()
    held_out: int = 0
    scored: int = 0

    @property
    def needs(self) -> tuple[Part, ...]:
        """The parts that it is made from."""
        head = () if self.basis.head is None else (self.basis.head,)
        return (*head, self.basis.outputs) if self.places else head

    @cached_property
    def key(self) -> str:
        """The sha256 of what decides it."""
        facts = {"adapter": dict(self.facts), "needs": [part.key for part in self.needs], "held out": self.held_out}
        labels = [int(label) for label in self.basis.dataset.labels[list(self.places)]]
        classes = None if self.basis.classes is None else self.basis.classes.digest
        encoder = None if self.places else self.basis.encoder.plain
        return content_key({**facts, "labels": labels, "classes": classes, "encoder": encoder})


@dataclass(frozen=True, eq=False)
class Recipe:
    """What a score reads: the outputs of a model on a data set and, unless ``classes`` is None, its head.

    ``opened_as`` is the name that opens the data set whose images are encoded. ``labelled`` says that the data
    set's labels are among the classes (not so out of distribution). ``saved`` predictions take the place of
    outputs, which nothing here can measure then. ``chosen`` are the samples that are read where they are not all,
    ``others`` the recipes of further models that have a part in the reading, and ``given`` is what it is told of each
    image. With ``learnt`` a head adapter makes the logits. ``told`` is what something beside a classifier's weights
    calls its outputs. ``member`` says which data set of an average it is for. With a ``stage`` only the images are
    read that a run which decides early has seen by then. ``decode`` says how JPEG files are decoded.
    """

    ref: ModelRef
    encoder: EncoderFacts
    dataset: Dataset
    opened_as: str
    transform: Transform | None
    seed: int
    classes: ClassList | None
    labelled: bool = True
    saved: SavedFiles | None = None
    reading: Reading = POOLED
    chosen: tuple[int, ...] = ()
    others: tuple[Recipe, ...] = ()
    learnt: Learnt | None = None
    told: OutputNames | None = None
    member: int = 0
    stage: int | None = None
    given: Given | None = None
    decode: Decode = "exact"

    @property
    def images(self) -> Dataset:
        """The data set whose images are encoded: the base of a view, else the data set itself."""
        return self.dataset.base or self.dataset

    @property
    def rows(self) -> Ints:
        """Which image each sample of the data set is."""
        return np.arange(len(self.dataset)) if self.dataset.rows is None else self.dataset.rows

    @cached_property
    def outputs(self) -> Outputs:
        """The part that holds what the reading takes off the model for each image."""
        heads = [recipe.head for recipe in (self, *self.others)] if self.reading.needs_head else []
        needs = tuple(head for head in heads if head is not None)
        reading = self._reading_facts(needs)
        facts = outputs_facts(self.encoder, self.images, self.transform, self.seed, reading, self.decode)
        others = tuple(recipe.ref.encoder for recipe in self.others)
        learnt = self.learnt if self.reading.needs_head else None
        images, ref = self._image_set, self.ref.encoder
        others_learnt = tuple(recipe.learnt for recipe in self.others)
        made_of = (ref, images, self.reading, needs, others, learnt, self.stage, self.given, others_learnt)
        return Outputs(content_key(facts), *made_of)

    @cached_property
    def seen(self) -> npt.NDArray[np.bool_] | None:
        """Whether each image (n,) has been seen by the recipe's stage; None where all are read."""
        if self.stage is None:
            return None
        pieces = self.outputs.pieces
        numbers = (number for chunk in range(pieces.chunks) for number in pieces.of_chunk(chunk, self.stage))
        seen = np.zeros(pieces.rows, dtype=np.bool_)
        for number in numbers:
            seen[list(pieces.span(number))] = True
        return seen

    def keep_seen(self, samples: Ints) -> Ints:
        """Return those of some samples (places in the data set) whose images are read."""
        return samples if self.seen is None else samples[self.seen[self.rows[samples]]]

    @property
    def _image_set(self) -> ImageSet:
        transform = None if self.transform is None else str(self.transform)
        rows = tuple(self.rows[list(self.chosen)].tolist())
        return ImageSet(
            self.opened_as,
            self.images.fingerprint,
            len(rows) or len(self.images),
            transform,
            self.seed if transform else 0,
            rows,
            self.decode,
        )

    def _reading_facts(self, needs: tuple[Head, ...]) -> dict[str, object]:
        """Return what the reading adds to the key: nothing for the default one, so that its keys stay as they were."""
        heads = {"heads": [head.key for head in needs]} if needs else {}
        others = {"others": [recipe.encoder.plain for recipe in self.others]} if self.others else {}
        chosen = {"images": self._image_set.rows} if self.chosen else {}
        learnt = {"learnt": self.learnt.key} if self.learnt is not None and self.reading.needs_head else {}
        given = {"given": self.given.key} if self.given is not None else {}
        keys = [None if each.learnt is None else each.learnt.key for each in self.others]
        others_learnt = {"others learnt": keys} if any(keys) else {}
        return {**reading_facts(self.reading), **heads, **others, **chosen, **learnt, **given, **others_learnt}

    @cached_property
    def head(self) -> Head | None:
        """The text head; None without texts."""
        if self.classes is None or not self.classes.texts:
            return None
        facts = head_facts(self.encoder, self.classes.text_digest)
        return Head(content_key(facts), self.ref.encoder, self.classes.texts, facts)

    @cached_property
    def key(self) -> str:
        """The sha256 of everything that decides what this recipe gives."""
        facts = {
            "outputs": self.outputs.key,
            "head": None if self.head is None else self.head.key,
            "classes": None if self.classes is None else self.classes.digest,
            "dataset": self.dataset.fingerprint,
            "labelled": self.labelled,
        }
        learnt = {} if self.learnt is None else {"learnt": self.learnt.key}
        paired = {"pairing": self.pairing_facts} if self.is_paired else {}
        stage = {} if self.stage is None else {"stage": self.stage, "order": ORDER}
        return content_key({**facts, **learnt, **paired, **stage})

    @property
    def is_paired(self) -> bool:
        """Whether the outputs are class scores, which are paired with the classes."""
        return self.learnt is None and self.classes is not None and not self.classes.texts

    @property
    def pairing_facts(self) -> dict[str, object]:
        """What decides which output is which class, beside the classes and the outputs."""
        told = None if self.told is None else [list(self.told.names), self.told.is_partial]
        return {"rule": PAIRING_RULE, "told": told}

    @property
    def adapters(self) -> tuple[Learnt, ...]:
        """The head adapters that have a part in it: its own, and those of the other models."""
        return tuple(recipe.learnt for recipe in (self, *self.others) if recipe.learnt is not None)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts that a model has to make: none where predictions were saved."""
        if self.saved is not None:
            return ()
        head = () if self.head is None else (self.head,)
        # What an adapter learns from comes first: it is made once that is read.
        learnt = (part for each in self.adapters for part in each.needs)
        given = () if self.given is None else given_part(self.given).needs
        return (*learnt, *given, *head, self.outputs)


def require_capability(recipe: Recipe) -> None:
    """Raise ModelError unless the model can give what the reading takes."""
    wanted, have = recipe.reading.capability, capabilities(recipe.ref)
    if wanted is not None and wanted not in have:
        raise ModelError(
            f"the reading {recipe.reading.name} needs a model that {wanted}",
            where=recipe.ref.text,
            expected=f"a model that {wanted}; this one {', '.join(sorted(have)) or 'does nothing here'}",
        )
    if recipe.head is not None and recipe.saved is None and "embeds text" not in have:
        raise ModelError(
            "it has no text tower and no classes of its own",
            where=recipe.ref.text,
            expected="a zero-shot model or a classifier, for a metric that names classes",
            fix=f"put a head on it: {recipe.ref.text}+linear-probe, {recipe.ref.text}+knn",
        )


def plain_texts(texts: Sequence[str]) -> ClassList:
    """Return texts that stand for themselves: captions."""
    return ClassList(tuple(texts), tuple((text,) for text in texts), None)
