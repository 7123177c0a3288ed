"""Readings: what a pass takes off a model for each image.

The default reading is a model's pooled output: its embedding, or its class scores. Another reading is one frozen
value with ``take``; its facts are part of the key of what it reads, and it is found by the name of its entry point.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast, runtime_checkable

import numpy.typing as npt

from robustcheck.errors import ModelError, SetupError, did_you_mean
from robustcheck.models.adapter import LearntHead
from robustcheck.models.encoders import ImageEncoder, LoadedModel, begin_outputs
from robustcheck.models.geometry import Crop, Geometry
from robustcheck.models.kind import Capability
from robustcheck.outputs.logits import TextHead
from robustcheck.registry import foreign_maker, named
from robustcheck.store import CHUNK, Rows


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Images on their way through a model.

    ``crops`` are what the model's geometry made of them; ``heads`` are those that the reading needs, the model's own
    first where it has one; ``others`` are the models beside it that have a part, ``learnt`` is its head adapter, and
    ``others_learnt`` are those of the others, one for each. ``given`` are the rows (n, ...) that the reading is told of
    the images, where it is told something.
    Labels are indices of classes; -1 where an image has none.
    """

    crops: Sequence[Crop]
    ids: Sequence[str]
    labels: Sequence[int]
    heads: tuple[TextHead, ...] = ()
    others: tuple[LoadedModel, ...] = ()
    learnt: LearntHead | None = None
    given: npt.NDArray[Any] | None = None
    others_learnt: tuple[LearntHead | None, ...] = ()

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.crops)

    def part(self, start: int, stop: int) -> Batch:
        """Return the images from ``start`` up to ``stop``; itself where that is all of them."""
        if start == 0 and stop >= len(self):
            return self
        places = slice(start, stop)
        given = None if self.given is None else self.given[places]
        return replace(self, crops=self.crops[places], ids=self.ids[places], labels=self.labels[places], given=given)


class Reading(Protocol):
    """What a pass takes off a model for each image: a frozen value, small and picklable."""

    @property
    def name(self) -> str:
        """Return the name in the registry."""

    @property
    def chunk_rows(self) -> int:
        """Return the rows of a chunk: few where one row takes long to make."""

    @property
    def capability(self) -> Capability | None:
        """Return what a model must be able to do; None where every model will do."""

    @property
    def needs_head(self) -> bool:
        """Say whether rows depend on the head too, as those of an attack do: its key is then part of theirs."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return what decides the rows beside encoder, images and transform; nothing for the default reading."""

    def take(self, model: LoadedModel, batch: Batch) -> Rows:
        """Return one row an image: an array (n, ...), or n arrays where their shapes differ."""


@runtime_checkable
class Begins(Protocol):
    """A reading that can begin on one batch while a device is still at the last one."""

    def begin(self, model: LoadedModel, batch: Batch) -> Callable[[], Rows]:
        """Begin to take the rows of a batch; call what is returned for them."""


@runtime_checkable
class ShownOtherwise(Protocol):
    """A reading for which pictures are prepared in a way of its own, not in the model's."""

    def geometry(self, model: LoadedModel) -> Geometry:
        """Return how a picture becomes the crop that a model takes for this reading."""


def geometry_of(reading: Reading, model: LoadedModel) -> Geometry:
    """Return how a picture becomes the crop of a model for a reading."""
    return reading.geometry(model) if isinstance(reading, ShownOtherwise) else model.geometry


@runtime_checkable
class Laborious(Protocol):
    """A reading that takes a model more than one pass an image, and can tell beforehand how many."""

    @property
    def passes(self) -> int:
        """Return how many passes of the model one image takes at most."""

    def time_pass(self, model: LoadedModel) -> float:
        """Return the seconds that one such pass takes for one image, on the model's device."""


@dataclass(frozen=True, slots=True)
class Pooled:
    """A model's own output: unit embeddings (n, d), or class scores (n, C)."""

    name: str = "pooled"
    chunk_rows: int = CHUNK
    capability: Capability | None = None
    needs_head: bool = False

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return nothing: the keys of 0.1.0 named no reading."""
        return {}

    def take(self, model: LoadedModel, batch: Batch) -> Rows:
        """Return the embeddings or class scores of a batch."""
        return self.begin(model, batch)()

    def begin(self, model: LoadedModel, batch: Batch) -> Callable[[], Rows]:
        """Begin to take the embeddings or class scores of a batch."""
        return begin_outputs(model, batch.crops)


@dataclass(frozen=True, slots=True)
class Embedding:
    """What the last layer of a classifier takes: (n, d) at unit norm. Of a dual encoder it is the pooled output."""

    name: str = "embedding"
    chunk_rows: int = CHUNK
    capability: Capability | None = "embeds images"
    needs_head: bool = False

    @property
    def facts(self) -> Mapping[str, Any]:
        """Return its name."""
        return {"name": self.name}

    def take(self, model: LoadedModel, batch: Batch) -> Rows:
        """Return the embeddings of a batch; raise ModelError for a classifier that gives none."""
        if not isinstance(model, ImageEncoder):
            raise ModelError("this classifier gives no embeddings", expected="a model that embeds images")
        return model.encode_images(batch.crops)


POOLED = Pooled()
EMBEDDING = Embedding()


def reading_facts(reading: Reading) -> Mapping[str, Any]:
    """Return the facts of a reading for keys; those of another package carry its name and version."""
    maker = foreign_maker("readings", reading.name)
    return {**reading.facts, "made by": maker} if maker else reading.facts


def reading_named(name: str) -> Reading:
    """Return a registered reading; raise SetupError naming the nearest known one."""
    known = named("readings")
    if name not in known:
        raise SetupError(
            f"unknown reading {name!r}", expected=", ".join(known), fix=did_you_mean(name, known) or "use a known one"
        )
    return cast(Reading, known[name])
