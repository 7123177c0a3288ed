"""A shelf: the data sets and digests that are in use while scores are looked up.

Opening a data set and hashing a checkpoint are quick, but not for each of a thousand checks. A
shelf lives as long as its owner wants the same answer; nothing is remembered between shelves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from robustcheck.datasets import Dataset, open_dataset
from robustcheck.errors import RobustcheckError
from robustcheck.measure.keys import EncoderFacts, encoder_facts, head_facts, outputs_facts
from robustcheck.measure.settings import MeasureSettings
from robustcheck.models.digests import weights_digest
from robustcheck.models.encoders import is_supervised
from robustcheck.prompts import resolve_prompts
from robustcheck.records import Cell, ModelRef
from robustcheck.store import Chunks, Store, content_key
from robustcheck.transforms import Transform, parse_transform


@dataclass(slots=True)
class Shelf:
    """What is known of the data sets and models that cells name."""

    settings: MeasureSettings
    _datasets: dict[str, Dataset | RobustcheckError] = field(default_factory=dict)
    _digests: dict[tuple[str, str, str | None], str] = field(default_factory=dict)

    @property
    def store(self) -> Store:
        """The store that the settings name."""
        return Store(self.settings.store)

    def dataset(self, name: str) -> Dataset:
        """Open a data set once; raise its error again each time."""
        if name not in self._datasets:
            try:
                self._datasets[name] = open_dataset(name, self.settings.roots, self.settings.store / "indexes")
            except RobustcheckError as error:
                self._datasets[name] = error
        found = self._datasets[name]
        if isinstance(found, RobustcheckError):
            raise found
        return found

    def encoder(self, ref: ModelRef) -> EncoderFacts | None:
        """Return the facts of a model, or None when its weights are not on this machine."""
        digest = self._digest(ref)
        return None if digest is None else encoder_facts(ref, digest, self.settings.precision)

    def recipe(self, cell: Cell) -> Recipe | None:
        """Return what a cell's score is made from, or None when its model is not on this machine."""
        dataset = self.dataset(cell.quantity.dataset)
        encoder = self.encoder(cell.model)
        if encoder is None:
            return None
        transform = parse_transform(cell.quantity.transform)
        templates = () if is_supervised(cell.model) else resolve_prompts(cell.quantity.prompts, dataset)
        return Recipe(self.store, encoder, dataset, transform, cell.quantity.seed, templates)

    def _digest(self, ref: ModelRef) -> str | None:
        identity = (ref.kind, ref.architecture, ref.weights)
        if identity not in self._digests:
            digest = weights_digest(ref, self.settings.store / "digests")
            if digest is None:
                return None
            self._digests[identity] = digest
        return self._digests[identity]


@dataclass(frozen=True, slots=True)
class Recipe:
    """The stored parts of a score: image outputs, and a text head (none without templates)."""

    store: Store
    encoder: EncoderFacts
    dataset: Dataset
    transform: Transform | None
    seed: int
    templates: tuple[str, ...]

    @property
    def outputs_facts(self) -> Mapping[str, Any]:
        """What decides the image outputs."""
        return outputs_facts(self.encoder, self.dataset, self.transform, self.seed)

    @property
    def head_facts(self) -> Mapping[str, Any] | None:
        """What decides the text head; None for a classifier with classes of its own."""
        return head_facts(self.encoder, self.dataset.class_names, self.templates) if self.templates else None

    @property
    def outputs(self) -> Chunks:
        """The image outputs in the store."""
        return self.store.chunks("outputs", content_key(self.outputs_facts), len(self.dataset))
