"""The models in memory: each loaded once, and freed when others need the room."""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from robustcheck.errors import ModelError, RobustcheckError
from robustcheck.measure.keys import EncoderFacts
from robustcheck.measure.measure_settings import MeasureSettings
from robustcheck.measure.shelf import Shelf
from robustcheck.models.digests import weights_bytes, weights_digest, weights_stamps
from robustcheck.models.encoders import LoadedModel, Precision, compile_tower, load_model
from robustcheck.models.model_errors import as_model_error, reason_of
from robustcheck.models.torch_host import free_bytes
from robustcheck.store import content_key, open_store
from robustcheck.values import Cell, ModelRef

# The sort of part that says how models were loaded, where there is something to say.
LOADED = "loaded"
Load = Callable[[ModelRef, str, Precision], LoadedModel]


@dataclass(slots=True)
class LoadedModels:
    """Loads models as they are asked for and keeps them while their weights fit the memory budget together."""

    shelf: Shelf
    load: Load = load_model
    free_memory: Callable[[str], int | None] = free_bytes
    _loaded: OrderedDict[ModelRef, LoadedModel] = field(default_factory=OrderedDict)
    _failed: dict[ModelRef, RobustcheckError] = field(default_factory=dict)

    def get(self, ref: ModelRef) -> LoadedModel:
        """Return a model; raise its error again each time."""
        if ref in self._failed:
            raise self._failed[ref].afresh()
        if ref not in self._loaded:
            try:
                self._loaded[ref] = self._load_with_room(ref)
            except RobustcheckError as error:
                self._failed[ref] = error.afresh()
                raise
        self._loaded.move_to_end(ref)
        return self._loaded[ref]

    def give_up(self, ref: ModelRef, error: RobustcheckError) -> None:
        """Raise an error whenever a model is asked for, without loading it."""
        self._failed[ref] = error

    def free(self) -> None:
        """Drop every model."""
        self._loaded.clear()
        gc.collect()

    def _make_room(self, size: int) -> None:
        """Drop the models that were used longest ago, until one of this size fits the budget and the card."""
        while self._loaded and not self._fits(size):
            self._loaded.popitem(last=False)
            gc.collect()

    def _fits(self, size: int) -> bool:
        settings = self.shelf.settings
        used = sum(self._loaded_bytes(ref, model) for ref, model in self._loaded.items())
        free = self.free_memory(settings.device)
        return size + used <= settings.memory_budget and (free is None or size <= free)

    def _load_with_room(self, ref: ModelRef) -> LoadedModel:
        """Load a model; where memory runs out, once more without the others."""
        self._make_room(self._bytes(ref))
        try:
            return self._load_checked(ref)
        except MemoryError:
            # Tried again outside of this block: until it ends, the traceback holds what was loaded.
            pass
        self.free()
        try:
            return self._load_checked(ref)
        except MemoryError as error:
            size = f"{self._bytes(ref) / 2**20:,.0f} MiB"
            raise ModelError(
                f"its weights do not fit into memory ({reason_of(error)})",
                where=ref.text,
                expected=f"room for {size} of weights, about twice that while they are loaded",
                fix="free some memory, or measure it on another device (--robust-device)",
            ) from error

    def _loaded_bytes(self, ref: ModelRef, model: LoadedModel) -> int:
        """Return what a loaded model takes, where it knows; a file of half precision is twice its size in memory."""
        return int(getattr(model, "memory_bytes", 0)) or self._bytes(ref)

    def _bytes(self, ref: ModelRef) -> int:
        with as_model_error(ref, "finding its weights"):
            return weights_bytes(ref, self.shelf.settings.precision)

    def _load_checked(self, ref: ModelRef) -> LoadedModel:
        """Load a model, and make sure that its weights are those its key names, before and after."""
        settings = self.shelf.settings
        with as_model_error(ref, "loading"):
            before = weights_stamps(ref)
            model = self.load(ref, settings.device, settings.precision)
            if settings.compiled:
                compile_tower(model)
            encoder, digest = self.shelf.encoder(ref), weights_digest(ref, settings.local / "digests")
            # Loading may have fetched the weights; those that were there before must be the same now.
            is_same = before in ({}, weights_stamps(ref))
        if encoder is None:
            raise ModelError(
                "its weights were loaded but their file was not found",
                where=ref.text,
                expected="a file in the cache of the Hugging Face hub",
                fix="name the weights fully, with their tag (timm:resnet50.a1_in1k), or give the file itself",
            )
        if digest != encoder.weights or not is_same:
            raise ModelError("the checkpoint changed while it was being read", where=ref.text, fix="run again")
        self._keep_remark(encoder, model)
        return model

    def _keep_remark(self, encoder: EncoderFacts, model: LoadedModel) -> None:
        """Keep what the report should say of how a model was loaded: scores may be read without loading it again."""
        if remark := getattr(model, "remark", ""):
            store = open_store(self.shelf.settings.store)
            store.write(LOADED, content_key(encoder.plain), np.zeros(0), {"remark": remark})


def group_by_budget(sizes: Mapping[ModelRef, int], budget: int) -> list[list[ModelRef]]:
    """Split models, in order, into groups whose weights fit the budget together (or are one model)."""
    groups: list[list[ModelRef]] = []
    used = 0
    for ref, size in sizes.items():
        if not groups or used + size > budget:
            groups.append([])
            used = 0
        groups[-1].append(ref)
        used += size
    return groups


def group_models(cells: Iterable[Cell], settings: MeasureSettings) -> Mapping[ModelRef, int]:
    """Number the groups of models that fit the memory budget together, in order of first use."""
    models = dict.fromkeys(cell.model for cell in cells)
    sizes = {model: weights_bytes(model, settings.precision) for model in models}
    groups = group_by_budget(sizes, settings.memory_budget)
    return {model: number for number, group in enumerate(groups) for model in group}
