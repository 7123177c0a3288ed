"""Parts: the graph of what is stored.

There are three sorts. ``Outputs`` are what a reading takes off a model for each image, in chunks. A ``Head`` turns
outputs into logits. ``Derived`` parts are arithmetic on other parts. A part's key holds everything that can change
its value, so equal keys are equal values; ``needs`` are the parts that it is made from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from robustcheck.crops import Decode
from robustcheck.measure.reading import POOLED, Reading
from robustcheck.store import Pieces, Stored
from robustcheck.values import ModelRef

if TYPE_CHECKING:
    from robustcheck.measure.memo import Memo
    from robustcheck.measure.recipe import Learnt, Recipe


@dataclass(frozen=True, slots=True)
class ImageSet:
    """Images as models see them: those of a data set, under a transform.

    ``name`` opens the data set; ``seed`` is the transform's, and 0 where there is none. ``rows`` are the ``count``
    images that are meant where they are not all of the set. ``decode`` says how they are decoded and resized.
    """

    name: str
    fingerprint: str
    count: int
    transform: str | None = None
    seed: int = 0
    rows: tuple[int, ...] = ()
    decode: Decode = "exact"

    def pieces(self, chunk_rows: int) -> Pieces:
        """Return how the images lie in chunks and pieces."""
        return Pieces(self.count, chunk_rows, self.fingerprint)


class Given(Protocol):
    """What a reading is told of each image beside its pixels: one row an image, made of what other models gave.

    It is a value that can be sent to another process, as a job is. ``recipes`` are what it is made from.
    """

    @property
    def key(self) -> str:
        """Return the sha256 of what decides the rows."""

    @property
    def recipes(self) -> tuple[Recipe, ...]:
        """Return the recipes whose parts it reads."""

    def make(self, memo: Memo) -> Stored:
        """Return the rows (n, ...), one for each image of the set in its order."""


@dataclass(frozen=True, slots=True)
class Head:
    """Text weights of a model: the embeddings of the texts of each class, with its logit scale and bias."""

    key: str
    ref: ModelRef
    texts: tuple[tuple[str, ...], ...] = field(repr=False, compare=False)
    facts: Mapping[str, Any] = field(repr=False, compare=False)
    kind: ClassVar[str] = "heads"
    needs: ClassVar[tuple[Part, ...]] = ()


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a reading takes off a model for each image of a set, in chunks of ``reading.chunk_rows``.

    ``needs`` are the heads that the rows depend on, and ``others`` the models beside ``ref`` that have a part in them;
    ``learnt`` is the head adapter that they depend on, ``others_learnt`` those of the other models, one for each, and
    ``given`` what the reading is told of each image. A ``stage`` means only the images seen by then.
    """

    key: str
    ref: ModelRef
    images: ImageSet
    reading: Reading = POOLED
    needs: tuple[Head, ...] = ()
    others: tuple[ModelRef, ...] = ()
    learnt: Learnt | None = field(default=None, compare=False, repr=False)
    # Which of the images are wanted makes no other outputs of them.
    stage: int | None = field(default=None, compare=False)
    given: Given | None = field(default=None, compare=False, repr=False)
    others_learnt: tuple[Learnt | None, ...] = field(default=(), compare=False, repr=False)
    kind: ClassVar[str] = "outputs"

    @property
    def pieces(self) -> Pieces:
        """How its rows lie in chunks and pieces; the same for all models on these images."""
        return self.images.pieces(self.reading.chunk_rows)

    @property
    def waits_for(self) -> tuple[Part, ...]:
        """The parts that must be stored before a row of these can be taken."""
        adapters = (each for each in (self.learnt, *self.others_learnt) if each is not None)
        learnt = (part for each in adapters for part in each.needs)
        return (*self.needs, *learnt, *(() if self.given is None else given_part(self.given).needs))


@dataclass(frozen=True, slots=True, eq=False)
class Derived:
    """Arithmetic on other parts: a summary, ranks, a fitted temperature, an overlap.

    ``is_quick`` says that a lock costs more than what it saves: of two processes that need the part both may make it.
    """

    kind: str
    key: str
    needs: tuple[Part, ...]
    make: Callable[[Memo], Stored] = field(repr=False)
    is_quick: bool = False


Part = Outputs | Head | Derived


def given_part(given: Given) -> Derived:
    """Return the part that holds what a reading is told of each image."""
    needs = tuple(part for recipe in given.recipes for part in recipe.parts)
    return Derived("given", given.key, needs, given.make)
